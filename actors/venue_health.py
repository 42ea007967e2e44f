"""The venue session's part that keeps new orders from a venue that leaves them in doubt, and says so."""

from typing import Any

from ..exchanges.breaker import Breaker
from ..exchanges.venue import (
    CancelAnswered,
    ClockCompared,
    EvidenceGathered,
    PlaceAnswered,
    VenueOpened,
)
from ..kernel.actor import Context
from ..trading.ladder import ACCOUNT
from ..trading.messages import CauseNoted
from ..trading.order_events import OrderIntended
from . import topics

CODE = "VENUE_UNHEALTHY"
"""Of an order that was refused before it was sent, and the ladder's cause."""
NOT_SENT = ("NOT_SENT", "not sent")
"""Answers of the port itself, which say nothing of the venue."""


class VenueHealth:
    """Hears what the port says; the cheap requests that prove a venue well again are those which it makes anyway."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._breaker = Breaker()
        self._told = ""

    def refuse(self, intent: OrderIntended) -> PlaceAnswered | None:
        """The answer to an order that may not be sent now."""
        reason = self._breaker.refuse(self._now_ns())
        return PlaceAnswered(intent.client_id, "refused", code=CODE, reason=reason) if reason else None

    def hear(self, word: Any) -> None:
        match word:
            case PlaceAnswered(outcome=outcome, code=code) if code not in NOT_SENT:
                self._breaker.heard(self._now_ns(), proven=outcome != "unknown")
            case CancelAnswered(outcome=outcome, reason=reason) if reason not in NOT_SENT:
                self._breaker.heard(self._now_ns(), proven=outcome != "unknown")
            case VenueOpened() | ClockCompared() | EvidenceGathered():
                self._breaker.probed(self._now_ns())
        reason = self._breaker.reason if self._breaker.state == "open" else ""
        if reason != self._told:
            self._told = reason
            self._context.system.metrics.count("venue_breaker_moved")
            self.tell()

    def tell(self) -> None:
        self._context.publish(topics.CAUSES, CauseNoted(ACCOUNT, CODE, bool(self._told), self._told))

    def _now_ns(self) -> int:
        return self._context.system.clock.monotonic_ns()
