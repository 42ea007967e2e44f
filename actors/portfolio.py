"""The trader as others see it: prices, positions, orders, profit and learning, whole and at once."""

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from itertools import islice
from typing import Any

import msgspec

from ..kernel.actor import Actor
from ..trading.books import Books
from ..trading.equity import equity
from ..trading.messages import (
    ZERO,
    AccountBegan,
    AccountReconciled,
    FeedChanged,
    MarketDataUpdate,
    OrderRefused,
    RiskAlert,
    RungChanged,
    StateAsked,
)
from ..trading.order import Order
from ..trading.order_events import OrderEvent, OrderFilled
from ..trading.tally import RunTally, Summary, Value
from ..trading.views import (
    FillView,
    LearningView,
    RefusalView,
    RungMove,
    SymbolView,
    TradingSnapshot,
)
from ..transports.control import ChartAsked, TradingAsked
from . import topics
from .charts import Charts
from .portfolio_rows import Changes, fill_view, newest, order_view, refusal_view, shorten, standing_view

PERIOD_S = 0.5
KEPT = 50
EQUITY_POINTS = 600
EQUITY_PERIOD_NS = 1_000_000_000
WHOLE_EVERY = 20
"""Of so many snapshots one is whole; the others have what changed since that one. Who missed it asks for another."""
HEARD = (topics.FEEDS, topics.RUNG, topics.REFUSALS, topics.RECONCILED, topics.LEARNING, topics.ALERTS)


class _SnapshotDue:
    pass


class Portfolio(Actor):
    """Keeps a replica of the books and tells `receiver` a `TradingSnapshot` every `PERIOD_S`."""

    mailbox_limit = 100_000
    must_hear = OrderEvent
    progress_due_s = 5.0
    in_background = True

    def __init__(self, receiver: str, symbols: tuple[str, ...], currency: str, candle_s: float = 1.0) -> None:
        self.receiver = receiver
        self.candle_ns = round(candle_s * 1e9)
        self.symbols = symbols
        self.currency = currency

    def start(self) -> None:
        self.context.subscribe(topics.ORDERS)  # before the copy: what happens meanwhile is in one or comes by the other
        self._changes = Changes(0)
        self._charts = Charts(self.symbols, self.candle_ns)
        self._read_books()
        self._markets: dict[str, MarketDataUpdate] = {}
        self._updates = dict.fromkeys(self.symbols, 0)
        self._live: dict[str, bool] = {}
        self.rungs: dict[str, RungChanged] = {}
        self._moves: deque[RungMove] = deque(maxlen=KEPT)
        self._refusals: deque[RefusalView] = deque(maxlen=KEPT)
        self._alerts: deque[RiskAlert] = deque(maxlen=KEPT)
        self._learning: dict[str, LearningView] = {}
        self._reconciled = False
        self._told = 0
        self._equity: deque[tuple[int, float]] = deque(maxlen=EQUITY_POINTS)
        for topic in HEARD:
            self.context.subscribe(topic)
        self.context.subscribe(topics.ACCOUNT_BEGAN)
        for symbol in self.symbols:
            self.context.subscribe(topics.market(symbol))
        self.context.publish(topics.STATE_ASKED, StateAsked())
        self.context.repeat(PERIOD_S, _SnapshotDue())

    def receive(self, message: Any) -> Any:
        match message:
            case MarketDataUpdate():
                self._markets[message.symbol] = message
                self._updates[message.symbol] += 1
                self._charts.hear(message)
            case _SnapshotDue():
                self._tell()
            case StateAsked():
                self._told = 0
            case AccountBegan():
                self._read_books()
            case TradingAsked():
                return self._snapshot()
            case ChartAsked():
                return self._charts.answer(message)
            case Value(summary):
                return self._value(summary)
            case FeedChanged(symbol, live):
                self._live[symbol] = live
            case RungChanged():
                self._hear_rung(message)
            case OrderRefused():
                self.tally.apply(message)
                self._show_refusal(message)
            case RiskAlert():
                self._show_alert(message)
            case AccountReconciled(equal):
                self._reconciled = equal
            case LearningView():
                self._learning[message.symbol] = message
            case _ if isinstance(message, OrderEvent) and self.books.apply(message):
                self.context.fault_point("portfolio: event booked")
                self.tally.apply(message)
                self._changes.note_order(getattr(message, "client_id", ""))
                if isinstance(message, OrderFilled):
                    self._changes.fills += 1
                    self._show_fill(message)

    def _read_books(self) -> None:
        """As the journal has them; the next snapshot is a whole one."""
        journal = self.context.ports["journal"]
        self.books: Books = journal.books()
        self.tally: RunTally = journal.tally()
        self._fills: deque[FillView] = deque(maxlen=KEPT)
        for fill in journal.fills():
            self._show_fill(fill)
        self._told = 0

    def _value(self, summary: Summary) -> Summary:
        """What the account holds now, at today's prices, and how much was learned."""
        learned_bars = sum(view.learned_bars for view in self._learning.values())
        return msgspec.structs.replace(summary, equity=f"{self.equity():.8f}", learned_bars=learned_bars)

    def _show_fill(self, fill: OrderFilled) -> None:
        self._fills.appendleft(fill_view(fill))
        self._charts.fill(fill)

    def _show_refusal(self, refusal: OrderRefused) -> None:
        self._changes.refusals += 1
        self._refusals.appendleft(refusal_view(refusal))

    def _show_alert(self, alert: RiskAlert) -> None:
        self.context.system.metrics.count("risk_alerts")
        self._changes.alerts += 1
        self._alerts.appendleft(alert)

    def equity(self) -> Decimal:
        """Cash and holdings at the bid, in the account's currency; what has no price yet counts at what it cost."""
        total = self.books.balances.get(self.currency, ZERO)
        for symbol in self.symbols:
            held, market = self.books.balances.get(symbol.partition("/")[0], ZERO), self._markets.get(symbol)
            position = self.books.positions.get(symbol)
            if market is not None:
                total += held * market.bid
            elif position is not None:
                total += position.cost
        return total

    def _hear_rung(self, change: RungChanged) -> None:
        known = self.rungs.get(change.scope)
        if known is not None and known.rung != change.rung:
            move = RungMove(change.scope, known.rung, change.rung, change.reason, change.causes, change.at_ns)
            self._changes.moves += 1
            self._moves.appendleft(move)
        self._changes.scopes[change.scope] = None
        self.rungs[change.scope] = change

    def _rung(self) -> tuple[str, str]:
        """The account's rung and reason; where symbols stand lower, they are named."""
        account = self.rungs.get("account")
        if account is None:
            return "CANCEL_ONLY", "starting"
        symbols = [each for symbol in self.symbols if (each := self.rungs.get(symbol)) is not None]
        lower = [each for each in symbols if each.rung != account.rung]
        if not lower:
            return account.rung, account.reason
        words = "; ".join(f"{each.scope} {each.rung}: {each.reason}" for each in lower)
        return (lower[0].rung if len(lower) == len(self.symbols) else account.rung), words

    def _tell(self) -> None:
        whole = self._told % WHOLE_EVERY == 0 or len(self._changes.orders) > KEPT
        self._told += 1
        snapshot = self._snapshot() if whole else self._snapshot(self._changes)
        if whole:
            self._changes = Changes(snapshot.at_ns)
        self.context.tell(self.receiver, snapshot, ttl_s=4 * PERIOD_S)
        self.context.progress()

    def _snapshot(self, changes: Changes | None = None) -> TradingSnapshot:
        """The whole, or what changed."""
        now_ns, equity = self.context.now_ns(), self.equity()
        if self._markets and (not self._equity or now_ns - self._equity[-1][0] >= EQUITY_PERIOD_NS):
            self._equity.append((now_ns, float(equity)))
        rung, reason = self._rung()
        unknown = len(self.books.unknown_orders())
        learning = (self._learning[symbol] for symbol in sorted(self._learning))
        return TradingSnapshot(
            at_ns=now_ns,
            rung=rung,
            rung_reason=reason,
            reconciled=self._reconciled and not unknown,
            currency=self.currency,
            balances=dict(self.books.balances),
            equity=equity,
            profit=equity - self._paid_in(),
            symbols=tuple(self._symbol_view(symbol, now_ns) for symbol in self.symbols),
            orders=tuple(map(order_view, self._orders(changes))),
            fills=tuple(islice(self._fills, None if changes is None else changes.fills)),
            refusals=tuple(islice(self._refusals, None if changes is None else changes.refusals)),
            learning=tuple(learning if changes is None else map(shorten, learning)),
            equity_curve=tuple(self._equity) if changes is None else newest(self._equity),
            standings=tuple(map(standing_view, self._standings(changes))),
            moves=tuple(islice(self._moves, None if changes is None else changes.moves)),
            alerts=tuple(islice(self._alerts, None if changes is None else changes.alerts)),
            counters={
                "orders": self.tally.orders,
                "fills": self.tally.fills,
                "refused": self.tally.refused,
                "unknown": unknown,
            },
            since_ns=changes.since_ns if changes else 0,
        )

    def _orders(self, changes: Changes | None) -> Iterable[Order]:
        """Those that changed and are not forgotten yet, or the latest."""
        if changes is None:
            return self.books.recent_orders(KEPT)
        return (self.books.orders[each] for each in changes.orders if each in self.books.orders)

    def _standings(self, changes: Changes | None) -> Iterable[RungChanged]:
        return self.rungs.values() if changes is None else (self.rungs[scope] for scope in changes.scopes)

    def _paid_in(self) -> Decimal:
        """What the account began with and what was paid in since, at today's prices: no profit is in it."""
        moved = self.books.transferred
        worth = equity({self.currency: ZERO} | moved, self._markets, self.symbols, self.currency)
        moved_worth = moved.get(self.currency, ZERO) if worth is None else worth
        return self.books.opening.get(self.currency, ZERO) + moved_worth

    def _symbol_view(self, symbol: str, now_ns: int) -> SymbolView:
        market = self._markets.get(symbol)
        position = self.books.positions.get(symbol)
        rung = self.rungs.get(symbol)
        return SymbolView(
            symbol=symbol,
            bid=market.bid if market else ZERO,
            ask=market.ask if market else ZERO,
            last=market.price if market and market.price else (market.bid if market else ZERO),
            live=self._live.get(symbol, False),
            age_s=(now_ns - market.received_ns) / 1e9 if market else 0.0,
            rung=rung.rung if rung else "CANCEL_ONLY",
            position=position.amount if position else ZERO,
            updates=self._updates[symbol],
        )
