"""The matching engine: decides what a request or a market event changes, and commits it as one batch of records.

Deciding is pure; `commit` makes the batch durable before it takes effect, so that no reply tells of a lost order.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from decimal import Decimal
from typing import Protocol

from ...trading.instruments import Instrument
from ..market_events import MarketEvent, TickerEvent, TradeEvent
from .account_view import AccountView
from .accounts import DAY_MS
from .contingencies import contingent
from .deciding import check_account, check_filters, meet, owned, request_of, worst_payment
from .errors import (
    DUPLICATE_ORDER,
    INSUFFICIENT_BALANCE,
    INVALID_SYMBOL,
    UNKNOWN_LIST,
    UNKNOWN_ORDER,
    RequestRefused,
)
from .execution import Rate, execute
from .fees import TIERS, Tier, tier_of
from .filters import Rules, check_transfer
from .listing import judge_held, open_list
from .market import Market
from .matching import NOTHING, Match
from .opening import Placement, check_payable, judge, opened_of, queue_places
from .orders import ListRequest, Order, OrderList, OrderRequest
from .records import (
    MAIN,
    AnyRecord,
    BalanceCredited,
    FundsTransferred,
    OrderClosed,
    OrderOpened,
    OrderReleased,
    OrderTrailed,
    OrderTriggered,
    PositionNoted,
    QueueMoved,
    encode_batch,
)
from .resting import crossed_by, feel_again, filled_as_makers, moved_by, passed_by
from .state import VenueState
from .stops import WORKS_AS, is_market
from .trailing import is_triggered, moved_trail

OPEN_ORDERS_MAX = 10_000


class Log(Protocol):
    """Where the records go: a payload is durable when `append` returns, and comes back in order at a restart."""

    def append(self, payload: bytes) -> None: ...


class Listener(Protocol):
    """Hears every record after it took effect, with the order it concerns as it stands then, and the end of every
    batch; it must not raise."""

    def changed(self, record: AnyRecord, order: Order | None) -> None: ...

    def committed(self) -> None: ...


class Engine(AccountView):
    """The accounts of one venue on the markets of some instruments, as the one of them that it acts for."""

    def __init__(
        self,
        state: VenueState,
        instruments: Iterable[Instrument],
        log: Log,
        listener: Listener,
        open_orders_max: int = OPEN_ORDERS_MAX,
        rules: Mapping[str, Rules] | None = None,
        tiers: tuple[Tier, ...] = TIERS,
    ) -> None:
        """`rules` are by the venue's symbol, and what every symbol has by default where it is not among them."""
        super().__init__(state, MAIN)
        self.markets = {each.venue_symbol: Market(each, (rules or {}).get(each.venue_symbol)) for each in instruments}
        feel_again(self.markets, state)
        self.open_orders_max = open_orders_max
        self._tiers = tiers
        self._tier_of: dict[int, tuple[int, Tier]] = {}
        self._log = log
        self._listener = listener

    def of(self, uid: int) -> "Engine":
        """The same engine, acting for another account."""
        if uid == self.uid:
            return self
        other = copy(self)
        other.uid = uid
        return other

    def market(self, symbol: str) -> Market:
        """Raises RequestRefused for a symbol this venue does not have."""
        try:
            return self.markets[symbol]
        except KeyError:
            raise RequestRefused(INVALID_SYMBOL) from None

    # -- money ----------------------------------------------------------------------------------------------------

    def credit(self, amounts: dict[str, Decimal]) -> None:
        """Also what makes an account."""
        self.commit([BalanceCredited(asset, amount, self.uid) for asset, amount in amounts.items()])

    def transfer(self, asset: str, amount: Decimal, now_ms: int) -> FundsTransferred:
        """Deposit, or with an amount below zero withdraw of what is free. Raises RequestRefused."""
        check_transfer((market.instrument for market in self.markets.values()), asset, amount)
        if -amount > self.account.free(asset):
            raise RequestRefused(INSUFFICIENT_BALANCE)
        latest = max((each.at_ms for each in self.state.books.transfers[-1:]), default=0)
        record = FundsTransferred(asset, amount, max(now_ms, latest + 1_000), self.uid)
        self.commit([record])
        return record

    def tier(self, now_ms: int) -> Tier:
        """The account's fee rates today."""
        return self._tier(self.uid, now_ms // DAY_MS)

    def _tier(self, uid: int, day: int) -> Tier:
        known = self._tier_of.get(uid)
        if known is None or known[0] != day:
            known = self._tier_of[uid] = day, tier_of(self.state.account(uid).volume(day), self._tiers)
        return known[1]

    # -- orders ---------------------------------------------------------------------------------------------------

    def place(self, request: OrderRequest, now_ms: int) -> Order:
        """Accept an order and match it at once. Raises RequestRefused, and then nothing changed."""
        opened, placement = self._judged(request, now_ms)
        works = opened if opened.type not in WORKS_AS else None
        self.carry_out([opened], works, placement.met, now_ms)
        self.release_due(now_ms)
        return self.state.books.orders[opened.order_id]

    def decide(self, request: OrderRequest, now_ms: int) -> OrderOpened:
        """What accepting the order would open. Raises RequestRefused where `place` would."""
        return self._judged(request, now_ms)[0]

    def place_list(self, request: ListRequest, now_ms: int) -> OrderList:
        """Accept orders that belong together: all or none. What waits for an order that was filled at once still does:
        `release_due` is for after the answer, as at the real venue. Raises RequestRefused."""
        market = self.market(request.orders[0].symbol)
        request = self._admitted_list(request, market, now_ms)
        opening = open_list(request, market, self.state, now_ms)
        self.commit([*opening.opened, opening.listed])  # what follows may already end the list
        self.carry_out([], opening.works, opening.met, now_ms)
        return self.state.books.lists[opening.listed.list_id]

    def cancel(self, order: Order | None, request_id: str, now_ms: int) -> Order:
        """An order of a list takes the others with it. Raises RequestRefused for an order that is not open."""
        return self.cancel_all([order] if order else [], request_id, now_ms)[0]

    def cancel_all(self, orders: Sequence[Order], request_id: str, now_ms: int) -> list[Order]:
        """All or none. Raises RequestRefused for no order at all, or one that is not open."""
        if not orders or not all(order.is_open for order in orders):
            raise RequestRefused(UNKNOWN_ORDER)
        self._commit([OrderClosed(each.order_id, "CANCELED", request_id, now_ms) for each in orders], now_ms)
        return list(orders)

    def cancel_list(self, found: OrderList | None, request_id: str, now_ms: int) -> OrderList:
        """Raises RequestRefused for a list that is done."""
        if found is None or found.done:
            raise RequestRefused(UNKNOWN_LIST)
        orders = [self.state.books.orders[each] for each in found.order_ids if each in self.state.books.orders]
        self.cancel_all([order for order in orders if order.is_open], request_id, now_ms)
        return found

    def expire_all(self, now_ms: int, symbol: str = "") -> list[Order]:
        """The venue ends the open orders of a symbol, or all, as it does for maintenance."""
        orders = [order for order in self.state.open if symbol in ("", order.symbol)]
        closed = [OrderClosed(each.order_id, "EXPIRED", "", now_ms, "EXCHANGE_CANCELED") for each in orders]
        if closed:
            self._commit(closed, now_ms)
        return orders

    # -- the market -----------------------------------------------------------------------------------------------

    def observe(self, symbol: str, event: MarketEvent, now_ms: int) -> None:
        """Take a market event in: it moves resting orders forward in their queues and fills those it reaches as maker
        at their own price; a trade triggers those that wait for its price."""
        market, book = self.markets[symbol], self.state.open
        if not book.on(symbol):
            market.traded.clear()
            market.apply(event)
            return
        if isinstance(event, TradeEvent):
            market.apply(event)
            fills, ahead = passed_by(event, market, book)
        else:
            ahead = moved_by(event, market, book)
            market.apply(event)
            fills = crossed_by(event, market, book, now_ms) if isinstance(event, TickerEvent) else []
        if ahead or fills:
            moved: list[AnyRecord] = [QueueMoved(tuple(ahead))] if ahead else []
            rate = self._rates(now_ms)
            made = filled_as_makers(fills, self.state.books.last_trade_id, rate, market, now_ms)
            self._commit([*moved, *made], now_ms)
        if isinstance(event, TradeEvent):
            self._trigger(market, event.price, now_ms)
        self.release_due(now_ms)

    def release_due(self, now_ms: int) -> None:
        """Place what waited for the working order of its list."""
        while self.state.due:
            found = self.state.books.lists[next(iter(self.state.due))]
            orders = self.state.books.orders
            held = [orders[each] for each in found.order_ids if each in orders and orders[each].held]
            try:
                placements = judge_held(held, self.markets[found.symbol], self.state, now_ms)
            except RequestRefused:
                self._commit([OrderClosed(held[0].order_id, "EXPIRED", "", now_ms, "REJECTED")], now_ms)
                continue
            released = [
                OrderReleased(order.order_id, each.locked, each.stop_price, now_ms)
                for order, each in zip(held, placements, strict=True)
            ]
            works = next((order for order in held if order.type not in WORKS_AS), None)
            self.carry_out(released, works, placements[0].met, now_ms)

    def note_position(self, position: PositionNoted) -> None:
        self.commit([position])

    def commit(self, records: Sequence[AnyRecord]) -> None:
        self._log.append(encode_batch(records))
        for record in records:
            self._listener.changed(record, self.state.apply(record))
        self._listener.committed()

    # -- how ------------------------------------------------------------------------------------------------------

    def _judged(self, request: OrderRequest, now_ms: int) -> tuple[OrderOpened, Placement]:
        market = self.market(request.symbol)
        check_filters(request, market, now_ms)
        request = owned(request, self.uid, market)
        check_account((request,), market, self.state, self.open_orders_max)
        placement = judge(request, market, self.state, now_ms)
        check_payable((placement,), market, self.state)
        return opened_of(placement, market.instrument, self.state.books.last_order_id + 1, now_ms), placement

    def _admitted_list(self, request: ListRequest, market: Market, now_ms: int) -> ListRequest:
        for each in request.orders:
            check_filters(each, market, now_ms)
        orders = tuple(owned(each, self.uid, market) for each in request.orders)
        check_account(orders, market, self.state, self.open_orders_max)
        earlier = self.find_list(None, request.client_id) if request.client_id else None
        if earlier and not earlier.done:
            raise RequestRefused(DUPLICATE_ORDER)
        return ListRequest(request.client_id, request.contingency, orders)

    def carry_out(self, first: Sequence[AnyRecord], works: OrderOpened | Order | None, met: Match, now_ms: int) -> None:
        """Commit what leads to a match with what it makes of the order that `works`, if any; the market has less of
        what strangers gave."""
        if works is None:
            self._commit(first, now_ms)
            return
        market = self.markets[works.symbol]
        places = queue_places(works, met, market, now_ms)
        moved = [QueueMoved(places)] if places else []
        made = execute(works, met, self.state, self._rates(now_ms), now_ms)
        self._commit([*first, *made, *moved], now_ms)
        for price, size, maker in met.taken:
            if maker is None:
                market.impact.take("ask" if works.side == "BUY" else "bid", price, size, now_ms)

    def _commit(self, records: Sequence[AnyRecord], now_ms: int) -> None:
        """With what it means to order lists."""
        if records:
            self.commit(contingent(records, self.state, now_ms))

    def _rates(self, now_ms: int) -> Rate:
        day = now_ms // DAY_MS
        return lambda uid, maker: self._tier(uid, day).rate(maker=maker)

    def _trigger(self, market: Market, price: Decimal, now_ms: int) -> None:
        """What waited for `price` works, and takes at once what it may; each order in a batch of its own."""
        tick = market.instrument.tick_size
        for order in self.state.open.waiting(market.instrument.venue_symbol):
            if not (order.waits and order.is_open):
                continue  # the other one of its pair was first
            if (stop := moved_trail(order, price, tick)) != order.stop_price:
                self.commit([OrderTrailed(order.order_id, stop)])
            if is_triggered(order, price):
                request = request_of(order)
                budget = None
                if is_market(order.type) and order.side == "BUY":
                    locked = order.locked or worst_payment(request, order.stop_price, order.quantity, NOTHING)
                    budget = locked / (1 + (order.fee_reserve or 0))
                met = meet(request, market, self.state.open, now_ms, budget)
                self.carry_out([OrderTriggered(order.order_id, now_ms)], order, met, now_ms)
