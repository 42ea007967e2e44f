"""The guard's way to the simulated venue: a connection of its own, as its real one is."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..exchanges.venue import CancelAnswered, EvidenceAsked, EvidenceFailed, EvidenceGathered
from ..kernel.simulation.hosts import arriving
from ..trading.guard_events import CancelDone, GuardFailed, OpenOrder, OpenOrdersSeen

if TYPE_CHECKING:
    from .node import SimulatedNode


class NodeGuardPort:
    """A `GuardPort` made of an account's port; what the guard cancels is seen by the witness too."""

    def __init__(self, node: "SimulatedNode", symbols: tuple[str, ...]) -> None:
        self._node = node
        self._symbols = symbols
        self._port = node.world.venue.account_port(node.owner, node.world.host_clock)
        self._deliver: Callable[[Any], object] = lambda _: None
        self._venue_ids: dict[str, str] = {}
        node.closers.append(self.close)

    def open(self, deliver: Callable[[Any], object]) -> None:
        self._deliver = deliver
        self._port.open(arriving(self._node.loop, self._hear))

    def look(self, number: int) -> None:
        if self._node.alive:
            self._port.gather(EvidenceAsked(number, self._symbols, {}, {}, {}))

    def cancel(self, order: OpenOrder) -> None:
        if self._node.alive:
            self._venue_ids[order.client_id] = order.venue_id
            self._node.world.witness.cancelled(self._node, order.client_id)
            self._port.cancel(order.client_id, order.symbol)

    def close(self) -> None:
        self._port.close()

    def _hear(self, word: object) -> None:
        match word:
            case EvidenceGathered(number, evidence):
                orders = tuple(
                    OpenOrder(order.symbol, order.venue_id, order.client_id, order.type.upper())
                    for order in evidence.orders
                    if order.state == "open"
                )
                self._deliver(OpenOrdersSeen(number, orders))
            case EvidenceFailed(number, reason):
                self._deliver(GuardFailed(reason, number=number))
            case CancelAnswered(client_id, outcome, reason):
                venue_id = self._venue_ids.pop(client_id, "")
                done = CancelDone(venue_id) if outcome != "unknown" else GuardFailed(reason, venue_id=venue_id)
                self._deliver(done)
