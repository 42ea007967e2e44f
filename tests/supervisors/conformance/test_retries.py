"""supervisor_SUITE, cases 73 and 80-82: a supervisor whose child never comes back still answers, and can be stopped."""

import pytest

from tests.supervisors.conformance.children import ROOT
from tests.supervisors.conformance.stage import Stage
from tradigrade.supervisors.backoff import Backoff
from tradigrade.supervisors.requests import DeleteChild, Done, RestartChild, StartChild, StartInstance, TerminateChild
from tradigrade.supervisors.spec import Strategy

EVERY_MS = Backoff(min_s=0.001, max_s=0.001, jitter=0.0)
ENDLESS = {"intensity": 1_000_000, "period_s": 3600.0, "backoff": EVERY_MS}


def fails_for_ever(stage: Stage, name: str, attempts: int = 20) -> None:
    """It failed, and so did this many attempts to bring it back."""
    stage.script.plan(name, "error")
    before = stage.script.attempts[name]
    stage.exit(name, "boom")
    stage.system.advance(0.0005 + 0.001 * (attempts - 1))
    waited = stage.script.attempts[name] - before
    assert attempts - 1 <= waited <= attempts, "the first one is at once, where it did not fail before"


def cancel(stage: Stage, name: str) -> None:
    """Told to stop, nobody tries again."""
    assert stage.ask(TerminateChild(name)) == Done()
    before = stage.script.attempts[name]
    stage.system.advance(1.0)
    assert stage.script.attempts[name] == before


def test_count_restarting_children(stage: Stage) -> None:
    stage.plant_dynamic(stage.child("child"), **ENDLESS)
    for _ in range(3):
        stage.ask(StartInstance())
    assert stage.counts() == [1, 3, 0, 3]
    for number in (1, 2):
        fails_for_ever(stage, f"child-{number}")
        assert stage.counts() == [1, 3 - number, 0, 3]
    for number in (1, 2):
        stage.script.plan(f"child-{number}", "ok")
    stage.system.advance(0.01)
    assert stage.counts() == [1, 3, 0, 3]


def test_hanging_restart_loop(stage: Stage) -> None:
    child = stage.child("child1")
    stage.plant(child, stage.child("child2"), **ENDLESS)
    fails_for_ever(stage, "child1")
    assert stage.which() == {"child1": "restarting", "child2": "running"}
    assert stage.counts() == [2, 1, 0, 2]
    assert stage.refusal(StartChild(child)) == "already_present"
    assert stage.refusal(RestartChild("child1")) == "restarting"
    assert stage.refusal(DeleteChild("child1")) == "restarting"
    assert stage.ask(StartChild(stage.child("child3"))) == Done(), "others come and go meanwhile"
    cancel(stage, "child1")
    assert stage.which() == {"child1": "undefined", "child2": "running", "child3": "running"}
    assert stage.refusal(RestartChild("child1")) == "failed"
    stage.script.plan("child1", "ok")
    assert stage.ask(RestartChild("child1")) == Done()
    fails_for_ever(stage, "child1")
    stage.stop()
    assert (stage.end, stage.living) == ("shutdown", {})


@pytest.mark.parametrize("strategy", ["rest_for_one", "one_for_all"])
def test_hanging_restart_loop_rest_for_one(stage: Stage, strategy: Strategy) -> None:
    """The ones that start after it do not run, and are not tried either."""
    stage.plant(*map(stage.child, "abc"), strategy=strategy, **ENDLESS)
    fails_for_ever(stage, "b")
    assert stage.which() == {"a": "running", "b": "restarting", "c": "undefined"}
    assert stage.living == {"a": 1 if strategy == "rest_for_one" else stage.script.attempts["a"]}
    assert stage.refusal(RestartChild("b")) == "restarting"
    assert stage.script.attempts["c"] == 1
    cancel(stage, "b")
    assert stage.which()["b"] == "undefined"
    stage.stop()
    assert (stage.end, stage.living) == ("shutdown", {})


def test_hanging_restart_loop_simple(stage: Stage) -> None:
    stage.plant_dynamic(stage.child("child"), **ENDLESS)
    for _ in range(2):
        stage.ask(StartInstance())
    fails_for_ever(stage, "child-1")
    assert stage.which() == {"child-1": "restarting", "child-2": "running"}
    assert stage.counts() == [1, 1, 0, 2]
    assert stage.refusal(StartInstance(name="child-1")) == "already_present"
    cancel(stage, "child-1")
    assert stage.which() == {"child-2": "running"}
    fails_for_ever(stage, "child-2")
    stage.stop()
    assert (stage.end, ROOT in stage.system.actors) == ("shutdown", False)
