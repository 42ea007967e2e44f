"""The matching engine: decides what a request or a market event changes, and commits it as one batch of records.

Deciding is pure; `commit` makes the batch durable before it takes effect, so that no reply tells of a lost order.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import chain
from typing import Protocol

from ...trading.instruments import Instrument
from ...trading.messages import Level
from ..market_events import MarketEvent, TradeEvent
from .accounts import ZERO
from .deciding import begin_trail, check_filters, match, offers, rest, worst_payment
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
    check_open_orders,
    check_stop_price,
    check_transfer,
    check_waiting_orders,
)
from .market import Market
from .matching import fee_of, share
from .orders import Order, OrderRequest
from .records import (
    AnyRecord,
    BalanceCredited,
    FundsTransferred,
    OrderClosed,
    OrderFilled,
    OrderOpened,
    OrderSide,
    OrderTrailed,
    OrderTriggered,
    PositionNoted,
    encode_batch,
)
from .state import VenueState
from .stops import affordable, trailed, triggers

OPEN_ORDERS_MAX = 10_000


class Log(Protocol):
    """Where the records go: a payload is durable when `append` returns, and comes back in order at a restart."""

    def append(self, payload: bytes) -> None: ...


class Listener(Protocol):
    """Hears every record after it took effect, with the order it concerns as it stands then, and the end of every
    batch; it must not raise."""

    def changed(self, record: AnyRecord, order: Order | None) -> None: ...

    def committed(self) -> None: ...


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

    def transfer(self, asset: str, amount: Decimal, now_ms: int) -> FundsTransferred:
        """Deposit, or with an amount below zero withdraw of what is free. Raises RequestRefused."""
        check_transfer((market.instrument for market in self.markets.values()), asset, amount)
        if -amount > self.state.books.account.free(asset):
            raise RequestRefused(INSUFFICIENT_BALANCE)
        latest = max((each.at_ms for each in self.state.books.transfers[-1:]), default=0)
        record = FundsTransferred(asset, amount, max(now_ms, latest + 1_000))
        self.commit([record])
        return record

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
        check_filters(request, market)
        if self.state.open.find(request.client_id):
            raise RequestRefused(DUPLICATE_ORDER)
        check_open_orders(len(self.state.open), self.open_orders_max)
        if request.trailing_delta:
            request = begin_trail(request, market)
        if request.stop_price:
            self._check_stop(request, market)
            return [self._open(request, market.instrument, [], now_ms)]
        taken = match(request, market)
        if taken and request.type == "LIMIT_MAKER":
            raise RequestRefused(WOULD_MATCH)
        opened = self._open(request, market.instrument, taken, now_ms)
        return [opened, *self._fills(opened, taken, now_ms), *rest(opened, taken, now_ms)]

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
            fills = list(self._maker_fills(symbol, offers(event), now_ms))
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
        locked = worst_payment(request, quantity, taken)
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
            trailing_delta=request.trailing_delta,
            iceberg=request.iceberg,
        )

    def _trigger(self, symbol: str, price: Decimal, now_ms: int) -> None:
        """What waited for `price` works, and takes at once what it may; each order in a batch of its own."""
        market = self.markets[symbol]
        for order in self.state.open.waiting(symbol):
            self._follow(order, market, price)
            if triggers(order.type, order.side, order.stop_price, price):
                taken = match(order, market)
                if order.side == "BUY":
                    taken = affordable(taken, order.locked, market.instrument.step_size)
                fills = self._fills(order, taken, now_ms)
                self.commit([OrderTriggered(order.order_id, now_ms), *fills, *rest(order, taken, now_ms)])

    def _follow(self, order: Order, market: Market, price: Decimal) -> None:
        """A trailing stop goes with the market, and never back."""
        if not order.trailing_delta:
            return
        stop = trailed(order.side, price, order.trailing_delta, market.instrument.tick_size)
        if stop > order.stop_price if order.side == "SELL" else stop < order.stop_price:
            self.commit([OrderTrailed(order.order_id, stop)])

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
