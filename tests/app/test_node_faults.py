"""Faults of a node's disk and clock, asked for through the node's own end of its lifeline."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.kit.cells import VirtualSystem
from tradigrade.injection import find_fault, inject_into_actor
from tradigrade.kernel.disk import SystemDisk
from tradigrade.kernel.faulty import FaultyDisk, OffsetClock
from tradigrade.node_faults import NODE_FAULT_S, NodeFaults
from tradigrade.transports.control import Acknowledged, Action, ChaosAsked, Failed

S = 1_000_000_000


@pytest.fixture
def node() -> SimpleNamespace:
    system = VirtualSystem()
    system.clock = OffsetClock(system.clock)  # type: ignore[assignment]
    disk = FaultyDisk(SystemDisk())
    system.ports = {"disk": disk, "incarnation": 3}
    return SimpleNamespace(system=system, disk=disk, clock=system.clock, faults=NodeFaults(system))


def state(node: SimpleNamespace) -> tuple[bool, bool, float, int]:
    return node.disk.full, node.disk.sync_fails, node.disk.slow_s, node.clock.offset_ns


WELL = (False, False, 0.0, 0)


@pytest.mark.parametrize(
    ("asked", "ill"),
    [
        (ChaosAsked("disk-full", "node", 2.0), (True, False, 0.0, 0)),
        (ChaosAsked("sync-fails", "node", 2.0), (False, True, 0.0, 0)),
        (ChaosAsked("disk-slow", "node", 2.0, 0.25), (False, False, 0.25, 0)),
        (ChaosAsked("clock", "node", 2.0, -4.0), (False, False, 0.0, -4 * S)),
    ],
    ids=lambda value: value.action if isinstance(value, ChaosAsked) else "",
)
def test_a_fault_lasts_for_its_time_and_ends_by_itself(node: SimpleNamespace, asked: ChaosAsked, ill: Any) -> None:
    answer = node.faults.inject(asked)
    assert answer == Acknowledged(3, node.clock.monotonic_ns())
    node.system.advance(1.9)
    assert state(node) == ill
    node.system.advance(0.2)
    assert state(node) == WELL


def test_without_a_time_it_lasts_for_the_usual_one(node: SimpleNamespace) -> None:
    node.faults.inject(ChaosAsked("disk-full", "node"))
    node.system.advance(NODE_FAULT_S - 0.1)
    assert node.disk.full
    node.system.advance(0.2)
    assert not node.disk.full


def test_a_new_fault_takes_the_place_of_the_one_before_and_keeps_its_whole_time(node: SimpleNamespace) -> None:
    node.faults.inject(ChaosAsked("clock", "node", 2.0, 1.0))
    node.system.advance(1.5)
    node.faults.inject(ChaosAsked("clock", "node", 2.0, 7.0))
    node.system.advance(1.5)
    assert node.clock.offset_ns == 7 * S
    node.system.advance(1.0)
    assert node.clock.offset_ns == 0


def test_healing_ends_all_at_once(node: SimpleNamespace) -> None:
    for action in ("disk-full", "sync-fails", "disk-slow", "clock"):
        node.faults.inject(ChaosAsked(action, "node", 60.0))
    node.faults.heal()
    assert state(node) == WELL


def test_a_node_without_such_a_disk_refuses() -> None:
    system = VirtualSystem()
    answer = NodeFaults(system).inject(ChaosAsked("disk-full", "node"))
    assert isinstance(answer, Failed)
    assert "no disk and no clock" in answer.reason


@pytest.mark.parametrize("action", ["disk-full", "disk-slow", "sync-fails", "clock"])
def test_an_actor_has_no_disk_and_no_clock_of_its_own(action: Action) -> None:
    fault = find_fault(ChaosAsked(action, "trader/reporter", 1.0, 1.0))
    assert "is an actor" in fault
    assert f"{action} trader" in fault
    assert not find_fault(ChaosAsked(action, "trader", 1.0, 1.0))


def test_a_clock_may_be_set_back_but_not_by_nothing() -> None:
    assert not find_fault(ChaosAsked("clock", "trader", 1.0, -5.0))
    assert "not 0" in find_fault(ChaosAsked("clock", "trader", 1.0, 0.0))
    assert "--by" in find_fault(ChaosAsked("disk-slow", "trader", 1.0, -5.0))


def test_a_held_actor_is_freed_by_healing_it() -> None:
    system = VirtualSystem()
    puppet = system.place("node/puppet")
    inject_into_actor(system, ChaosAsked("hang", "node/puppet"))
    system.tell("node/puppet", "hello")
    system.run()
    assert puppet.log == []
    inject_into_actor(system, ChaosAsked("heal", "node/puppet"))
    system.run()
    assert puppet.log == ["hello"]


def test_the_path_of_a_disk_fault_is_told_to_whom_it_happens(node: SimpleNamespace, tmp_path: Path) -> None:
    node.faults.inject(ChaosAsked("disk-full", "node"))
    with pytest.raises(OSError, match=str(tmp_path / "file")):
        node.disk.replace(tmp_path / "file", b"")
