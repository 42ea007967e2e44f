"""supervisor_SUITE, cases 1-12: how a supervisor and its children start, ignore their start, or fail."""

from typing import Any

import pytest

from tests.supervisors.conformance.children import ROOT, Script
from tests.supervisors.conformance.stage import Stage
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.errors import Ignore
from tradigrade.kernel.signals import IGNORED, Down, Started
from tradigrade.supervisors.requests import Done, GetChildSpec, Refused, RestartChild, StartChild, StartInstance
from tradigrade.supervisors.validation import read_tree


def heard(stage: Stage) -> list[Any]:
    """What the root's parent was told of its life."""
    return [message for message in stage.parent.log if isinstance(message, (Started, Down))]


def test_sup_start_normal(stage: Stage) -> None:
    stage.plant()
    assert heard(stage) == [Started(ROOT, 1)]
    stage.stop()
    assert heard(stage)[1:] == [Down(ROOT, 1, "shutdown")]


def test_sup_start_normal_and_stopped_without_a_reason(stage: Stage) -> None:
    """No reason at all is as good as any: it ends."""
    stage.plant(stage.child("a"))
    stage.system.stop(ROOT, "")
    stage.settle()
    assert (stage.end, stage.living) == ("shutdown", {})


def test_sup_start_ignore_init(stage: Stage) -> None:
    """What `init` is there is the factory here: it reads the specification, and may find that there is none."""

    def nothing_to_do() -> Actor:
        raise Ignore

    stage.begin(nothing_to_do)
    assert heard(stage) == [Down(ROOT, 1, IGNORED, started=False)]
    assert ROOT not in stage.system.actors
    assert "crashes" not in stage.system.metrics.counters


def test_sup_start_ignore_child(stage: Stage) -> None:
    """The children are listed in the order of their start, oldest first; OTP lists the newest first."""
    stage.plant()
    stage.script.plan("child1", "ignore")
    assert stage.ask(StartChild(stage.child("child1"))) == Done(ignored=True)
    assert stage.ask(StartChild(stage.child("child2"))) == Done()
    assert stage.which() == {"child1": "undefined", "child2": "running"}
    assert stage.counts() == [2, 1, 0, 2]


def test_sup_start_ignore_temporary_child(stage: Stage) -> None:
    stage.script.plan("child1", "ignore")
    stage.plant(stage.child("child1", "temporary"), stage.child("child2", "temporary"))
    assert heard(stage) == [Started(ROOT, 1)]
    assert stage.which() == {"child2": "running"}
    assert stage.counts() == [1, 1, 0, 1]


def test_sup_start_ignore_temporary_child_start_child(stage: Stage) -> None:
    stage.plant()
    stage.script.plan("child1", "ignore")
    assert stage.ask(StartChild(stage.child("child1", "temporary"))) == Done(ignored=True)
    assert stage.ask(StartChild(stage.child("child2", "temporary"))) == Done()
    assert stage.which() == {"child2": "running"}
    assert stage.counts() == [1, 1, 0, 1]


def ignored_instance(stage: Stage, template: Any) -> None:
    """An instance that ignores its start leaves nothing behind, and another one starts."""
    stage.plant_dynamic(template)
    stage.script.plan("child-1", "ignore")
    assert stage.ask(StartInstance()) == Done(ignored=True)
    assert stage.ask(StartInstance()) == Done()
    assert stage.which() == {"child-2": "running"}
    assert stage.counts() == [1, 1, 0, 1]


def test_sup_start_ignore_temporary_child_start_child_simple(stage: Stage) -> None:
    ignored_instance(stage, stage.child("child", "temporary"))


def test_sup_start_ignore_permanent_child_start_child_simple(stage: Stage) -> None:
    ignored_instance(stage, stage.child("child"))
    stage.stop()
    assert stage.end == "shutdown"
    assert stage.reports("shutdown_error") == []


JUNK: dict[str, Any] = {"a word": "invalid", "nothing": None, "a list": [{"id": "root"}], "no children": {"id": 5}}


@pytest.mark.parametrize("found", JUNK)
def test_sup_start_error_return(stage: Stage, found: str) -> None:
    """A specification that is none is refused by name, before anything starts."""
    stage.begin(lambda: read_tree(JUNK[found]))
    (down,) = heard(stage)
    assert (down.started, down.reason.partition(": ")[0]) == (False, "SpecFault")
    assert "invalid_type" in down.reason
    assert stage.living == {}


def test_sup_start_fail(stage: Stage) -> None:
    """The reason names the error and the place."""

    def badmatch() -> Actor:
        raise ValueError("badmatch")

    stage.begin(badmatch)
    (down,) = heard(stage)
    assert not down.started
    assert down.reason.startswith("ValueError: badmatch at badmatch:")
    assert ROOT not in stage.system.actors


HOPELESS: dict[str, dict[str, Any]] = {
    "OSError": {},
    "TypeError": {"settings": {"unknown": 1}},
    "SpecFault": {"kind": "Nobody"},
    "AttributeError": {"kind": "Worker"},  # no actor: what a start function that returns junk is in OTP
}


@pytest.mark.parametrize("error", HOPELESS)
def test_sup_start_child_returns_error(stage: Stage, error: str) -> None:
    stage.plant()
    stage.script.plan("child1", "error")
    answer = stage.ask(StartChild(stage.child("child1", **HOPELESS[error])))
    assert isinstance(answer, Refused)
    assert (answer.code, answer.detail.partition(":")[0]) == ("failed", error)
    assert stage.which() == {}
    assert stage.counts() == [0, 0, 0, 0]


def test_sup_start_restart_child_returns_error(stage: Stage) -> None:
    stage.plant(stage.child("child1", "transient"))
    stage.exit("child1", "normal")
    stage.script.plan("child1", "error")
    assert stage.refusal(RestartChild("child1")) == "failed"
    assert stage.which() == {"child1": "undefined"}
    assert stage.ask(GetChildSpec("child1")) == stage.child("child1", "transient")
    assert stage.script.attempts["child1"] == 2, "nobody tries again by himself"


def test_sup_start_child_returns_error_simple(stage: Stage) -> None:
    stage.plant_dynamic(stage.child("child"))
    stage.script.plan("child-1", "error")
    answer = stage.ask(StartInstance())
    assert isinstance(answer, Refused)
    assert answer.code == "failed"
    assert answer.detail.startswith("OSError: no such device: child-1"), "the child's own words come first"
    assert stage.which() == {}
    assert Script.__name__ not in answer.detail
