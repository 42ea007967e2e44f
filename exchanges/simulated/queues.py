"""Where resting orders stand in the queue of their price, and what moves them forward: pure.

The displayed size is strangers' alone: our orders are not part of the replayed book. An order joins behind all of it.
Trades take from the front; what else leaves is a stranger's cancel, of whom nobody knows where he stood: it takes from
before and behind alike.
"""

from collections.abc import Iterable
from decimal import ROUND_UP, Decimal
from typing import NamedTuple

from .accounts import ZERO
from .orders import Order

AHEAD_STEP = Decimal("1e-8")


class Reached(NamedTuple):
    """What a stranger's trade did to resting orders: whom it filled how far, and who stands where now."""

    fills: list[tuple[Order, Decimal]]
    ahead: list[tuple[int, Decimal]]


def reached(orders: Iterable[Order], price: Decimal, size: Decimal, *, their_queue: bool) -> Reached:
    """A trade at `price` meets the orders it reaches, best first. What trades beyond an order's price, or on the other
    side at its price, went through it. `their_queue`: the trade took from the side they are on."""
    fills: list[tuple[Order, Decimal]] = []
    ahead: list[tuple[int, Decimal]] = []
    passed = ZERO
    for order in orders:
        if size <= 0 and not passed:
            break
        if order.price != price or not their_queue:
            before, most = ZERO, order.remaining
        else:
            step = min(size, max(ZERO, order.ahead - passed))
            size, passed = size - step, passed + step
            before, most = max(ZERO, order.ahead - passed), order.visible
        if before != order.ahead:
            ahead.append((order.order_id, before))
        if not before and (part := min(most, size)) > 0:
            fills.append((order, part))
            size -= part
    return Reached(fills, ahead)


def restated(orders: Iterable[Order], before: Decimal, after: Decimal, traded: Decimal) -> list[tuple[int, Decimal]]:
    """Who stands where once a level of size `before` is said to hold `after`, where trades of `traded` were counted
    since."""
    standing = before - traded
    moved = []
    for order in orders:
        ahead = min(order.ahead, after)
        if after < standing:
            ahead = min(ahead, (order.ahead * after / standing).quantize(AHEAD_STEP, ROUND_UP))
        if ahead != order.ahead:
            moved.append((order.order_id, ahead))
    return moved
