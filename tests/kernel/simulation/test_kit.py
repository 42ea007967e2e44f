"""Fault points, trace and ledger: what a simulation fails by, and what it is judged by."""

from random import Random

import pytest

from tests.kit.cells import Puppet, VirtualSystem
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.clock import ManualClock
from tradigrade.kernel.envelope import Reply
from tradigrade.kernel.fault_points import FaultPoints
from tradigrade.kernel.identity import SeededEntropy
from tradigrade.kernel.loop import VirtualLoop
from tradigrade.kernel.simulation.ledger import MessagesLost, WatchedRegistry, WatchedSystem, check_conservation
from tradigrade.kernel.simulation.trace import Trace


class Visitor(Actor):
    def receive(self, message: str) -> None:
        self.context.fault_point(message)


def test_a_fault_point_does_nothing_where_there_are_no_faults() -> None:
    system = VirtualSystem()
    system.place("node/visitor", Visitor())
    system.tell("node/visitor", "here")
    system.run()
    assert "node/visitor" in system.actors


def test_a_place_fails_by_chance_only_where_it_is_live_and_its_failure_is_counted() -> None:
    failed: list[tuple[str, str]] = []
    points = FaultPoints(Random(3), lambda path, name: failed.append((path, name)), share=0.5)
    names = [f"place {number}" for number in range(20)]
    for name in names:
        points.reach("node/a", name)
    assert failed == []  # no chance was given yet
    points.chance = 1.0
    for name in names:
        points.reach("node/a", name)
    assert 0 < len(failed) < len(names)
    assert points.fired == {name: 1 for _, name in failed}
    assert points.reached == dict.fromkeys(names, 2)


def test_the_first_visits_of_a_place_fail_more_readily_than_its_later_ones() -> None:
    points = FaultPoints(Random(1), lambda path, name: None, share=1.0)
    points.chance = 0.01
    for number in range(500):
        points.reach("node/a", f"seldom {number}")
        points.reach("node/a", "often")
    seldom = sum(count for name, count in points.fired.items() if name != "often")
    assert seldom > 5 * points.fired["often"] > 0


def test_a_place_that_fails_crashes_the_actor_that_came_to_it() -> None:
    system = VirtualSystem()
    system.place("node/visitor", Visitor())

    def fail(path: str, name: str) -> None:
        raise RuntimeError(f"made to fail at {name}")

    system.faults = FaultPoints(Random(1), fail, share=1.0)
    system.faults.chance = 1.0
    system.tell("node/visitor", "here")
    system.run()
    assert "made to fail at here" in system.actors.last_end("node/visitor")


def test_a_trace_depends_on_every_entry_and_its_order() -> None:
    def digest(*entries: str) -> str:
        trace = Trace()
        for entry in entries:
            trace.add(entry)
        return trace.digest()

    digests = {digest("a", "b"), digest("b", "a"), digest("a"), digest("a", "b", "b"), digest("ab"), digest()}
    assert len(digests) == 6
    assert digest("a", "b") == digest("a", "b")


def test_a_message_that_is_lost_is_found() -> None:
    system = VirtualSystem()
    system.actors = registry = WatchedRegistry()
    system.place("node/puppet", Puppet())
    for number in range(3):
        system.tell("node/puppet", number)
    check_conservation(registry.born)
    system.run()
    check_conservation(registry.born)
    registry.born[0].handled -= 1
    with pytest.raises(MessagesLost, match="node/puppet"):
        check_conservation(registry.born)


class Silent(Actor):
    def receive(self, message: str) -> Reply:
        return Reply()


def test_a_question_that_is_never_answered_is_found() -> None:
    loop = VirtualLoop(ManualClock())
    system = WatchedSystem("node", loop, loop.clock, SeededEntropy(1))
    system.spawn("node/silent", Silent)
    reply = system.ask("node/silent", "hello?", 1.0)
    loop.advance(2.0)
    system.check_questions()  # it timed out, which is an answer
    reply.done = False
    with pytest.raises(MessagesLost, match="str to 'node/silent'"):
        system.check_questions()
