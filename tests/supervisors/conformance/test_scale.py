"""supervisor_SUITE, cases 39, 71, 72, 75, 77 and 88: many children, and what is kept of them.

Work is counted, not timed: Python calls, and how many children were looked at where all of them were.
"""

import gc
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.supervisors.conformance.children import ROOT
from tests.supervisors.conformance.stage import Stage
from tradigrade.supervisors.requests import Done, StartChild, StartInstance, TerminateChild
from tradigrade.supervisors.slot import Slot
from tradigrade.supervisors.spec import ChildSpec, Flags, Restart
from tradigrade.supervisors.supervisor import Supervisor

GENEROUS = 1.5


class Watched(dict[str, Slot]):
    """Counts how many children are looked at by whoever looks at all of them."""

    looked_at = 0

    def __iter__(self) -> Iterator[str]:
        self.looked_at += len(self)
        return super().__iter__()

    def values(self) -> Any:
        self.looked_at += len(self)
        return super().values()

    def items(self) -> Any:
        self.looked_at += len(self)
        return super().items()


def work(stage: Stage, job: Callable[[], None]) -> int:
    """How much there is to do, on one thread."""
    root = stage.system.incarnation(ROOT).behaviour
    assert isinstance(root, Supervisor)
    watched = root.core.slots = Watched(root.core.slots)
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        job()
    finally:
        sys.setprofile(None)
    return calls + watched.looked_at


def populate(stage: Stage, number: int) -> None:
    """This many instances, all asked for before the first one starts."""
    replies = [stage.system.ask(ROOT, StartInstance(), 3600.0) for _ in range(number)]
    stage.settle()
    assert all(reply.wait(0.0) == Done() for reply in replies)
    stage.parent.log.clear()


def counted_right(stage: Stage, template: ChildSpec, *, supervisors: bool) -> None:
    """Two thousand are counted, and none of them once they were killed. Threads are dear: a tenth is enough."""
    thousand = 100 if stage.threaded else 1000
    stage.plant_dynamic(template)
    for number in (thousand, 2 * thousand):
        populate(stage, thousand)
        assert stage.counts() == [1, number, number * supervisors, number * (not supervisors)]
    for path in list(stage.living):
        stage.system.kill(f"{ROOT}/{path}")
    stage.settle()
    assert stage.counts() == [1, 0, 0, 0]
    assert stage.living == {}


def test_count_children(stage: Stage) -> None:
    counted_right(stage, stage.child("child", "temporary"), supervisors=False)


def test_count_children_supervisor(stage: Stage) -> None:
    counted_right(stage, ChildSpec(id="child", flags=Flags(), restart="temporary"), supervisors=True)


class Cargo:
    """Something large in a child's settings."""


def released(stage: Stage, cargo: "weakref.ref[Cargo]") -> bool:
    """Whether nobody holds it any more; the stage's own records are let go of first."""
    stage.system.assert_conserved()
    stage.system.register.born.clear()
    stage.parent.log.clear()
    gc.collect()
    return cargo() is None


def test_simple_one_for_one_corruption(stage: Stage) -> None:
    """An instance that does not come back leaves no settings behind. One that may come back keeps its own."""
    for restart in ("temporary", "transient"):
        stage.plant_dynamic(stage.child("child", restart))
        cargo = Cargo()
        kept = weakref.ref(cargo)
        stage.ask(StartInstance({"cargo": cargo}))
        del cargo
        stage.exit("child-1", "boom")
        assert released(stage, kept) == (restart == "temporary")
        stage.system.kill(ROOT)
        stage.settle()


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
@pytest.mark.parametrize("restart", ["temporary", "permanent"])
def test_do_not_save_start_parameters_for_temporary_children(stage: Stage, strategy: str, restart: Restart) -> None:
    """After its end nothing of a temporary child is kept, whoever ended it. While it lives its specification can be
    asked for whole; OTP drops the arguments of its start at once."""
    stage.plant(stage.child("first"), strategy=strategy)
    for end in ("boom", "terminated", "with its group"):
        cargo = Cargo()
        kept = weakref.ref(cargo)
        stage.ask(StartChild(stage.child(end, restart, settings={"cargo": cargo})))
        del cargo
        if end == "terminated":
            stage.ask(TerminateChild(end))
        elif end == "with its group" and strategy != "one_for_one":
            stage.exit("first", "boom")
        else:
            stage.exit(end, "boom")
        assert released(stage, kept) == (restart == "temporary"), end


def test_simple_one_for_one_scale_many_temporary_children(cell: Stage) -> None:
    """To end ten times as many takes ten times as much work; in OTP's suite the bound is fifty times as long."""
    spent = []
    for number in (500, 5000):
        cell.plant_dynamic(cell.child("child", "temporary"))
        populate(cell, number)

        def terminate(names: tuple[str, ...] = tuple(cell.living)) -> None:
            for name in names:
                cell.system.tell(ROOT, TerminateChild(name))
            cell.settle()

        spent.append(work(cell, terminate))
        assert cell.living == {}
        cell.stop()
    assert spent[1] <= spent[0] * 10 * GENEROUS


def test_scale_start_stop_many_children(cell: Stage) -> None:
    """Ten thousand instances start, and stop with their supervisor, for ten times the work of one thousand."""
    spent = []
    for number in (1000, 10_000):
        cell.plant_dynamic(cell.child("child"), max_children=10_000)
        spent.append(work(cell, lambda number=number: populate(cell, number)))  # type: ignore[misc]
        assert len(cell.living) == number
        spent.append(work(cell, cell.stop))
        assert cell.living == {}
    assert spent[2] <= spent[0] * 10 * GENEROUS
    assert spent[3] <= spent[1] * 10 * GENEROUS
