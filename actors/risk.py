"""The risk actor: knows the rung, judges every signal, approves with a single-use id or refuses with numbers."""

from collections import deque
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from ..config.settings import RiskSettings
from ..exchanges.venue import VenueOpened
from ..kernel.actor import Actor
from ..trading.books import Books, Order
from ..trading.messages import (
    AccountReconciled,
    FeedChanged,
    MarketDataUpdate,
    OrderApproved,
    OrderRefused,
    SignalGenerated,
    StateAsked,
)
from ..trading.order_events import CancelRequested, OrderEvent, OrderIntended
from ..trading.order_states import OrderState
from ..trading.risk import Draft, Limits, Refusal, RiskView, judge
from ..trading.rungs import SymbolFacts
from . import topics
from .standings import Standings

CHECK_PERIOD_S = 0.1


class RiskStarted(msgspec.Struct, frozen=True):
    """The living incarnation of risk: the executor takes approvals of no other."""

    incarnation: str


class Stopping(msgspec.Struct, frozen=True):
    """No new orders from now on; with `flatten`, close every position first."""

    flatten: bool


class _Reservation(NamedTuple):
    """An approval on its way to become an order."""

    expires_ns: int
    strategy: str
    draft: Draft


class _CheckDue:
    pass


class Risk(Actor):
    """Fails closed: it knows nothing good until told, and an exception in a check refuses with its code."""

    def __init__(self, symbols: tuple[str, ...], limits: RiskSettings, executor: str) -> None:
        self.symbols = symbols
        self.settings = limits
        self.executor = executor
        self.limits = Limits(
            limits.max_order_notional,
            limits.max_position_notional,
            limits.max_orders_per_s,
            Decimal(str(limits.max_price_deviation_bps)),
            round(limits.max_market_age_s * 1e9),
        )

    def start(self) -> None:
        self.incarnation = self.context.system.entropy.new_id()
        self.context.subscribe(topics.ORDERS)  # before the copy: what happens meanwhile is in one or comes by the other
        self.books: Books = self.context.ports["journal"].books()
        self._instruments: dict[str, Any] = {}
        self._markets: dict[str, MarketDataUpdate] = {}
        self._standings = Standings(self.context, self.symbols, self.limits.max_market_age_ns)
        self._reserved: dict[str, _Reservation] = {}
        self._flattening: set[str] = set()
        self._held: dict[tuple[str, str], SignalGenerated] = {}
        self._approved_ns: deque[int] = deque(maxlen=self.settings.max_orders_per_s + 1)
        for topic in (topics.FEEDS, topics.RECONCILED, *map(topics.market, self.symbols)):
            self.context.subscribe(topic)
        self.context.subscribe(topics.STATE_ASKED)
        self.context.tell(self.executor, RiskStarted(self.incarnation))
        self.context.publish(topics.STATE_ASKED, StateAsked())
        self._check_lease()
        self.context.repeat(CHECK_PERIOD_S, _CheckDue())

    def receive(self, message: Any) -> Any:
        match message:
            case MarketDataUpdate():
                self._markets[message.symbol] = message
                self._standings.note_market(message)
            case SignalGenerated():
                self._consider(message)
            case FeedChanged(symbol, live, reason):
                self._standings.note_symbol(symbol, SymbolFacts(live, reason))
            case AccountReconciled(equal, differences):
                words = "; ".join(differences)[:300]
                self._standings.note_account(self._standings.account._replace(reconciled=equal, differences=words))
            case VenueOpened(instruments):
                self._instruments = instruments
            case StateAsked():
                self._standings.tell_all()
            case Stopping(flatten):
                self._stop_trading(flatten)
            case _CheckDue():
                self._check_lease()
                self._standings.note_time(self._markets, self.context.now_ns())
                for key in tuple(self._held):
                    self._reconsider(*key)
            case _ if isinstance(message, OrderEvent):
                self._fold(message)

    def _fold(self, event: OrderEvent) -> None:
        self.books.apply(event)
        if isinstance(event, OrderIntended):
            self._reserved.pop(event.approval_id, None)
        order = self.books.orders.get(getattr(event, "client_id", ""))
        if order is not None:
            self._reconsider(order.intent.strategy, order.intent.symbol)

    def _reconsider(self, strategy: str, symbol: str) -> None:
        """What a held signal waited for may have come."""
        if (signal := self._held.pop((strategy, symbol), None)) is not None:
            self._consider(signal)

    def _consider(self, signal: SignalGenerated) -> None:
        """Judge a signal; where an order of the same strategy still stands, cancel that and keep the latest signal."""
        standing_order = self._standing_order(signal)
        waits = standing_order is not None or self._has_approval(signal)
        if not waits or (self._standings.account.stopping and signal.signal_id not in self._flattening):
            self._judge(signal)
            return
        self._held[signal.strategy, signal.symbol] = signal
        if standing_order is not None and not standing_order.cancel_wanted:
            self.context.tell(self.executor, CancelRequested(standing_order.intent.client_id, "a newer signal"))

    def _has_approval(self, signal: SignalGenerated) -> bool:
        """An approval the books do not show yet: judged beside it, the same target would be bought twice."""
        now_ns = self.context.now_ns()
        return any(
            (each.strategy, each.draft.symbol) == (signal.strategy, signal.symbol) and each.expires_ns > now_ns
            for each in self._reserved.values()
        )

    def _standing_order(self, signal: SignalGenerated) -> Order | None:
        for order in self.books.open_orders():
            same = (order.intent.strategy, order.intent.symbol) == (signal.strategy, signal.symbol)
            if same and order.state is not OrderState.UNKNOWN:
                return order
        return None

    def _judge(self, signal: SignalGenerated) -> None:
        now_ns = self.context.now_ns()
        try:
            verdict = judge(signal, self._view(signal, now_ns), self.limits)
        except (ArithmeticError, ValueError, AssertionError) as error:
            verdict = Refusal("CHECK_FAILED", {"error": repr(error)})
        self.context.progress()
        self.context.system.metrics.observe("stage_signal_to_verdict", (now_ns - signal.created_ns) / 1e9)
        match verdict:
            case Draft():
                self._approve(signal, verdict, now_ns)
            case Refusal(code, numbers):
                self.context.publish(
                    topics.REFUSALS,
                    OrderRefused(signal.signal_id, signal.strategy, signal.symbol, code, numbers, now_ns),
                )

    def _view(self, signal: SignalGenerated, now_ns: int) -> RiskView:
        symbol = signal.symbol
        self._reserved = {key: entry for key, entry in self._reserved.items() if entry.expires_ns > now_ns}
        account = self._standings.account
        if signal.signal_id in self._flattening:
            account = account._replace(stopping=False)
        second_ago_ns = self.context.system.clock.monotonic_ns() - 1_000_000_000
        return RiskView(
            now_ns=now_ns,
            standing=self._standings.of(symbol, account),
            books=self.books,
            instrument=self._instruments.get(symbol),
            market=self._markets.get(symbol),
            reserved=tuple(entry.draft for entry in self._reserved.values()),
            orders_last_s=sum(at_ns > second_ago_ns for at_ns in self._approved_ns),
        )

    def _approve(self, signal: SignalGenerated, draft: Draft, now_ns: int) -> None:
        approval_id = self.context.system.entropy.new_id()
        expires_ns = now_ns + round(self.settings.approval_ttl_s * 1e9)
        self._reserved[approval_id] = _Reservation(expires_ns, signal.strategy, draft)
        self._approved_ns.append(self.context.system.clock.monotonic_ns())
        market = self._markets[signal.symbol]
        approval = OrderApproved(
            approval_id=approval_id,
            risk_incarnation=self.incarnation,
            signal_id=signal.signal_id,
            strategy=signal.strategy,
            symbol=draft.symbol,
            side=draft.side,
            type=draft.type,
            amount=draft.amount,
            price=draft.price,
            reference_price=draft.reference,
            judged_ns=now_ns,
            expires_ns=expires_ns,
            judged_on=f"{market.kind} {market.sequence} of {market.symbol}",
        )
        self.context.tell(self.executor, approval)
        self.context.publish(topics.APPROVALS, approval)  # for the record: nobody trades on it

    def _stop_trading(self, flatten: bool) -> None:
        self._held.clear()
        self._standings.note_account(self._standings.account._replace(stopping=True))
        if flatten:
            for (strategy, symbol), held in self.books.strategy_positions.items():
                if held > 0:
                    signal = self._flatten_signal(strategy, symbol)
                    self._flattening.add(signal.signal_id)
                    self._consider(signal)

    def _flatten_signal(self, strategy: str, symbol: str) -> SignalGenerated:
        signal_id = self.context.system.entropy.new_id()
        return SignalGenerated(signal_id, strategy, symbol, Decimal(0), None, self.context.now_ns(), "stop: flatten")

    def _check_lease(self) -> None:
        held = self.context.ports["lease"].held()
        self._standings.note_account(self._standings.account._replace(lease_held=held))
