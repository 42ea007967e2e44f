"""Which trades a taker makes: pure arithmetic over offers of price and size, best first.

At a price, strangers and our own accounts' orders stand in one queue; what an iceberg hides comes after all that is
shown there.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from ...trading.messages import Level
from .accounts import ZERO
from .orders import Order
from .records import OrderSide, Prevention


class Offer(NamedTuple):
    price: Decimal
    size: Decimal
    maker: Order | None = None
    """Whose it is, where it is an order of this venue."""


class Wish(NamedTuple):
    """What a taker wants: up to `quantity`, and for no more than `budget` of the quote currency; None: unbounded."""

    uid: int
    prevention: Prevention
    quantity: Decimal | None
    budget: Decimal | None
    step: Decimal


class Match(NamedTuple):
    taken: list[Offer]
    prevented: list[Offer]
    """Offers of the same account that were met, with what the two would have traded."""
    expired: bool
    """Whether the taker ended by it."""

    @property
    def quantity(self) -> Decimal:
        return sum((offer.size for offer in self.taken), ZERO)

    @property
    def cost(self) -> Decimal:
        return sum((offer.price * offer.size for offer in self.taken), ZERO)


NOTHING = Match([], [], expired=False)


def reaches(side: OrderSide, limit: Decimal, price: Decimal) -> bool:
    """Whether an order of that side and limit may trade at `price`."""
    return price <= limit if side == "BUY" else price >= limit


def within(offers: Iterable[Offer], side: OrderSide, limit: Decimal) -> Iterator[Offer]:
    """The offers up to the limit."""
    for offer in offers:
        if not reaches(side, limit, offer.price):
            return
        yield offer


def match(offers: Iterable[Offer], wish: Wish) -> Match:
    """What a taker gets, offer by offer; less where the offers hold less."""
    taken: list[Offer] = []
    prevented: list[Offer] = []
    quantity, budget = wish.quantity, wish.budget
    for price, size, maker in offers:
        part = size if quantity is None else min(size, quantity)
        if budget is not None:
            part = min(part, budget / price // wish.step * wish.step)
        if part <= 0:
            break
        if maker is not None and maker.uid == wish.uid and wish.prevention != "NONE":
            if all(offer.maker is not maker for offer in prevented):
                prevented.append(Offer(price, part, maker))
            if wish.prevention != "EXPIRE_MAKER":
                return Match(taken, prevented, expired=True)
            continue
        taken.append(Offer(price, part, maker))
        quantity = None if quantity is None else quantity - part
        budget = None if budget is None else budget - price * part
    return Match(taken, prevented, expired=False)


def queued(strangers: Iterable[Level], ours: Iterable[Order], side: OrderSide) -> Iterator[Offer]:
    """Strangers' levels and our resting orders of one side as one queue, best first."""
    own = groupby(ours, key=lambda order: order.price)
    mine = next(own, None)
    for price, size in strangers:
        while mine is not None and (mine[0] > price if side == "BUY" else mine[0] < price):
            yield from _interleaved(mine[0], ZERO, list(mine[1]))
            mine = next(own, None)
        if mine is not None and mine[0] == price:
            yield from _interleaved(price, size, list(mine[1]))
            mine = next(own, None)
        else:
            yield Offer(price, size)
    while mine is not None:
        yield from _interleaved(mine[0], ZERO, list(mine[1]))
        mine = next(own, None)


def _interleaved(price: Decimal, size: Decimal, orders: list[Order]) -> Iterator[Offer]:
    passed = ZERO
    for order in orders:
        before = min(order.ahead, size) - passed
        if before > 0:
            yield Offer(price, before)
            passed += before
        yield Offer(price, order.visible, order)
    if size > passed:
        yield Offer(price, size - passed)
    for order in orders:
        if hidden := order.remaining - order.visible:
            yield Offer(price, hidden, order)
