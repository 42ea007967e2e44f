"""The matching engine: decides what a request or a market event changes, and commits it as one batch of records.

Deciding is pure; `commit` makes the batch durable before it takes effect, so that no reply tells of a lost order.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import chain
from typing import Protocol

import msgspec

from ...trading.instruments import Instrument
from ...trading.messages import Level
from ..binance.decoder import DepthEvent, MarketEvent, TickerEvent, TradeEvent
from .accounts import ZERO
from .errors import (
    DUPLICATE_ORDER,
    INSUFFICIENT_BALANCE,
    INVALID_SYMBOL,
    UNKNOWN_ORDER,
    WOULD_MATCH,
    WOULD_TRIGGER,
    RequestRefused,
)
from .filters import (
    check_notional,
    check_open_orders,
    check_price,
    check_quantity,
    check_stop_price,
    check_waiting_orders,
)
from .market import Market
from .matching import fee_of, share, spend, take, within
from .orders import Order
from .records import (
    AnyRecord,
    BalanceCredited,
    OrderClosed,
    OrderFilled,
    OrderKind,
    OrderOpened,
    OrderSide,
    OrderTriggered,
    PositionNoted,
    TimeInForce,
    encode_batch,
)
from .state import VenueState
from .stops import LOCK_MARGIN, affordable, is_market, triggers

OPEN_ORDERS_MAX = 10_000


class Log(Protocol):
    """Where the records go: a payload is durable when `append` returns, and comes back in order at a restart."""

    def append(self, payload: bytes) -> None: ...


class Listener(Protocol):
    """Hears every record after it took effect, with the order it concerns as it stands then, and the end of every
    batch; it must not raise."""

    def changed(self, record: AnyRecord, order: Order | None) -> None: ...

    def committed(self) -> None: ...


class OrderRequest(msgspec.Struct, frozen=True):
    """A new order, well-formed but not yet judged. A market order has no price and one of the two quantities; an order
    that waits has a stop price."""

    symbol: str
    side: OrderSide
    type: OrderKind
    client_id: str
    time_in_force: TimeInForce = "GTC"
    price: Decimal = ZERO
    quantity: Decimal = ZERO
    quote_quantity: Decimal = ZERO
    stop_price: Decimal = ZERO


class Engine:
    """One account on the markets of some instruments."""

    def __init__(
        self,
        state: VenueState,
        instruments: Iterable[Instrument],
        log: Log,
        listener: Listener,
        open_orders_max: int = OPEN_ORDERS_MAX,
    ) -> None:
        self.state = state
        self.markets = {instrument.venue_symbol: Market(instrument) for instrument in instruments}
        self.open_orders_max = open_orders_max
        self._log = log
        self._listener = listener

    def market(self, symbol: str) -> Market:
        """Raises RequestRefused for a symbol this venue does not have."""
        try:
            return self.markets[symbol]
        except KeyError:
            raise RequestRefused(INVALID_SYMBOL) from None

    def credit(self, amounts: dict[str, Decimal]) -> None:
        self.commit([BalanceCredited(asset, amount) for asset, amount in amounts.items()])

    def note_position(self, position: PositionNoted) -> None:
        self.commit([position])

    def place(self, request: OrderRequest, now_ms: int) -> Order:
        """Accept an order and match it at once. Raises RequestRefused, and then nothing changed."""
        records = self.decide(request, now_ms)
        self.commit(records)
        return self.state.books.orders[records[0].order_id]

    def decide(self, request: OrderRequest, now_ms: int) -> list[OrderOpened | OrderFilled | OrderClosed]:
        """What accepting the order would change. Raises RequestRefused."""
        market = self.market(request.symbol)
        _check_filters(request, market)
        if self.state.open.find(request.client_id):
            raise RequestRefused(DUPLICATE_ORDER)
        check_open_orders(len(self.state.open), self.open_orders_max)
        if request.stop_price:
            self._check_stop(request, market)
            return [self._open(request, market.instrument, [], now_ms)]
        taken = _match(request, market)
        if taken and request.type == "LIMIT_MAKER":
            raise RequestRefused(WOULD_MATCH)
        opened = self._open(request, market.instrument, taken, now_ms)
        return [opened, *self._fills(opened, taken, now_ms), *_rest(opened, taken, now_ms)]

    def cancel(self, order: Order | None, request_id: str, now_ms: int) -> Order:
        """Raises RequestRefused for an order that is not open."""
        return self.cancel_all([order] if order else [], request_id, now_ms)[0]

    def cancel_all(self, orders: Sequence[Order], request_id: str, now_ms: int) -> list[Order]:
        """All or none. Raises RequestRefused for no order at all, or one that is not open."""
        if not orders or not all(order.is_open for order in orders):
            raise RequestRefused(UNKNOWN_ORDER)
        self.commit([OrderClosed(order.order_id, "CANCELED", request_id, now_ms) for order in orders])
        return list(orders)

    def observe(self, symbol: str, event: MarketEvent, now_ms: int) -> None:
        """Take a market event in: it fills the resting orders it reaches as maker at their own price, and a trade
        triggers those that wait for its price.

        A trade at or through their price fills orders up to its size; so does the opposite best quote crossing it.
        """
        self.markets[symbol].apply(event)
        if len(self.state.open):
            fills = list(self._maker_fills(symbol, _offers(event), now_ms))
            if fills:
                self.commit(fills)
            if isinstance(event, TradeEvent):
                self._trigger(symbol, event.price, now_ms)

    def commit(self, records: Sequence[AnyRecord]) -> None:
        self._log.append(encode_batch(records))
        for record in records:
            self._listener.changed(record, self.state.apply(record))
        self._listener.committed()

    def _open(self, request: OrderRequest, instrument: Instrument, taken: list[Level], now_ms: int) -> OrderOpened:
        # An order by cost takes the quantity its cost bought, as the real venue reports it.
        quantity = request.quantity or sum((size for _, size in taken), ZERO)
        locked = _worst_payment(request, quantity, taken)
        pays = instrument.quote if request.side == "BUY" else instrument.base
        if max(locked, request.quote_quantity if request.side == "BUY" else ZERO) > self.state.books.account.free(pays):
            raise RequestRefused(INSUFFICIENT_BALANCE)
        order_id = self.state.books.last_order_id + 1
        return OrderOpened(
            order_id=order_id,
            client_id=request.client_id or f"venue.{order_id}",
            symbol=request.symbol,
            base=instrument.base,
            quote=instrument.quote,
            side=request.side,
            type=request.type,
            time_in_force=request.time_in_force,
            price=request.price,
            quantity=quantity,
            quote_quantity=request.quote_quantity,
            locked=locked,
            at_ms=now_ms,
            stop_price=request.stop_price,
        )

    def _trigger(self, symbol: str, price: Decimal, now_ms: int) -> None:
        """What waited for `price` works, and takes at once what it may; each order in a batch of its own."""
        market = self.markets[symbol]
        for order in self.state.open.waiting(symbol):
            if triggers(order.type, order.side, order.stop_price, price):
                taken = _match(order, market)
                if order.side == "BUY":
                    taken = affordable(taken, order.locked, market.instrument.step_size)
                fills = self._fills(order, taken, now_ms)
                self.commit([OrderTriggered(order.order_id, now_ms), *fills, *_rest(order, taken, now_ms)])

    def _check_stop(self, request: OrderRequest, market: Market) -> None:
        """Raises RequestRefused."""
        check_stop_price(market.instrument, request.stop_price)
        check_waiting_orders(len(self.state.open.waiting(request.symbol)))
        price = market.last_price
        if price and triggers(request.type, request.side, request.stop_price, price):
            raise RequestRefused(WOULD_TRIGGER)

    def _fills(self, opened: OrderOpened | Order, taken: list[Level], now_ms: int) -> Iterable[OrderFilled]:
        for trade_id, (price, size) in enumerate(taken, self.state.books.last_trade_id + 1):
            fee = fee_of(size if opened.side == "BUY" else price * size)
            yield OrderFilled(opened.order_id, trade_id, price, size, fee, maker=False, at_ms=now_ms)

    def _maker_fills(
        self, symbol: str, offers: Iterable[tuple[OrderSide, Decimal, Decimal]], now_ms: int
    ) -> Iterable[OrderFilled]:
        shares = chain.from_iterable(
            share(self.state.open.reached_by(symbol, side, price), size) for side, price, size in offers
        )
        for trade_id, (order, part) in enumerate(shares, self.state.books.last_trade_id + 1):
            fee = fee_of(part if order.side == "BUY" else order.price * part)
            yield OrderFilled(order.order_id, trade_id, order.price, part, fee, maker=True, at_ms=now_ms)


def _check_filters(request: OrderRequest, market: Market) -> None:
    instrument, last_price = market.instrument, market.last_price
    if not request.quote_quantity:
        check_quantity(instrument, request.quantity)
    if not is_market(request.type):
        check_price(instrument, request.price, last_price)
    price = request.price or request.stop_price or last_price
    if request.quote_quantity or price:
        check_notional(instrument, request.quote_quantity or request.quantity * (price or ZERO))


def _match(request: OrderRequest | Order, market: Market) -> list[Level]:
    """What the order takes at once: nothing of a FOK order that cannot be filled whole."""
    levels: Iterable[Level] = market.levels("ask" if request.side == "BUY" else "bid")
    if request.type == "MARKET" and request.quote_quantity:
        return spend(levels, request.quote_quantity, market.instrument.step_size)
    if not is_market(request.type):
        levels = within(levels, request.side, request.price)
    taken = take(levels, request.quantity)
    whole = sum(size for _, size in taken) == request.quantity
    return taken if whole or request.time_in_force != "FOK" else []


def _worst_payment(request: OrderRequest, quantity: Decimal, taken: list[Level]) -> Decimal:
    """The most the order can pay, in the asset it pays with."""
    if request.side == "SELL":
        return quantity
    if price := request.price or request.stop_price * LOCK_MARGIN:
        return price * quantity
    return sum((price * size for price, size in taken), ZERO)


def _rest(opened: OrderOpened | Order, taken: list[Level], now_ms: int) -> list[OrderClosed]:
    """The end of an order that may not rest."""
    filled = sum((size for _, size in taken), ZERO)
    rests = not is_market(opened.type) and opened.time_in_force == "GTC"
    if rests or (filled and filled == opened.quantity):
        return []
    return [OrderClosed(opened.order_id, "EXPIRED", "", now_ms)]


def _offers(event: MarketEvent) -> list[tuple[OrderSide, Decimal, Decimal]]:
    """What the market offers resting orders: (their side, price, size)."""
    match event:
        case TradeEvent():
            return [("BUY", event.price, event.size), ("SELL", event.price, event.size)]
        case TickerEvent():
            return [("BUY", event.ask, event.ask_size), ("SELL", event.bid, event.bid_size)]
        case DepthEvent():
            return []
