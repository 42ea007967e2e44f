"""The venue session: owns the connections and the requests under way; survives a restart of the account."""

from typing import Any

import msgspec

from ..exchanges.tasks import PortBroke, PortFault
from ..exchanges.venue import (
    CancelAnswered,
    ClockCompared,
    EvidenceAsked,
    EvidenceFailed,
    EvidenceGathered,
    OrderReported,
    PlaceAnswered,
    RateLimited,
    VenueClosed,
    VenueOpened,
    VenuePort,
)
from ..kernel.actor import Actor
from ..trading.messages import StateAsked
from ..trading.order_events import OrderFilled, OrderIntended
from . import topics


class Attach(msgspec.Struct, frozen=True):
    """From now on tell `path` what the venue says, first whether it is open."""

    path: str


class Cancel(msgspec.Struct, frozen=True):
    client_id: str
    symbol: str


class VenueSession(Actor):
    """Passes requests to the port `venue` and its words to whoever attached last."""

    def start(self) -> None:
        self._attached = ""
        self._opened: VenueOpened | None = None
        self._sent_ns: dict[str, int] = {}
        self._said: dict[type, ClockCompared | RateLimited] = {}
        self.context.subscribe(topics.STATE_ASKED)
        port: VenuePort = self.context.ports["venue"]
        self._port = port
        system, path = self.context.system, self.context.path
        port.open(lambda word: system.tell(path, word, sender="port/venue"))

    def stop(self, reason: str) -> None:
        self._port.close()

    def receive(self, message: Any) -> Any:
        match message:
            case OrderIntended():
                self._sent_ns[message.client_id] = self.context.system.clock.monotonic_ns()
                self.context.fault_point("venue: order not sent")
                self._port.place(message)
                self.context.fault_point("venue: order sent")
            case Cancel(client_id, symbol):
                self._port.cancel(client_id, symbol)
            case EvidenceAsked():
                self._port.gather(message)
            case Attach(path):
                self._attached = path
                if self._opened is not None:
                    self._forward(self._opened)
            case VenueOpened():
                self._opened = message
                self._forward(message)
            case VenueClosed():
                self._opened = None
                self._forward(message)
            case PortBroke(reason):
                raise PortFault(reason)
            case ClockCompared() | RateLimited():
                self._said[type(message)] = message
                self.context.publish(topics.VENUE, message)
            case StateAsked():
                for word in self._said.values():
                    self.context.publish(topics.VENUE, word)
            case PlaceAnswered():
                self.context.fault_point("venue: answer heard")
                self._note_latency(message.client_id)
                self._forward(message)
            case CancelAnswered() | OrderReported() | OrderFilled() | EvidenceGathered() | EvidenceFailed():
                self._forward(message)

    def _note_latency(self, client_id: str) -> None:
        sent_ns = self._sent_ns.pop(client_id, None)
        if sent_ns is not None:
            elapsed_s = (self.context.system.clock.monotonic_ns() - sent_ns) / 1e9
            self.context.system.metrics.observe("order_round_trip", elapsed_s)

    def _forward(self, word: Any) -> None:
        if self._attached:
            self.context.tell(self._attached, word)
