"""What a match makes of a taker and of those it met, as records: fills, prevented trades, and the taker's end. Pure."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from .fees import fee_of
from .matching import Match
from .orders import Order
from .records import OrderClosed, OrderFilled, OrderOpened, TradePrevented
from .state import VenueState
from .stops import is_market

Rate = Callable[[int, bool], Decimal]
"""The fee rate of an account: (uid, whether as maker)."""
Executed = OrderFilled | TradePrevented | OrderClosed
Taker = OrderOpened | Order


def execute(taker: Taker, met: Match, state: VenueState, rate: Rate, now_ms: int) -> Iterator[Executed]:
    """In the order in which accounts are told."""
    yield from _trades(taker, met, state.books.last_trade_id, rate, now_ms)
    yield from _preventions(taker, met, state.books.last_prevented_id, now_ms)
    if not met.expired:
        yield from _end(taker, met, now_ms)


def fee(order: Taker, price: Decimal, quantity: Decimal, rate: Decimal) -> Decimal:
    """Of what the order receives, or of its worth in the quote currency."""
    received_base = order.side == "BUY" and order.fee_reserve is None
    return fee_of(quantity if received_base else price * quantity, rate)


def _trades(taker: Taker, met: Match, last_id: int, rate: Rate, now_ms: int) -> Iterator[OrderFilled]:
    taking = rate(taker.uid, False)
    for trade_id, (price, size, maker) in enumerate(met.taken, last_id + 1):
        cost = fee(taker, price, size, taking)
        counter_id = maker.order_id if maker else 0
        yield OrderFilled(taker.order_id, trade_id, price, size, cost, False, now_ms, counter_id)
        if maker:
            cost = fee(maker, price, size, rate(maker.uid, True))
            yield OrderFilled(maker.order_id, trade_id, price, size, cost, True, now_ms, taker.order_id)


def _preventions(taker: Taker, met: Match, last_id: int, now_ms: int) -> Iterator[TradePrevented]:
    mode = taker.prevention
    for prevented_id, (price, size, maker) in enumerate(met.prevented, last_id + 1):
        assert maker is not None
        common = prevented_id, taker.order_id, price, size, mode, now_ms
        if mode != "EXPIRE_TAKER":
            yield TradePrevented(maker.order_id, taker.order_id, *common)
        if mode != "EXPIRE_MAKER":
            yield TradePrevented(taker.order_id, maker.order_id, *common)


def _end(taker: Taker, met: Match, now_ms: int) -> Iterator[OrderClosed]:
    """Of an order that may not rest, and is not filled."""
    by_market = is_market(taker.type)
    filled = met.quantity
    if (not by_market and taker.time_in_force == "GTC") or (filled and filled == taker.quantity):
        return
    reason = "INSUFFICIENT_LIQUIDITY" if by_market else _UNFILLED[taker.time_in_force]
    yield OrderClosed(taker.order_id, "EXPIRED", "", now_ms, reason)


_UNFILLED = {"IOC": "UNFILLED_IOC_QUANTITY_EXPIRED", "FOK": "UNFILLED_FOK_ORDER_EXPIRED"}
