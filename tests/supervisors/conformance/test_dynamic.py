"""supervisor_SUITE, cases 35, 36, 38 and 40: instances of one template (simple_one_for_one)."""

from tests.supervisors.conformance.stage import Stage
from tradigrade.kernel.signals import GAVE_UP
from tradigrade.supervisors.requests import StartInstance


def start(stage: Stage, number: int, **fields: object) -> None:
    for _ in range(number):
        stage.ask(StartInstance(**fields))  # type: ignore[arg-type]


def test_simple_one_for_one(stage: Stage) -> None:
    """Only the instance that failed comes back, under its name."""
    stage.plant_dynamic(stage.child("child"), intensity=2, period_s=3600.0)
    start(stage, 2)
    stage.exit("child-1", "boom")
    stage.exit("child-1", "boom")
    assert stage.living == {"child-1": 3, "child-2": 1}
    stage.exit("child-2", "boom")
    assert stage.end is not None
    assert stage.end.startswith(f"{GAVE_UP}: 3 restarts within 3600.0 s (bound 2), last of 'child-2'")
    assert stage.living == {}


def test_simple_one_for_one_shutdown(stage: Stage) -> None:
    """All at once: ten that do not answer their stop take as long as one."""
    stage.plant_dynamic(stage.child("child", kind="Headstrong", shutdown_s=1.0))
    start(stage, 10)
    stage.stop()
    stage.system.advance(0.99)
    assert len(stage.living) == 10
    stage.system.advance(0.01)
    assert stage.end == "shutdown"
    assert [end.partition(" ")[2] for end in stage.take_ends()] == ["killed"] * 10


def test_simple_one_for_one_escalation(stage: Stage) -> None:
    stage.plant_dynamic(stage.child("child"), intensity=4, period_s=3600.0)
    start(stage, 2)
    stage.script.plan("child-1", "error")
    stage.exit("child-1", "boom")
    assert stage.script.attempts["child-1"] == 5
    assert stage.end is not None
    assert stage.end.startswith(GAVE_UP)
    assert stage.take_ends()[-1] == f"child-2 {'shutdown'}"
    assert stage.living == {}


def test_simple_one_for_one_restart_ignore(stage: Stage) -> None:
    stage.plant_dynamic(stage.child("child"), intensity=2)
    start(stage, 2)
    stage.script.plan("child-1", "ignore")
    stage.exit("child-1", "boom")
    assert stage.which() == {"child-2": "running"}
    assert stage.counts() == [1, 1, 0, 1]
    stage.stop()
    assert stage.end == "shutdown"
    assert stage.reports("shutdown_error") == []


def test_simple_one_for_one_names_itself_around_those_that_were_given(stage: Stage) -> None:
    """A name that somebody chose is never in the way of one that is made up."""
    stage.plant_dynamic(stage.child("child"))
    start(stage, 1, name="child-1")
    start(stage, 2)
    assert list(stage.which()) == ["child-1", "child-2", "child-3"]
