"""What a new order comes to on a market: pure, and refused as Binance refuses it."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from ...trading.messages import Level
from ..market_events import DepthEvent, MarketEvent, TickerEvent, TradeEvent
from .accounts import ZERO
from .filters import check_iceberg, check_notional, check_price, check_quantity, check_trailing
from .market import Market
from .matching import spend, take, within
from .orders import Order, OrderRequest
from .records import OrderClosed, OrderOpened, OrderSide
from .stops import LOCK_MARGIN, is_market, trailed


def begin_trail(request: OrderRequest, market: Market) -> OrderRequest:
    """Raises RequestRefused."""
    check_trailing(request.trailing_delta, market.last_price)
    price, tick = market.last_price or ZERO, market.instrument.tick_size
    stop_price = trailed(request.side, price, request.trailing_delta, tick)
    return msgspec.structs.replace(request, stop_price=stop_price)


def check_filters(request: OrderRequest, market: Market) -> None:
    instrument, last_price = market.instrument, market.last_price
    if not request.quote_quantity:
        check_quantity(instrument, request.quantity)
    if request.iceberg:
        check_iceberg(instrument, request.iceberg, request.quantity)
    if not is_market(request.type):
        check_price(instrument, request.price, last_price)
    price = request.price or request.stop_price or last_price
    if request.quote_quantity or price:
        check_notional(instrument, request.quote_quantity or request.quantity * (price or ZERO))


def match(request: OrderRequest | Order, market: Market) -> list[Level]:
    """What the order takes at once: nothing of a FOK order that cannot be filled whole."""
    levels: Iterable[Level] = market.levels("ask" if request.side == "BUY" else "bid")
    if request.type == "MARKET" and request.quote_quantity:
        return spend(levels, request.quote_quantity, market.instrument.step_size)
    if not is_market(request.type):
        levels = within(levels, request.side, request.price)
    taken = take(levels, request.quantity)
    whole = sum(size for _, size in taken) == request.quantity
    return taken if whole or request.time_in_force != "FOK" else []


def worst_payment(request: OrderRequest, quantity: Decimal, taken: list[Level]) -> Decimal:
    """The most the order can pay, in the asset it pays with."""
    if request.side == "SELL":
        return quantity
    if price := request.price or request.stop_price * LOCK_MARGIN:
        return price * quantity
    return sum((price * size for price, size in taken), ZERO)


def rest(opened: OrderOpened | Order, taken: list[Level], now_ms: int) -> list[OrderClosed]:
    """The end of an order that may not rest."""
    filled = sum((size for _, size in taken), ZERO)
    rests = not is_market(opened.type) and opened.time_in_force == "GTC"
    if rests or (filled and filled == opened.quantity):
        return []
    return [OrderClosed(opened.order_id, "EXPIRED", "", now_ms)]


def offers(event: MarketEvent) -> list[tuple[OrderSide, Decimal, Decimal]]:
    """What the market offers resting orders: (their side, price, size)."""
    match event:
        case TradeEvent():
            return [("BUY", event.price, event.size), ("SELL", event.price, event.size)]
        case TickerEvent():
            return [("BUY", event.ask, event.ask_size), ("SELL", event.bid, event.bid_size)]
        case DepthEvent():
            return []
