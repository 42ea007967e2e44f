"""The simulated network between nodes: latency, loss, doubles, other orders, partitions; every frame accounted for.

Delivery is at most what a real one promises: a frame may be lost, late, doubled or overtaken, never altered. Answers
travel as frames too.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from ..envelope import Envelope, Reply
from ..errors import ActorFailed, KernelError
from ..loop import VirtualLoop
from ..system import System
from .hosts import NodeLoop

PENDING_LIMIT = 10_000
"""Frames under way to one node: as many as real queues would hold; past it they are dropped."""

Wire = Callable[[Any], Any]
"""What the wire makes of a payload: it encodes and decodes it again, and raises for what it refuses."""


class Conditions:
    """How bad the network is; changed at any time. Probabilities are of each frame."""

    def __init__(self) -> None:
        self.latency_s = 0.0005
        self.jitter_s = 0.0
        """Uniform, on top: what overtakes what."""
        self.drop = 0.0
        self.duplicate = 0.0
        self.cut: set[frozenset[str]] = set()
        """Pairs of nodes between which nothing passes."""


class SimulatedNetwork:
    """Frames between the nodes attached to it. `counts`: sent = delivered + dropped + under way, doubles included."""

    def __init__(self, loop: VirtualLoop, random: Random, wire: Wire = lambda payload: payload) -> None:
        self.conditions = Conditions()
        self.counts: Counter[str] = Counter()
        self._loop = loop
        self._random = random
        self._wire = wire
        self._nodes: dict[str, tuple[System, NodeLoop]] = {}
        self._under_way: Counter[str] = Counter()

    def attach(self, system: System, loop: NodeLoop) -> None:
        """From now on frames to its node reach it, and not the one before."""
        self._nodes[system.node] = (system, loop)
        system.transport = NodeTransport(self, system)

    def detach(self, system: System) -> None:
        """Its process is gone: frames to it are lost."""
        if self.holds(system):
            del self._nodes[system.node]

    def holds(self, system: System) -> bool:
        """Whether this very process is attached: one that was killed sends nothing any more."""
        return self._nodes.get(system.node, (None,))[0] is system

    def under_way(self) -> int:
        return sum(self._under_way.values())

    def send(self, sender: str, target: str, deliver: Callable[[System], object]) -> bool:
        """Have `deliver` called with the system that is node `target` by then; False where its queue is full."""
        if self._under_way[target] >= PENDING_LIMIT:
            return False
        conditions = self.conditions
        if conditions.duplicate and self._random.random() < conditions.duplicate:
            self.counts["duplicated"] += 1
            self._send_one(sender, target, deliver)
        self._send_one(sender, target, deliver)
        return True

    def _send_one(self, sender: str, target: str, deliver: Callable[[System], object]) -> None:
        conditions, delay_s = self.conditions, self.conditions.latency_s
        self.counts["sent"] += 1
        if conditions.cut and frozenset((sender, target)) in conditions.cut:
            self.counts["cut"] += 1
            return
        if conditions.drop and self._random.random() < conditions.drop:
            self.counts["dropped"] += 1
            return
        if conditions.jitter_s:
            delay_s += self._random.random() * conditions.jitter_s
        self._under_way[target] += 1
        self._loop.call_later(delay_s, partial(self._arrive, target, deliver))

    def _arrive(self, target: str, deliver: Callable[[System], object]) -> None:
        self._under_way[target] -= 1
        found = self._nodes.get(target)
        if found is None:
            self.counts["nobody"] += 1
            return
        system, loop = found
        self.counts["delivered"] += 1
        loop.run(partial(deliver, system))

    def pass_wire(self, payload: Any) -> Any:
        """What arrives of a payload; raises what the wire raises."""
        return self._wire(payload)


class NodeTransport:
    """One node's way onto the network."""

    def __init__(self, network: SimulatedNetwork, system: System) -> None:
        self._network = network
        self._system = system

    def send(self, path: str, envelope: Envelope) -> bool:
        if not self._network.holds(self._system):
            return True
        try:
            message = self._network.pass_wire(envelope.message)
        except ValueError:
            self._system.metrics.count("wire_faults")
            return False
        asker, deadline_ns, sender = envelope.reply, envelope.deadline_ns, envelope.sender or self._system.node

        def deliver(system: System) -> None:
            reply = None
            if asker is not None:
                reply = Reply()
                reply.then(lambda done: self._answer(system, asker, done))
            system.deliver(path, Envelope(message, sender, reply, deadline_ns))

        return self._network.send(self._system.node, path.partition("/")[0], deliver)

    def _answer(self, answering: System, asker: Reply, done: Reply) -> None:
        """Back over the network, to this very process: a later one did not ask."""
        asking = self._system
        if not self._network.holds(answering):
            return

        def deliver(system: System) -> None:
            if system is not asking:
                return
            if done.error is not None:
                asker.fail(_at_a_distance(done.error))
            else:
                asker.resolve(done.value)

        self._network.send(answering.node, asking.node, deliver)


def _at_a_distance(error: KernelError) -> KernelError:
    """An error of another node, as its text arrives here."""
    return ActorFailed(str(error))
