"""supervisor_SUITE, cases 29-34, 41-43 and 78: who comes back together with whom, and when it was one too many."""

from tests.supervisors.conformance.stage import Stage
from tradigrade.kernel.signals import GAVE_UP
from tradigrade.supervisors.requests import StartChild


def gave_up(stage: Stage, last: str) -> None:
    """The end says so, and whose failure was one too many; in OTP it is `shutdown`, as when it was told to stop."""
    assert stage.end is not None
    assert stage.end.startswith(f"{GAVE_UP}: ")
    assert f"last of {last!r}" in stage.end
    assert stage.living == {}
    assert [report.child for report in stage.reports("gave_up")] == [last]


def test_multiple_restarts(stage: Stage) -> None:
    """Farther apart than the period they never are too many; a restart exactly one period old still counts."""
    stage.plant(stage.child("child1"), intensity=1, period_s=1.0)
    for number in range(1, 6):
        assert stage.living == {"child1": number}
        stage.exit("child1", "boom")
        stage.system.advance(1.001)
    stage.exit("child1", "boom")
    stage.system.advance(1.0)
    stage.exit("child1", "boom")
    gave_up(stage, "child1")


def test_one_for_one(stage: Stage) -> None:
    stage.plant(stage.child("child1"), stage.child("child2"), intensity=2, period_s=3600.0)
    stage.exit("child1", "boom")
    assert stage.living == {"child1": 2, "child2": 1}
    assert list(stage.which()) == ["child1", "child2"], "its place in the order is the same"
    stage.exit("child1", "boom")
    assert stage.living == {"child1": 3, "child2": 1}
    stage.exit("child2", "boom")
    gave_up(stage, "child2")


def test_one_for_one_escalation(stage: Stage) -> None:
    stage.plant(stage.child("child1"), stage.child("child2"), intensity=4, period_s=3600.0)
    stage.script.plan("child1", "error")
    stage.take_log()
    stage.exit("child1", "boom")
    assert stage.take_log() == ["stop child1", *["fail child1"] * 4, "stop child2"], "every attempt counts"
    gave_up(stage, "child1")


def test_one_for_all(stage: Stage) -> None:
    stage.plant(stage.child("child1"), stage.child("child2"), strategy="one_for_all", intensity=2, period_s=3600.0)
    for number in (2, 3):
        stage.take_ends()
        stage.exit("child1", "boom")
        assert stage.living == {"child1": number, "child2": number}
        assert stage.take_ends()[-1] == "child2 shutdown"
    stage.exit("child2", "boom")
    gave_up(stage, "child2")


def test_one_for_all_escalation(stage: Stage) -> None:
    stage.plant(stage.child("child1"), stage.child("child2"), strategy="one_for_all", intensity=4, period_s=3600.0)
    stage.script.plan("child2", "error")
    stage.exit("child1", "boom")
    gave_up(stage, "child2")
    assert (stage.script.attempts["child1"], stage.script.attempts["child2"]) == (5, 5)


def test_one_for_all_other_child_fails_restart(stage: Stage) -> None:
    """The one that was restarted already is stopped again, in good order, and both start together."""
    stage.plant(stage.child("child1"), stage.child("child2"), strategy="one_for_all", intensity=3, period_s=3600.0)
    stage.script.plan("child2", "error", "ok")
    stage.take_log()
    stage.exit("child1", "boom")
    expected = ["stop child1", "stop child2", "start child1", "fail child2", "stop child1", "start child1"]
    assert stage.take_log() == [*expected, "start child2"]
    assert stage.which() == {"child1": "running", "child2": "running"}


def test_rest_for_one(stage: Stage) -> None:
    stage.plant(*map(stage.child, ("a", "b")), strategy="rest_for_one", intensity=2, period_s=3600.0)
    stage.ask(StartChild(stage.child("c")))
    stage.exit("b", "boom")
    assert stage.living == {"a": 1, "b": 2, "c": 2}, "those that started later, one that was added among them"
    stage.exit("c", "boom")
    assert stage.living == {"a": 1, "b": 2, "c": 3}
    stage.exit("a", "boom")
    gave_up(stage, "a")


def test_rest_for_one_escalation(stage: Stage) -> None:
    stage.plant(*map(stage.child, ("child1", "child2")), strategy="rest_for_one", intensity=4, period_s=3600.0)
    stage.script.plan("child2", "error")
    stage.exit("child1", "boom")
    gave_up(stage, "child2")


def test_rest_for_one_other_child_fails_restart(stage: Stage) -> None:
    """The one that was restarted already is kept; the next attempt begins with the one that failed."""
    stage.plant(*map(stage.child, "abc"), strategy="rest_for_one", intensity=3, period_s=3600.0)
    stage.script.plan("b", "error", "ok")
    stage.take_log()
    stage.exit("a", "boom")
    assert stage.take_log() == ["stop a", "stop c", "stop b", "start a", "fail b", "start b", "start c"]
    assert stage.living == {"a": 2, "b": 3, "c": 2}


def test_temporary_bystander(stage: Stage) -> None:
    """A temporary sibling is stopped with its group, does not come back, and is forgotten."""
    for strategy in ("one_for_all", "rest_for_one"):
        stage.plant(stage.child("child1"), stage.child("child2", "temporary"), strategy=strategy)
        stage.take_log()
        stage.exit("child1", "boom")
        assert stage.take_log() == ["stop child1", "stop child2", "start child1"]
        assert stage.which() == {"child1": "running"}
        assert stage.end is None
        stage.system.kill("node/root")
        stage.settle()
        stage.system.downs.clear()
