"""The risk actor: knows the rung, judges every signal, approves with a single-use id or refuses with numbers."""

from collections import deque
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from ..config.settings import LadderSettings, RiskSettings
from ..exchanges.venue import ClockCompared, RateLimited, VenueOpened
from ..kernel.actor import Actor
from ..supervisors.reports import SupervisorReport
from ..supervisors.supervisor import SUPERVISION
from ..trading.books import Books, Order
from ..trading.equity import equity
from ..trading.ladder import ACCOUNT, strategy_scope
from ..trading.messages import (
    AccountReconciled,
    CauseNoted,
    FeedChanged,
    MarketDataUpdate,
    OrderRefused,
    RungAsked,
    SignalGenerated,
    StateAsked,
)
from ..trading.order_events import CancelRequested, OrderEvent, OrderIntended
from ..trading.order_making import approve
from ..trading.order_states import OrderState
from ..trading.risk import Draft, Limits, Refusal, RiskView, judge
from ..trading.rungs import Rung, Standing, lowest
from ..transports.control import Acknowledged, Failed, LadderAnswered, LadderAsked, PauseStrategy, ResumeStrategy
from . import topics
from .risk_facts import RiskFacts
from .risk_watch import RiskWatch
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

    until_ns: int
    """Monotonic: a clock set back must not make it last."""
    strategy: str
    draft: Draft


class _CheckDue:
    pass


class Risk(Actor):
    """Fails closed: it knows nothing good until told, and an exception in a check refuses with its code."""

    def __init__(
        self,
        symbols: tuple[str, ...],
        limits: RiskSettings,
        executor: str,
        currency: str,
        ladder: LadderSettings,
        strategies: dict[str, tuple[str, str]],
    ) -> None:
        """`strategies`: by the last part of its runner's path, each strategy and its symbol."""
        self.symbols = symbols
        self.settings = limits
        self.executor = executor
        self.currency = currency
        self.ladder = ladder
        self.strategies = strategies
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
        self._stopping = False
        self._reserved: dict[str, _Reservation] = {}
        self._flattening: set[str] = set()
        self._held: dict[tuple[str, str], SignalGenerated] = {}
        self._approved_ns: deque[int] = deque(maxlen=self.settings.max_orders_per_s + 1)
        strategies = tuple(self.strategies.values())
        held = self.context.ports["lease"].held()
        self._standings = Standings(self.context, self.symbols, strategies, lease_held=held)
        self._facts = RiskFacts(self.context, self._standings, self.ladder, self.strategies)
        scopes = tuple(strategy_scope(*each) for each in strategies)
        self._watch = RiskWatch(self.context, self._standings, self.settings, self.ladder, scopes)
        heard = (topics.FEEDS, topics.RECONCILED, topics.CAUSES, topics.VENUE, SUPERVISION, topics.STATE_ASKED)
        for topic in (*heard, *map(topics.market, self.symbols)):
            self.context.subscribe(topic)
        self.context.tell(self.executor, RiskStarted(self.incarnation))
        self.context.publish(topics.STATE_ASKED, StateAsked())
        self.context.repeat(CHECK_PERIOD_S, _CheckDue())

    def receive(self, message: Any) -> Any:
        match message:
            case MarketDataUpdate():
                self._markets[message.symbol] = message
                self._standings.note_market(message)
            case SignalGenerated():
                self._consider(message)
            case (
                FeedChanged()
                | AccountReconciled()
                | ClockCompared()
                | RateLimited()
                | CauseNoted()
                | SupervisorReport()
            ):
                self._facts.hear(message)
            case VenueOpened(instruments):
                self._instruments = instruments
            case StateAsked():
                self._standings.tell_all()
            case RungAsked(scopes):
                for scope in scopes:
                    self._standings.tell(scope)
            case Stopping(flatten):
                self._stop_trading(flatten)
            case _CheckDue():
                self._check()
            case LadderAsked():
                return LadderAnswered(self._standings.views(), self._standings.moves())
            case PauseStrategy() | ResumeStrategy():
                return self._obey(message)
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
        if not waits or (self._stopping and signal.signal_id not in self._flattening):
            self._judge(signal)
            return
        self._held[signal.strategy, signal.symbol] = signal
        if standing_order is not None and not standing_order.cancel_wanted:
            self.context.tell(self.executor, CancelRequested(standing_order.intent.client_id, "a newer signal"))

    def _has_approval(self, signal: SignalGenerated) -> bool:
        """An approval the books do not show yet: judged beside it, the same target would be bought twice."""
        monotonic_ns = self.context.system.clock.monotonic_ns()
        return any(
            (each.strategy, each.draft.symbol) == (signal.strategy, signal.symbol) and each.until_ns > monotonic_ns
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
        monotonic_ns = self.context.system.clock.monotonic_ns()
        self._reserved = {key: entry for key, entry in self._reserved.items() if entry.until_ns > monotonic_ns}
        standing = self._standings.of(strategy_scope(signal.strategy, symbol))
        if self._stopping and signal.signal_id not in self._flattening:
            standing = lowest((standing, Standing(Rung.CANCEL_ONLY, "stopping")))
        return RiskView(
            now_ns=now_ns,
            standing=standing,
            books=self.books,
            instrument=self._instruments.get(symbol),
            market=self._markets.get(symbol),
            reserved=tuple(entry.draft for entry in self._reserved.values()),
            orders_last_s=sum(at_ns > monotonic_ns - 1_000_000_000 for at_ns in self._approved_ns),
        )

    def _approve(self, signal: SignalGenerated, draft: Draft, now_ns: int) -> None:
        approval_id = self.context.system.entropy.new_id()
        ttl_ns, monotonic_ns = round(self.settings.approval_ttl_s * 1e9), self.context.system.clock.monotonic_ns()
        self._reserved[approval_id] = _Reservation(monotonic_ns + ttl_ns, signal.strategy, draft)
        self._approved_ns.append(monotonic_ns)
        market = self._markets[signal.symbol]
        approval = approve(approval_id, self.incarnation, signal, draft, market, now_ns, now_ns + ttl_ns)
        self.context.fault_point("risk: reserved")
        self.context.tell(self.executor, approval)
        self.context.fault_point("risk: approval told")
        self.context.publish(topics.APPROVALS, approval)  # for the record: nobody trades on it

    def _stop_trading(self, flatten: bool) -> None:
        self._held.clear()
        self._stopping = True
        self._standings.note(ACCOUNT, "FLATTENING" if flatten else "STOPPING", holds=True)
        if flatten:
            for (strategy, symbol), held in self.books.strategy_positions.items():
                if held > 0:
                    signal = self._flatten_signal(strategy, symbol)
                    self._flattening.add(signal.signal_id)
                    self._consider(signal)

    def _flatten_signal(self, strategy: str, symbol: str) -> SignalGenerated:
        signal_id = self.context.system.entropy.new_id()
        return SignalGenerated(signal_id, strategy, symbol, Decimal(0), None, self.context.now_ns(), "stop: flatten")

    # -- the ladder ---------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        held = self.context.ports["lease"].held()
        self._standings.note(ACCOUNT, "LEASE_LOST", holds=not held)
        self._standings.note_ages(self._markets, self.context.now_ns(), self.limits.max_market_age_ns)
        self._facts.check()
        self._watch.check(self._equity())
        self._standings.pass_time()
        for key in tuple(self._held):
            self._reconsider(*key)

    def _equity(self) -> Decimal | None:
        """Told only of books that are equal to the venue's and of markets that nothing ails."""
        applied = self._standings.ladder.applied
        if "UNRECONCILED" in applied.get(ACCOUNT, {}):
            return None
        markets = {symbol: market for symbol, market in self._markets.items() if symbol not in applied}
        return equity(self.books.balances, markets, self.symbols, self.currency)

    def _obey(self, asked: PauseStrategy | ResumeStrategy) -> Acknowledged | Failed:
        """A person's word on a strategy."""
        scopes = tuple(
            strategy_scope(*each)
            for each in self.strategies.values()
            if each[0] == asked.strategy and asked.symbol in ("", each[1])
        )
        if not scopes:
            known = ", ".join(sorted({strategy_scope(*each) for each in self.strategies.values()}))
            return Failed(f"no strategy {asked.strategy} {asked.symbol}".rstrip() + f"; there are: {known}")
        try:
            if isinstance(asked, PauseStrategy):
                self._watch.pause(scopes, asked.reason)
            elif not (*self._watch.resume(scopes), *self._facts.start_again(scopes)):
                return Failed(f"{asked.strategy} is neither paused nor left down")
        except OSError as error:
            return Failed(f"the disk refused to remember it: {error}")
        return Acknowledged(at_ns=self.context.system.clock.monotonic_ns())
