"""supervisor_SUITE, cases 45-54: what becomes of a child that ends by itself, by its restart type and the reason."""

from tests.supervisors.conformance.children import Script
from tests.supervisors.conformance.stage import Stage
from tradigrade.supervisors.requests import GetChildSpec, RestartChild
from tradigrade.supervisors.spec import ChildSpec, Flags, Restart

CLEAN_SHUTDOWN = ("shutdown", "shutdown: maintenance")
ABNORMAL = ("boom", "killed", "other", "shutdown:no", "shut down")


def end_of(stage: Stage, restart: Restart, *reasons: str) -> None:
    """A child of this type ends with each reason in turn; a fresh supervisor would see the same each time."""
    stage.plant(stage.child("child", restart), stage.child("other"), intensity=len(reasons))
    for reason in reasons:
        if not stage.living.get("child"):
            stage.ask(RestartChild("child"))
        stage.exit("child", reason)


def comes_back(stage: Stage, restart: Restart, *reasons: str) -> None:
    end_of(stage, restart, *reasons)
    assert stage.living == {"child": 1 + len(reasons), "other": 1}
    assert stage.counts() == [2, 2, 0, 2]
    assert [report.restart for report in stage.reports("child_terminated")] == [restart] * len(reasons)
    assert len(stage.reports("restarting")) == len(reasons)


def stays_down(stage: Stage, restart: Restart, *reasons: str) -> None:
    end_of(stage, restart, *reasons)
    assert stage.living == {"other": 1}
    assert stage.which() == {"child": "undefined", "other": "running"}
    assert stage.counts() == [2, 1, 0, 2]
    assert stage.reports("child_terminated", "restarting") == []


def is_gone(stage: Stage, reason: str) -> None:
    end_of(stage, "temporary", reason)
    assert stage.which() == {"other": "running"}
    assert stage.counts() == [1, 1, 0, 1]
    assert stage.refusal(GetChildSpec("child")) == "not_found"
    assert stage.reports("restarting") == []


def test_permanent_normal(stage: Stage) -> None:
    comes_back(stage, "permanent", "normal")


def test_transient_normal(stage: Stage) -> None:
    stays_down(stage, "transient", "normal")


def test_temporary_normal(stage: Stage) -> None:
    is_gone(stage, "normal")
    assert stage.reports("child_terminated") == []


def test_permanent_shutdown(stage: Stage) -> None:
    comes_back(stage, "permanent", *CLEAN_SHUTDOWN)


def test_transient_shutdown(stage: Stage) -> None:
    """`shutdown: anything` is what `{shutdown, Info}` is in OTP."""
    stays_down(stage, "transient", *CLEAN_SHUTDOWN)


def test_temporary_shutdown(stage: Stage) -> None:
    is_gone(stage, "shutdown: maintenance")
    assert stage.reports("child_terminated") == []


def test_permanent_abnormal(stage: Stage) -> None:
    comes_back(stage, "permanent", *ABNORMAL)


def test_transient_abnormal(stage: Stage) -> None:
    comes_back(stage, "transient", *ABNORMAL)


def test_temporary_abnormal(stage: Stage) -> None:
    is_gone(stage, "boom")
    assert [report.child for report in stage.reports("child_terminated")] == ["child"]


def test_faulty_application_shutdown(stage: Stage) -> None:
    """A start that fails far below ends the root, and every level says whose start it was, down to the first cause."""
    stage.script.plan("outer/inner/leaf", "error")
    leaf = ChildSpec(id="inner", flags=Flags(), children=(stage.child("leaf"),))
    stage.plant(stage.child("first"), ChildSpec(id="outer", flags=Flags(), children=(leaf,)))
    words = "child 'outer' failed to start: gave up: child 'inner' failed to start: gave up: child 'leaf' failed to"
    assert stage.end is not None
    assert stage.end.startswith(f"gave up: {words} start: OSError: no such device: outer/inner/leaf at start:")
    assert stage.living == {}
    ends = [end.partition(" ")[0] for end in stage.take_ends()]
    assert ends == ["outer/inner/leaf", "outer/inner", "outer", "first"]
    assert stage.script.attempts["outer/inner/leaf"] == 1, "a first start is not tried again"
    assert stage.reports("restarting", "progress")[0].child == "first"
    assert len(stage.reports("restarting")) == 0
    assert Script.__name__ not in stage.end
