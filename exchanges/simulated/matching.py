"""Which trades an order makes: pure arithmetic over levels of price and size, best first.

The market is given: it does not react to the account's own orders, and what one order took stands there again for
the next, until the market itself changes.
"""

from collections.abc import Iterable, Iterator
from decimal import ROUND_DOWN, Decimal

from ...trading.messages import Level
from .orders import Order
from .records import OrderSide

FEE_RATE = Decimal("0.001")
FEE_STEP = Decimal("0.00000001")


def fee_of(received: Decimal) -> Decimal:
    """0.1 % of the amount received, in whole hundred-millionths of its asset, rounded down."""
    return (received * FEE_RATE).quantize(FEE_STEP, ROUND_DOWN)


def reaches(side: OrderSide, limit: Decimal, price: Decimal) -> bool:
    """Whether an order of that side and limit may trade at `price`."""
    return price <= limit if side == "BUY" else price >= limit


def within(levels: Iterable[Level], side: OrderSide, limit: Decimal) -> Iterator[Level]:
    """The levels up to the limit."""
    for level in levels:
        if not reaches(side, limit, level[0]):
            return
        yield level


def take(levels: Iterable[Level], quantity: Decimal) -> list[Level]:
    """What a taker of `quantity` gets, level by level; less where the levels hold less."""
    taken = []
    for price, size in levels:
        part = min(size, quantity)
        if part <= 0:
            break
        taken.append((price, part))
        quantity -= part
    return taken


def spend(levels: Iterable[Level], budget: Decimal, step: Decimal) -> list[Level]:
    """What `budget` of the quote currency buys (or, sold for it, yields) in whole steps of the amount."""
    taken = []
    for price, size in levels:
        part = min(size, budget / price) // step * step
        if part <= 0:
            break
        taken.append((price, part))
        budget -= price * part
    return taken


def share(orders: Iterable[Order], size: Decimal) -> list[tuple[Order, Decimal]]:
    """How `size` of the market fills resting orders, in their priority: (order, amount)."""
    shares = []
    for order in orders:
        part = min(order.remaining, size)
        if part <= 0:
            break
        if order.iceberg:  # what is hidden comes up when what is seen was taken, for the next event
            part = min(part, order.iceberg)
        shares.append((order, part))
        size -= part
    return shares
