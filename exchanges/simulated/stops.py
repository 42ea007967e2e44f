"""Orders that wait for a price: what triggers them, and what they are once triggered.

As Binance spot defines them: a stop-loss sells when the market falls to its stop price and buys when it rises to it; a
take-profit is the other way round. Trades trigger. The kinds without a limit become market orders. A trailing order of
either kind follows the market from the placement on, or from its stop price on where it has one, and is triggered once
the market came back from its best by the trail.
"""

from decimal import Decimal

from .records import OrderKind, OrderSide

WORKS_AS: dict[OrderKind, OrderKind] = {
    "STOP_LOSS": "MARKET",
    "STOP_LOSS_LIMIT": "LIMIT",
    "TAKE_PROFIT": "MARKET",
    "TAKE_PROFIT_LIMIT": "LIMIT",
}
"""The kinds that wait, and the kind each is once triggered."""

LOCK_MARGIN = Decimal("1.05")
"""A buy without a limit locks this much more than its stop price costs, and buys at most what that affords."""


def is_market(kind: OrderKind) -> bool:
    """Whether an order of that kind takes any price, once it works."""
    return WORKS_AS.get(kind, kind) == "MARKET"


def triggers(kind: OrderKind, side: OrderSide, stop_price: Decimal, price: Decimal) -> bool:
    """Whether a trade at `price` triggers an order of a fixed stop price; of a trailing one, whether its trail begins
    there."""
    rising = (side == "BUY") == kind.startswith("STOP_LOSS")
    return price >= stop_price if rising else price <= stop_price


def falls_back(side: OrderSide, stop_price: Decimal, price: Decimal) -> bool:
    """Whether a trade at `price` triggers a trailing order: of any kind, a seller's falls, a buyer's rises."""
    return price <= stop_price if side == "SELL" else price >= stop_price


def trailed(side: OrderSide, price: Decimal, delta: int, tick: Decimal) -> Decimal:
    """The stop price that a trade at `price` asks of a trailing stop, `delta` hundredths of a per cent away."""
    away = price * delta / 10_000
    return (price - away if side == "SELL" else price + away) // tick * tick
