"""Nobody outlives its parent, however the parent ends."""

from typing import Any

import pytest

from tests.kit.cells import RUNTIMES, Gate, Puppet, VirtualSystem, fail
from tradigrade.kernel.envelope import Envelope, Reply
from tradigrade.kernel.signals import Down

FAMILY = ("node/a", "node/a/b", "node/a/c", "node/a/b/d")


def parent_of(path: str) -> str:
    above = path.rpartition("/")[0]
    return above if above in FAMILY else ""


def settle(system: VirtualSystem) -> dict[str, Puppet]:
    return {path: system.place(path, parent=parent_of(path)) for path in FAMILY}


def tell(message: Any) -> Any:
    return lambda system: system.tell("node/a", message)


ENDS = {
    "stop": lambda system: system.stop("node/a", "shutdown"),
    "kill": lambda system: system.kill("node/a"),
    "injected crash": lambda system: system.incarnation("node/a").crash("as told"),
    "crash": tell(fail),
    "exit": tell(lambda puppet: puppet.context.exit("normal")),
    "killing itself": tell(lambda puppet: puppet.context.system.kill("node/a")),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_children_and_grandchildren_end_with_their_parent(system: VirtualSystem, end: Any) -> None:
    family = settle(system)
    system.place("node/other")
    end(system)
    system.run()
    assert set(system.actors) == {"node/other"}
    assert all(family[path].log == [] for path in ("node/a/c", "node/a/b/d")), "they are killed: no stop hook runs"


def test_the_parent_is_told_after_all_below_it_has_ended(system: VirtualSystem) -> None:
    settle(system)
    seen: list[Any] = []
    watcher = system.place("node/watcher")
    watcher.receive = lambda _: seen.append(set(system.actors))  # type: ignore[method-assign, assignment]
    watcher.context.monitor("node/a")
    system.kill("node/a")
    system.run()
    assert seen == [{"node/watcher"}]


def test_a_failed_start_takes_along_whom_it_has_begun(system: VirtualSystem) -> None:
    class Founder(Puppet):
        def start(self) -> None:
            self.context.system.spawn("node/a/b", Puppet, parent="node/a")
            raise RuntimeError("boom")

    system.place("node/a", Founder())
    assert not system.actors


def test_a_child_that_ends_leaves_its_parent_and_its_siblings(system: VirtualSystem) -> None:
    family = settle(system)
    family["node/a"].log.clear()
    system.kill("node/a/b")
    system.run()
    assert set(system.actors) == {"node/a", "node/a/c"}
    assert family["node/a"].log == [Down("node/a/b", 1, "killed")]


@pytest.mark.parametrize("above", RUNTIMES[:2])
def test_a_family_may_live_in_two_runtimes(above: str) -> None:
    below = RUNTIMES[1 - RUNTIMES.index(above)]
    system = VirtualSystem()
    system.spawn("node/a", Puppet, runtime=above)
    system.spawn("node/a/b", Puppet, parent="node/a", runtime=below)
    system.run()
    system.tell("node/a", fail)
    system.run()
    assert not system.actors
    system.assert_conserved()


def test_a_parent_that_hangs_takes_its_children_along(threads: VirtualSystem) -> None:
    settle(threads)
    gate = Gate(threads, "node/a")
    threads.kill("node/a")
    threads.run()
    assert not threads.actors
    gate.open()


def test_a_child_begun_while_its_parent_ends_never_starts(cell: VirtualSystem) -> None:
    """Also after the others were ended: here by whoever waits for an answer of the parent."""
    owed = Reply()
    owed.then(lambda _: cell.spawn("node/parent/late", Puppet, parent="node/parent"))
    cell.place("node/parent")
    cell.deliver("node/parent", Envelope(lambda _: Reply(), reply=owed))
    cell.run()
    cell.kill("node/parent")
    cell.run()
    assert list(cell.actors) == []
