"""The venue session: owns the connections and the requests under way; survives a restart of the account."""

from typing import Any

import msgspec

from ..exchanges.tasks import PortBroke, PortFault
from ..exchanges.venue import (
    BalancesReported,
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
from ..trading.messages import RiskAlert, StateAsked
from ..trading.order_events import FundsMoved, OrderFilled, OrderIntended
from ..trading.order_making import place
from . import topics
from .venue_health import VenueHealth
from .venue_switch import VenueSwitch


class Attach(msgspec.Struct, frozen=True):
    """From now on tell `path` what the venue says, first whether it is open."""

    path: str


class Cancel(msgspec.Struct, frozen=True):
    client_id: str
    symbol: str


class VenueSession(Actor):
    """Passes requests to the port `venue` and its words to whoever attached last."""

    urgent = True

    def start(self) -> None:
        self._attached = ""
        self._opened: VenueOpened | None = None
        self._sent_ns: dict[str, int] = {}
        self._said: dict[type, ClockCompared | RateLimited] = {}
        self._health = VenueHealth(self.context)
        self.context.subscribe(topics.STATE_ASKED)
        port: VenuePort = self.context.ports["venue"]
        self._port = port
        self._switch = VenueSwitch(self.context, port)
        system, path = self.context.system, self.context.path
        port.open(lambda word: system.tell(path, word, sender="port/venue"))

    def stop(self, reason: str) -> None:
        self._port.close()

    def receive(self, message: Any) -> Any:
        match message:
            case OrderIntended():
                self._place(message)
                return
        self._health.hear(message)
        self._switch.hear(message)
        match message:
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
                self.context.publish(topics.VENUE, message)
                if message.warning:
                    alert = RiskAlert("VENUE_OPENED", message.warning, self.context.now_ns())
                    self.context.publish(topics.ALERTS, alert)
            case VenueClosed():
                self._opened = None
                self._forward(message)
            case PortBroke(reason):
                raise PortFault(reason)
            case ClockCompared() | RateLimited():
                self._said[type(message)] = message
                self.context.publish(topics.VENUE, message)
            case StateAsked():
                self._health.tell()
                for word in (*self._said.values(), *([self._opened] if self._opened else ())):
                    self.context.publish(topics.VENUE, word)
            case PlaceAnswered():
                self.context.fault_point("venue: answer heard")
                self._note_latency(message.client_id)
                self._forward(message)
            case CancelAnswered() | OrderReported() | OrderFilled() | EvidenceGathered() | EvidenceFailed():
                self._forward(message)
            case FundsMoved() | BalancesReported():
                self._forward(message)

    def _place(self, intent: OrderIntended) -> None:
        if (refused := self._health.refuse(intent)) is not None:
            self._forward(refused)
            return
        self._switch.placing(intent)
        self._sent_ns[intent.client_id] = self.context.system.clock.monotonic_ns()
        self.context.fault_point("venue: order not sent")
        self._port.place(intent)
        self.context.fault_point("venue: order sent")
        now_ns = self.context.now_ns()
        self._forward(place(intent, now_ns))
        self.context.system.metrics.observe("stage_intent_to_socket", (now_ns - intent.at_ns) / 1e9)

    def _note_latency(self, client_id: str) -> None:
        sent_ns = self._sent_ns.pop(client_id, None)
        if sent_ns is not None:
            elapsed_s = (self.context.system.clock.monotonic_ns() - sent_ns) / 1e9
            self.context.system.metrics.observe("order_round_trip", elapsed_s)

    def _forward(self, word: Any) -> None:
        if self._attached:
            self.context.tell(self._attached, word)
