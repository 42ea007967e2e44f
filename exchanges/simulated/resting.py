"""What a market event does to the orders on the book: who moves forward in the queue, and who is filled."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import takewhile

from ...trading.book import BookSide
from ...trading.messages import ZERO
from ..market_events import DepthEvent, TickerEvent, TradeEvent
from .execution import Rate, fee
from .market import Market
from .open_orders import OpenOrders
from .orders import Order
from .queues import Reached, reached, restated
from .records import AnyRecord, OrderFilled, OrderSide, QueueMoved
from .state import VenueState

SIDES: tuple[tuple[BookSide, OrderSide], ...] = (("bid", "BUY"), ("ask", "SELL"))
TRADED_MAX = 1_000


def moved_by(event: TickerEvent | DepthEvent, market: Market, book: OpenOrders) -> list[tuple[int, Decimal]]:
    """Who stands where once the event, which the market does not know yet, says what levels hold."""
    symbol = event.symbol
    prices = {side: book.prices(symbol, order_side) for side, order_side in SIDES}
    moved: list[tuple[int, Decimal]] = []
    for side, price, after in market.stated(event):
        traded = market.traded.pop((side, price), ZERO) if market.traded else ZERO
        if price in prices[side]:
            orders = book.at(symbol, "BUY" if side == "bid" else "SELL", price)
            moved += restated(orders, market.displayed(side, price), after, traded)
    if isinstance(event, TickerEvent):
        moved += [(each.order_id, ZERO) for each in _before_all(event, book) if each.ahead]
    return moved


def passed_by(event: TradeEvent, market: Market, book: OpenOrders) -> Reached:
    """A stranger's trade: at its price it takes from the queue of the side that was there first."""
    fills: list[tuple[Order, Decimal]] = []
    ahead: list[tuple[int, Decimal]] = []
    for side, order_side in SIDES:
        theirs = event.buyer_is_maker == (side == "bid")
        if orders := book.reached_by(event.symbol, order_side, event.price):
            found = reached(orders, event.price, event.size, their_queue=theirs)
            fills += found.fills
            ahead += found.ahead
            if theirs and orders[-1].price == event.price and len(market.traded) < TRADED_MAX:
                key = side, event.price
                market.traded[key] = market.traded.get(key, ZERO) + event.size
    return Reached(fills, ahead)


def crossed_by(event: TickerEvent, market: Market, book: OpenOrders, now_ms: int) -> list[tuple[Order, Decimal]]:
    """The other side's best quote at or beyond the price of orders: it fills them up to its size, once."""
    fills: list[tuple[Order, Decimal]] = []
    offers: tuple[tuple[BookSide, OrderSide, Decimal, Decimal], ...] = (
        ("ask", "BUY", event.ask, event.ask_size),
        ("bid", "SELL", event.bid, event.bid_size),
    )
    for side, order_side, price, size in offers:
        if orders := book.reached_by(event.symbol, order_side, price):
            left = size - market.impact.taken(side, price, now_ms)
            found = reached(orders, price, left, their_queue=False).fills
            if found:
                market.impact.take(side, price, sum((part for _, part in found), ZERO), now_ms)
            fills += found
    return fills


def filled_as_makers(
    fills: Iterable[tuple[Order, Decimal]], last_trade_id: int, rate: Rate, market: Market, now_ms: int
) -> list[AnyRecord]:
    """At their own prices; what of an iceberg comes up next stands behind all that is displayed."""
    records: list[AnyRecord] = []
    for trade_id, (order, part) in enumerate(fills, last_trade_id + 1):
        cost = fee(order, order.price, part, rate(order.uid, True))
        records.append(OrderFilled(order.order_id, trade_id, order.price, part, cost, maker=True, at_ms=now_ms))
        if order.iceberg and order.shown <= part < order.remaining:
            ahead = market.displayed("bid" if order.side == "BUY" else "ask", order.price)
            records.append(QueueMoved(((order.order_id, ahead),)))
    return records


def feel_again(markets: Mapping[str, Market], state: VenueState) -> None:
    """After a restart: what takers took a moment ago is still missing from the markets, as much as was not healed."""
    begun_ms = state.books.updated_ms - max((market.impact.lasts_ms for market in markets.values()), default=0)
    recent = [*takewhile(lambda fill: fill.at_ms >= begun_ms, reversed(state.books.fills))]
    for fill in reversed(recent):
        market = markets.get(fill.symbol)
        if market and not fill.maker and not fill.counter_id:
            market.impact.take("ask" if fill.side == "BUY" else "bid", fill.price, fill.quantity, fill.at_ms)


def _before_all(event: TickerEvent, book: OpenOrders) -> Iterable[Order]:
    """Orders at better prices than any stranger's."""
    for order in book.on_book(event.symbol, "BUY"):
        if order.price <= event.bid:
            break
        yield order
    for order in book.on_book(event.symbol, "SELL"):
        if order.price >= event.ask:
            break
        yield order
