"""What a venue itself says of an account: the only thing that ends doubt."""

from decimal import Decimal
from typing import Literal

from .messages import Message, OrderType, Side
from .order_events import FundsMoved, OrderFilled

VenueState = Literal["open", "filled", "cancelled", "rejected", "missing"]
"""`missing`: asked for by its client id, the venue answered that it holds no such order."""


class VenueOrder(Message, frozen=True, gc=False):
    client_id: str
    venue_id: str
    symbol: str
    state: VenueState
    side: Side = "buy"
    type: OrderType = "limit"
    amount: Decimal = Decimal(0)
    price: Decimal | None = None
    filled: Decimal = Decimal(0)
    stop_price: Decimal | None = None


class Evidence(Message, frozen=True, gc=False):
    """One consistent-enough look at an account: all open orders, orders asked for by id, trades past those known, and
    the totals (free and locked) of every currency. Fills of orders unknown to the books have an empty `client_id`."""

    asked_ns: int
    orders: tuple[VenueOrder, ...]
    trades: tuple[OrderFilled, ...]
    last_trade_ids: dict[str, int]
    balances: dict[str, Decimal]
    venue_ns: int
    """By the venue's own clock, before the orders were looked at: what decides whether a request can still arrive."""
    transfers: tuple[FundsMoved, ...] = ()
    """Oldest first, where they were asked for."""
