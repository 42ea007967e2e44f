"""supervisor_SUITE, cases 57-63: a supervisor that ends by itself once its significant children are done."""

from itertools import product

import pytest

from tests.supervisors.conformance.children import ROOT
from tests.supervisors.conformance.stage import AT_ONCE, Stage
from tradigrade.supervisors.requests import Reconfigure, RestartChild, StartChild, StartInstance, TerminateChild
from tradigrade.supervisors.spec import AutoShutdown, ChildSpec, Dynamic, Flags, Restart, Strategy
from tradigrade.supervisors.validation import SpecFault, read_tree, validate

MODES: tuple[AutoShutdown, ...] = ("never", "any_significant", "all_significant")
BOTH: tuple[AutoShutdown, ...] = ("any_significant", "all_significant")
REASONS = ("normal", "shutdown", "shutdown: done", "boom", "killed")
ENDS = (*REASONS, "terminated")


def end(stage: Stage, name: str, reason: str) -> None:
    if reason == "terminated":
        stage.ask(TerminateChild(name))
    else:
        stage.exit(name, reason)


def pair(stage: Stage, mode: AutoShutdown, restart: Restart, *, significant: bool = True) -> None:
    children = (stage.child(name, restart, significant=significant) for name in ("child1", "child2"))
    stage.plant(*children, auto_shutdown=mode)


@pytest.mark.parametrize(("mode", "reason"), [*product(MODES, ENDS)])
def test_nonsignificant_temporary(stage: Stage, mode: AutoShutdown, reason: str) -> None:
    pair(stage, mode, "temporary", significant=False)
    for left in (1, 0):
        end(stage, f"child{2 - left}", reason)
        assert (stage.end, len(stage.living)) == (None, left)


@pytest.mark.parametrize(("mode", "reason"), [*product(MODES, ENDS)])
def test_nonsignificant_transient(stage: Stage, mode: AutoShutdown, reason: str) -> None:
    pair(stage, mode, "transient", significant=False)
    for name in ("child1", "child2"):
        end(stage, name, reason)
    back = {"child1": 2, "child2": 2} if reason in {"boom", "killed"} else {}
    assert (stage.end, stage.living) == (None, back)


@pytest.mark.parametrize("reason", REASONS)
def test_significant_temporary(stage: Stage, reason: str) -> None:
    """Any end of its own counts, also a failure; to be told to stop does not."""
    pair(stage, "any_significant", "temporary")
    stage.ask(TerminateChild("child1"))
    assert ROOT in stage.system.actors
    stage.ask(StartChild(stage.child("child1", "temporary", significant=True)))
    end(stage, "child1", reason)
    assert (stage.end, stage.living) == ("shutdown", {})
    assert stage.take_ends()[-1] == "child2 shutdown"


@pytest.mark.parametrize("reason", REASONS)
def test_significant_temporary_all(stage: Stage, reason: str) -> None:
    pair(stage, "all_significant", "temporary")
    stage.ask(StartChild(stage.child("child3", "temporary")))
    end(stage, "child1", reason)
    assert (stage.end, stage.living) == (None, {"child2": 1, "child3": 1}), "one of them is left"
    end(stage, "child2", reason)
    assert (stage.end, stage.living) == ("shutdown", {}), "who is not significant is not asked"


@pytest.mark.parametrize("mode", BOTH)
def test_significant_transient(stage: Stage, mode: AutoShutdown) -> None:
    """Only an end it does not come back from counts."""
    stage.plant(stage.child("child1", "transient", significant=True), stage.child("child2"), auto_shutdown=mode)
    stage.exit("child1", "boom")
    stage.exit("child1", "killed")
    assert (stage.end, stage.living) == (None, {"child1": 3, "child2": 1})
    stage.ask(TerminateChild("child1"))
    assert ROOT in stage.system.actors
    stage.ask(RestartChild("child1"))
    stage.exit("child1", "normal")
    assert (stage.end, stage.living) == ("shutdown", {})


def test_significant_transient_all_waits_for_the_last(stage: Stage) -> None:
    """One that was told to stop is done too, one that waits for its restart is not."""
    pair(stage, "all_significant", "transient")
    stage.ask(StartChild(stage.child("child3", "transient", significant=True)))
    stage.ask(TerminateChild("child3"))
    stage.exit("child1", "normal")
    assert (stage.end, stage.living) == (None, {"child2": 1})
    stage.exit("child2", "shutdown: done")
    assert stage.end == "shutdown"


def test_significant_simple(stage: Stage) -> None:
    """Refused however it is said: instances come and go, and none of them is the significant one."""
    template = stage.child("child", "transient", significant=True)
    with pytest.raises(SpecFault, match="bad_combination"):
        validate(ChildSpec(id="root", dynamic=Dynamic(template)))
    with pytest.raises(SpecFault, match="unknown field `auto_shutdown`"):
        read_tree({"id": "r", "dynamic": {"template": {"id": "c", "actor": "m:C"}, "auto_shutdown": "any_significant"}})
    stage.plant_dynamic(stage.child("child", "transient"))
    stage.ask(StartInstance())
    for mode in BOTH:
        assert stage.refusal(Reconfigure(Flags(auto_shutdown=mode), (template,))) == "invalid"
    stage.exit("child-1", "normal")
    assert stage.end is None


@pytest.mark.parametrize(("strategy", "mode"), [*product(["one_for_all", "rest_for_one"], BOTH)])
def test_significant_bystander(stage: Stage, strategy: Strategy, mode: AutoShutdown) -> None:
    """Who is stopped since another one failed does not end the supervisor."""
    temporary = stage.child("temporary", "temporary", significant=True)
    transient = stage.child("transient", "transient", significant=True)
    stage.plant(stage.child("child1"), temporary, transient, strategy=strategy, auto_shutdown=mode)
    stage.exit("child1", "boom")
    assert (stage.end, stage.living) == (None, {"child1": 2, "transient": 2})
    stage.exit("transient", "normal")
    assert (stage.end, stage.living) == ("shutdown", {})


@pytest.mark.parametrize(("significant", "mode"), [*product([True, False], BOTH)])
def test_significant_escalation(stage: Stage, significant: bool, mode: AutoShutdown) -> None:
    """A supervisor that ended by itself counts as any other child: its own end goes up where it is significant."""
    flags = Flags(auto_shutdown=mode, backoff=AT_ONCE)
    leaf = stage.child("leaf", "transient", significant=True)
    inner = ChildSpec(id="inner", flags=flags, children=(leaf,), restart="transient", significant=significant)
    stage.plant(inner, stage.child("other"), auto_shutdown=mode)
    stage.exit("inner/leaf", "boom")
    assert stage.living == {"inner": 1, "inner/leaf": 2, "other": 1}
    stage.exit("inner/leaf", "normal")
    assert (stage.end, stage.living) == (("shutdown", {}) if significant else (None, {"other": 1}))
