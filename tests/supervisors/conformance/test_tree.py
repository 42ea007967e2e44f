"""supervisor_SUITE, case 56: a tree of two levels."""

from tests.supervisors.conformance.children import ROOT
from tests.supervisors.conformance.stage import AT_ONCE, Stage
from tradigrade.supervisors.requests import StartChild, StartInstance
from tradigrade.supervisors.spec import ChildSpec, Dynamic, Flags

INNER, MANY = f"{ROOT}/inner", f"{ROOT}/many"


def test_tree(stage: Stage) -> None:
    """Only the leaf that failed comes back, until its supervisor gives up: then that one's children begin anew,
    without those that were started at run time. The one next to it does not notice."""
    flags = Flags(intensity=2, period_s=3600.0, backoff=AT_ONCE)
    inner = ChildSpec(id="inner", flags=flags, children=(stage.child("a"), stage.child("b")))
    many = ChildSpec(id="many", dynamic=Dynamic(stage.child("child"), intensity=1, period_s=3600.0, backoff=AT_ONCE))
    stage.plant(inner, many, intensity=10, period_s=3600.0)
    stage.ask(StartChild(stage.child("c")), of=INNER)
    stage.ask(StartInstance(), of=MANY)
    first = {"inner": 1, "inner/a": 1, "inner/b": 1, "inner/c": 1, "many": 1, "many/child-1": 1}
    assert stage.living == first
    stage.exit("inner/b", "boom")
    stage.exit("inner/c", "boom")
    assert stage.living == first | {"inner/b": 2, "inner/c": 2}
    stage.take_ends()
    stage.exit("inner/a", "boom")
    assert [end.partition(" ")[0] for end in stage.take_ends()] == ["inner/a", "inner/c", "inner/b", "inner"]
    second = {"inner": 2, "inner/a": 1, "inner/b": 1, "many": 1, "many/child-1": 1}
    assert stage.living == second
    for _ in range(2):
        stage.exit("many/child-1", "boom")
    assert stage.living == {"inner": 2, "inner/a": 1, "inner/b": 1, "many": 2}
    assert stage.end is None


def test_tree_escalation_through_every_level(stage: Stage) -> None:
    """Restarts multiply from level to level, and no more: with one at each of three levels the eighth failure ends
    the root."""
    flags = Flags(intensity=1, period_s=3600.0, backoff=AT_ONCE)
    lower = ChildSpec(id="lower", flags=flags, children=(stage.child("leaf"),))
    stage.plant(ChildSpec(id="upper", flags=flags, children=(lower,)), intensity=1, period_s=3600.0)
    failures = 0
    while stage.end is None:
        stage.exit("upper/lower/leaf", "boom")
        failures += 1
    assert failures == 2**3
    assert stage.living == {}
    assert "last of 'upper': gave up: 2 restarts within 3600.0 s (bound 1), last of 'lower': gave up" in stage.end
