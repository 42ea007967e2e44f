"""What a strategy may return beside a `Target`: orders of its own, and changes to them.

`id` is the strategy's own word for an order, used once, ever; left empty, a new one is made. A strategy that wants to
modify or cancel an order gives it one, best of what it saw: said again after a crash it is the same order.
"""

from decimal import Decimal

import msgspec

from .group_events import Leg, OrderGroup
from .messages import PLAIN, ZERO, OrderType, Side, Terms


class Place(msgspec.Struct, frozen=True):
    """One order. A `price` is a limit; stop prices, trails and the rest are in `terms`."""

    side: Side
    amount: Decimal
    type: OrderType = "market"
    price: Decimal | None = None
    terms: Terms = PLAIN
    id: str = ""


class Bracket(msgspec.Struct, frozen=True):
    """An entry, at the market or at no worse than `price`, and two exits of all that it brings: a stop that rests at
    the venue as soon as anything filled, and a profit that is taken in its place."""

    side: Side
    amount: Decimal
    stop_loss: Decimal
    take_profit: Decimal
    price: Decimal | None = None
    id: str = ""


class OCO(msgspec.Struct, frozen=True):
    """Two exits of what is held, of which the first to come is the only one."""

    side: Side
    amount: Decimal
    stop_loss: Decimal
    take_profit: Decimal
    id: str = ""


class Modify(msgspec.Struct, frozen=True):
    """Make an order another; None leaves as it is. `leg` of a bracket: `entry`, `exit` (the stop) or `alternative`."""

    id: str
    amount: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    leg: str = ""


class Cancel(msgspec.Struct, frozen=True):
    """End an order with all that belongs to it."""

    id: str


Order = Place | Bracket | OCO
Change = Modify | Cancel


def group_of(order: Order, group_id: str, strategy: str, symbol: str, cause: str) -> OrderGroup:
    """The orders that are meant."""
    if isinstance(order, Place):
        leg = Leg(order.side, order.type, order.amount, order.price, order.terms)
        return OrderGroup(group_id, "single", strategy, symbol, leg, cause=cause)
    if isinstance(order, OCO):
        exits = _exits(order, order.side, order.amount)
        return OrderGroup(group_id, "oco", strategy, symbol, None, *exits, cause=cause)
    entry = Leg(order.side, "market" if order.price is None else "limit", order.amount, order.price)
    exits = _exits(order, "sell" if order.side == "buy" else "buy", ZERO)
    return OrderGroup(group_id, "bracket", strategy, symbol, entry, *exits, cause=cause)


def _exits(order: Bracket | OCO, side: Side, amount: Decimal) -> tuple[Leg, Leg]:
    return (
        Leg(side, "stop_loss", amount, terms=Terms(stop_price=order.stop_loss)),
        Leg(side, "take_profit", amount, terms=Terms(stop_price=order.take_profit)),
    )
