"""The life of an order as one visible table. After nautilus_trader's practice, with UNKNOWN added.

`UNKNOWN`: the outcome is not proven. It reserves its worst case, is never sent again, and is left only on the venue's
own evidence.
"""

from enum import StrEnum


class OrderState(StrEnum):
    HELD = "held"
    """Waits here until the market sets it off; the venue knows nothing of it."""
    TRIGGERED = "triggered"
    """Asked of risk, which approves or refuses it."""
    INTENDED = "intended"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


S = OrderState

CLOSED = frozenset({S.FILLED, S.CANCELLED, S.REJECTED})

DOUBTFUL = (S.INTENDED, S.SUBMITTED, S.UNKNOWN)
"""Whether the venue holds such an order is not proven."""

TRANSITIONS: dict[OrderState, frozenset[OrderState]] = {
    S.HELD: frozenset({S.TRIGGERED, S.CANCELLED}),
    # Refused, it is held again, or has come to its end.
    S.TRIGGERED: frozenset({S.HELD, S.INTENDED, S.REJECTED, S.CANCELLED}),
    # An order found at the venue may have been sent though the journal lost the word of it.
    S.INTENDED: frozenset({S.SUBMITTED, S.ACCEPTED, S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.REJECTED, S.UNKNOWN}),
    # The stream may be ahead of the answer: filled or cancelled before it was accepted.
    S.SUBMITTED: frozenset({S.ACCEPTED, S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.REJECTED, S.UNKNOWN}),
    # A venue may take an order at its door and reject it at its engine.
    S.ACCEPTED: frozenset({S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.REJECTED, S.UNKNOWN}),
    S.PARTIALLY_FILLED: frozenset({S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.UNKNOWN}),
    S.UNKNOWN: frozenset({S.ACCEPTED, S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.REJECTED}),
    # Late fills really happen: the cancel won the race at the venue's door, the fill at its engine. A late partial
    # fill is booked and leaves the order cancelled.
    S.CANCELLED: frozenset({S.FILLED}),
    S.FILLED: frozenset(),
    S.REJECTED: frozenset(),
}


def may_follow(state: OrderState, following: OrderState) -> bool:
    """True where the table allows `following` after `state`."""
    return following in TRANSITIONS[state]
