"""Orders that wait, as the trades go by: where a trail moves, and when one works."""

from decimal import Decimal

from .orders import Order
from .stops import falls_back, trailed, triggers


def moved_trail(order: Order, price: Decimal, tick: Decimal) -> Decimal:
    """The order's stop price after a trade: a trail begins at its activation, goes with the market, and never back."""
    if not order.trailing_delta:
        return order.stop_price
    if not order.stop_price and not triggers(order.type, order.side, order.activation, price):
        return order.stop_price
    stop = trailed(order.side, price, order.trailing_delta, tick)
    if not order.stop_price:
        return stop
    return max(stop, order.stop_price) if order.side == "SELL" else min(stop, order.stop_price)


def is_triggered(order: Order, price: Decimal) -> bool:
    """Whether a trade at `price` makes a waiting order work."""
    if not order.trailing_delta:
        return triggers(order.type, order.side, order.stop_price, price)
    return bool(order.stop_price) and falls_back(order.side, order.stop_price, price)
