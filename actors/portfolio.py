"""The trader as others see it: prices, positions, orders, profit and learning, whole and at once."""

from collections import deque
from decimal import Decimal
from typing import Any

import msgspec

from ..kernel.actor import Actor
from ..trading.books import Books, Order
from ..trading.equity import equity
from ..trading.messages import (
    ZERO,
    AccountReconciled,
    FeedChanged,
    MarketDataUpdate,
    OrderRefused,
    RungChanged,
    StateAsked,
)
from ..trading.order_events import OrderEvent, OrderFilled
from ..trading.tally import RunTally, Summary, Value
from ..trading.views import (
    FillView,
    LearningView,
    OrderView,
    RefusalView,
    RungMove,
    StandingView,
    SymbolView,
    TradingSnapshot,
)
from ..transports.control import TradingAsked
from . import topics

PERIOD_S = 0.5
KEPT = 50
EQUITY_POINTS = 600
EQUITY_PERIOD_NS = 1_000_000_000
CURVES_EVERY = 8
"""Of so many snapshots one has whole curves, for a reader who came later; the others have their newest points."""
NEWEST_POINTS = 16


class _SnapshotDue:
    pass


class Portfolio(Actor):
    """Keeps a replica of the books and tells `receiver` a `TradingSnapshot` every `PERIOD_S`."""

    mailbox_limit = 100_000
    must_hear = OrderEvent
    progress_due_s = 5.0
    in_background = True

    def __init__(self, receiver: str, symbols: tuple[str, ...], currency: str) -> None:
        self.receiver = receiver
        self.symbols = symbols
        self.currency = currency

    def start(self) -> None:
        self.context.subscribe(topics.ORDERS)  # before the copy: what happens meanwhile is in one or comes by the other
        journal = self.context.ports["journal"]
        self.books: Books = journal.books()
        self.tally: RunTally = journal.tally()
        self._fills: deque[FillView] = deque(maxlen=KEPT)
        for fill in journal.fills():
            self._show_fill(fill)
        self._markets: dict[str, MarketDataUpdate] = {}
        self._updates = dict.fromkeys(self.symbols, 0)
        self._live: dict[str, bool] = {}
        self.rungs: dict[str, RungChanged] = {}
        self._moves: deque[RungMove] = deque(maxlen=KEPT)
        self._refusals: deque[RefusalView] = deque(maxlen=KEPT)
        self._learning: dict[str, LearningView] = {}
        self._reconciled = False
        self._told = 0
        self._equity: deque[tuple[int, float]] = deque(maxlen=EQUITY_POINTS)
        for topic in (topics.FEEDS, topics.RUNG, topics.REFUSALS, topics.RECONCILED, topics.LEARNING):
            self.context.subscribe(topic)
        for symbol in self.symbols:
            self.context.subscribe(topics.market(symbol))
        self.context.publish(topics.STATE_ASKED, StateAsked())
        self.context.repeat(PERIOD_S, _SnapshotDue())

    def receive(self, message: Any) -> Any:
        match message:
            case MarketDataUpdate():
                self._markets[message.symbol] = message
                self._updates[message.symbol] += 1
            case _SnapshotDue():
                self._tell()
            case TradingAsked():
                return self._snapshot()
            case Value(summary):
                return self._value(summary)
            case FeedChanged(symbol, live):
                self._live[symbol] = live
            case RungChanged():
                self._hear_rung(message)
            case OrderRefused():
                self.tally.apply(message)
                self._refusals.appendleft(
                    RefusalView(message.strategy, message.symbol, message.code, message.numbers, message.at_ns)
                )
            case AccountReconciled(equal):
                self._reconciled = equal
            case LearningView():
                self._learning[message.symbol] = message
            case _ if isinstance(message, OrderEvent) and self.books.apply(message):
                self.context.fault_point("portfolio: event booked")
                self.tally.apply(message)
                if isinstance(message, OrderFilled):
                    self._show_fill(message)

    def _value(self, summary: Summary) -> Summary:
        """What the account holds now, at today's prices, and how much was learned."""
        learned_bars = sum(view.learned_bars for view in self._learning.values())
        return msgspec.structs.replace(summary, equity=f"{self.equity():.8f}", learned_bars=learned_bars)

    def _show_fill(self, fill: OrderFilled) -> None:
        self._fills.appendleft(
            FillView(
                fill.client_id,
                fill.symbol,
                fill.side,
                fill.price,
                fill.amount,
                fill.fee,
                fill.fee_currency,
                fill.at_ns,
            )
        )

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
            self._moves.appendleft(move)
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
        snapshot = self._snapshot()
        if self._told % CURVES_EVERY:
            snapshot = _shorten(snapshot)
        self._told += 1
        self.context.tell(self.receiver, snapshot, ttl_s=4 * PERIOD_S)
        self.context.progress()

    def _snapshot(self) -> TradingSnapshot:
        now_ns, equity = self.context.now_ns(), self.equity()
        if self._markets and (not self._equity or now_ns - self._equity[-1][0] >= EQUITY_PERIOD_NS):
            self._equity.append((now_ns, float(equity)))
        rung, reason = self._rung()
        return TradingSnapshot(
            at_ns=now_ns,
            rung=rung,
            rung_reason=reason,
            reconciled=self._reconciled and not self.books.unknown_orders(),
            currency=self.currency,
            balances=dict(self.books.balances),
            equity=equity,
            profit=equity - self._paid_in(),
            symbols=tuple(self._symbol_view(symbol, now_ns) for symbol in self.symbols),
            orders=tuple(map(_order_view, self.books.recent_orders(KEPT))),
            fills=tuple(self._fills),
            refusals=tuple(self._refusals),
            learning=tuple(view for _, view in sorted(self._learning.items())),
            equity_curve=tuple(self._equity),
            standings=tuple(
                StandingView(scope, each.rung, each.reason, each.since_ns) for scope, each in self.rungs.items()
            ),
            moves=tuple(self._moves),
            counters={
                "orders": self.tally.orders,
                "fills": self.tally.fills,
                "refused": self.tally.refused,
                "unknown": len(self.books.unknown_orders()),
            },
        )

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


def _shorten(snapshot: TradingSnapshot) -> TradingSnapshot:
    """With the newest points of its curves."""
    learning = tuple(msgspec.structs.replace(each, curve=each.curve[-NEWEST_POINTS:]) for each in snapshot.learning)
    newest = snapshot.equity_curve[-NEWEST_POINTS:]
    return msgspec.structs.replace(snapshot, learning=learning, equity_curve=newest)


def _order_view(order: Order) -> OrderView:
    intent = order.intent
    return OrderView(
        intent.client_id,
        intent.strategy,
        intent.symbol,
        intent.side,
        intent.type,
        intent.amount,
        intent.price,
        order.filled,
        order.state.value,
        intent.at_ns,
    )
