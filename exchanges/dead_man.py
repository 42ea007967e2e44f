"""When to arm, renew and disarm a venue's dead-man switch: it cancels every order once it hears nothing of us. Pure."""

from typing import Literal

from ..trading.order_events import OrderIntended
from ..trading.rungs import is_protective
from .venue import EvidenceGathered, SwitchAnswered

TIMEOUT_S = 15.0
"""Without a renewal the venue cancels everything so long after the last."""
RENEW_S = 4.0
"""Two renewals may be lost."""
ARRIVES_WITHIN_NS = 5_000_000_000
"""A look begun later than this after an order was sent sees it."""

Armed = Literal["no", "yes", "maybe"]


class DeadManSwitch:
    """Armed only where it is proven that no protective order, ours or another's, rests at the venue and would go with
    the rest; from the moment one is to be sent it is disarmed, again and again until the venue says so. Times are
    monotonic ns."""

    def __init__(self) -> None:
        self.armed: Armed = "no"
        self._offered = False
        self._protected: bool | None = None
        """None until the venue was looked at."""
        self._leaving = False
        self._arrived_ns = 0
        """UTC: a look begun later sees every protective order that was sent."""
        self._asked_ns: int | None = None
        self._under_way = False
        """One request at a time: two could overtake each other."""

    def opened(self, *, offered: bool) -> None:
        """A connection stands; another's orders may have come meanwhile."""
        self._offered, self._protected = offered, None
        self._asked_ns, self._under_way = None, False

    def closed(self) -> None:
        self._offered = False
        self.armed = "no" if self.armed == "no" else "maybe"

    def leave(self) -> None:
        """We stop in good order: what another does after us must not be cancelled."""
        self._leaving, self._asked_ns = True, None

    def placing(self, intent: OrderIntended) -> None:
        """It is about to be sent."""
        if is_protective(intent.type):
            self._protected, self._arrived_ns = True, intent.at_ns + ARRIVES_WITHIN_NS
            self._asked_ns = None

    def seen(self, word: EvidenceGathered) -> None:
        """A look that may have missed a protective order on its way proves nothing by showing none."""
        orders = word.evidence.orders
        if any(order.state == "open" and is_protective(order.type) for order in orders):
            self._protected = True
        elif word.evidence.asked_ns >= self._arrived_ns:
            self._protected = False

    def answered(self, word: SwitchAnswered) -> None:
        self._under_way = False
        if word.outcome != "done":
            self._asked_ns = None  # not known to be as it should: asked again at the next turn
        elif word.timeout_s:
            self.armed = "yes"
        elif self._protected or self._leaving:
            self.armed = "no"

    def turn(self, now_ns: int) -> float | None:
        """What to ask the venue for now: a timeout, 0 to disarm, or nothing."""
        unknown = self._protected is None and not self._leaving
        if not self._offered or unknown or self._under_way:
            return None
        due = self._asked_ns is None or now_ns - self._asked_ns >= RENEW_S * 1e9
        if self._protected or self._leaving:
            if self.armed == "no" or not due:
                return None
            self._asked_ns, self._under_way = now_ns, True
            return 0.0
        if not due:
            return None
        self._asked_ns, self._under_way, self.armed = now_ns, True, "maybe"
        return TIMEOUT_S
