"""The simulated network loses, doubles, delays and parts; every frame is accounted for, and every question answered."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.cells import Puppet
from tradigrade.kernel.clock import ManualClock
from tradigrade.kernel.envelope import Reply
from tradigrade.kernel.errors import ActorFailed, AskTimeout
from tradigrade.kernel.identity import SeededEntropy
from tradigrade.kernel.loop import VirtualLoop
from tradigrade.kernel.simulation.hosts import NodeLoop
from tradigrade.kernel.simulation.network import SimulatedNetwork
from tradigrade.kernel.system import System


class TwoNodes:
    """Node `a` speaks to the puppet at `b/puppet`."""

    def __init__(self, seed: int = 1, wire: Any = lambda payload: payload) -> None:
        self.shared = VirtualLoop(ManualClock())
        self.network = SimulatedNetwork(self.shared, Random(seed), wire)
        self.a, self.b = self.boot("a"), self.boot("b")
        self.puppet = Puppet()
        self.b.spawn("b/puppet", lambda: self.puppet)
        self.shared.run()

    def boot(self, name: str) -> System:
        loop = NodeLoop(self.shared, lambda error: pytest.fail(repr(error)))
        system = System(name, loop, self.shared.clock, SeededEntropy(1))
        self.network.attach(system, loop)
        return system

    def ask(self, timeout_s: float = 1.0) -> list[Reply]:
        done: list[Reply] = []
        self.a.ask("b/puppet", "question", timeout_s).then(done.append)
        return done

    def accounted(self) -> int:
        counts = self.network.counts
        return sum(counts[each] for each in ("delivered", "dropped", "cut", "nobody")) + self.network.under_way()


def test_a_message_arrives_after_the_latency_and_its_answer_comes_back() -> None:
    nodes = TwoNodes()
    done = nodes.ask()
    nodes.shared.advance(0.0004)
    assert nodes.puppet.log == []
    nodes.shared.advance(0.001)
    assert nodes.puppet.log == ["question"]
    assert done[0].value == "question"


def test_a_cut_between_two_nodes_lets_nothing_through_until_it_is_mended() -> None:
    nodes = TwoNodes()
    nodes.network.conditions.cut.add(frozenset({"a", "b"}))
    done = nodes.ask(timeout_s=0.5)
    nodes.shared.advance(1.0)
    assert isinstance(done[0].error, AskTimeout)
    assert nodes.puppet.log == []
    nodes.network.conditions.cut.clear()
    assert nodes.a.tell("b/puppet", "again")
    nodes.shared.advance(0.1)
    assert nodes.puppet.log == ["again"]


def test_frames_to_a_node_that_is_gone_are_lost_and_its_next_process_hears_only_what_comes_later() -> None:
    nodes = TwoNodes()
    nodes.network.detach(nodes.b)
    nodes.a.tell("b/puppet", "nobody hears this")
    nodes.shared.advance(0.1)
    later = nodes.boot("b")
    puppet = Puppet()
    later.spawn("b/puppet", lambda: puppet)
    nodes.a.tell("b/puppet", "hello")
    nodes.shared.advance(0.1)
    assert (nodes.puppet.log, puppet.log) == ([], ["hello"])
    assert nodes.network.counts["nobody"] == 1


def test_an_answer_for_a_process_that_is_no_more_does_not_reach_its_successor() -> None:
    nodes = TwoNodes()
    done = nodes.ask(timeout_s=5.0)
    nodes.shared.advance(0.0006)
    nodes.boot("a")
    nodes.shared.advance(0.1)
    assert nodes.puppet.log == ["question"]
    assert done == []


def test_a_process_that_was_killed_sends_nothing_and_answers_nothing() -> None:
    nodes = TwoNodes()
    done = nodes.ask(timeout_s=0.5)
    nodes.shared.advance(0.0004)
    nodes.puppet.receive = lambda message: nodes.network.detach(nodes.b)  # type: ignore[method-assign,assignment]
    nodes.shared.advance(0.1)
    nodes.b.tell("a/anybody", "from the dead")
    nodes.shared.advance(1.0)
    assert isinstance(done[0].error, AskTimeout)
    assert nodes.network.counts["sent"] == 1


def test_what_the_wire_refuses_is_not_sent_and_counted() -> None:
    def refuse(payload: Any) -> Any:
        raise ValueError("not on this wire")

    nodes = TwoNodes(wire=refuse)
    assert not nodes.a.tell("b/puppet", "no")
    assert nodes.a.metrics.counters["wire_faults"] == 1


def test_an_error_of_another_node_arrives_as_its_text() -> None:
    nodes = TwoNodes()
    done: list[Reply] = []
    nodes.a.ask("b/puppet", lambda puppet: 1 / 0, 1.0).then(done.append)
    nodes.shared.advance(0.1)
    assert isinstance(done[0].error, ActorFailed)
    assert "ZeroDivisionError" in str(done[0].error)


@given(
    seed=st.integers(0, 1_000),
    drop=st.floats(0, 1),
    duplicate=st.floats(0, 1),
    jitter_s=st.floats(0, 0.1),
    cut=st.booleans(),
)
def test_whatever_the_conditions_every_frame_is_accounted_for_and_every_question_answered(
    seed: int, drop: float, duplicate: float, jitter_s: float, cut: bool
) -> None:
    nodes = TwoNodes(seed)
    conditions = nodes.network.conditions
    conditions.drop, conditions.duplicate, conditions.jitter_s = drop, duplicate, jitter_s
    done: list[Reply] = []
    for number in range(20):
        nodes.a.ask("b/puppet", number, 0.5).then(done.append)
        nodes.shared.advance(0.01)
        assert nodes.network.counts["sent"] == nodes.accounted()
        if cut and number == 10:
            conditions.cut.add(frozenset({"a", "b"}))
    nodes.shared.advance(1.0)
    assert len(done) == 20
    assert nodes.network.counts["sent"] == nodes.accounted()
    assert nodes.network.under_way() == 0
