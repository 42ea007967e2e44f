"""The risk actor: knows the rung, judges what is asked, approves with a single-use id or refuses with numbers."""

from decimal import Decimal
from typing import Any

import msgspec

from ..config.risk_settings import LadderSettings, RiskSettings
from ..exchanges.listing import InstrumentsChanged
from ..exchanges.venue import ClockCompared, RateLimited, VenueOpened
from ..kernel.actor import Actor
from ..supervisors.reports import SupervisorReport
from ..supervisors.supervisor import SUPERVISION
from ..trading.books import Books
from ..trading.differences import ForeignOrdersSeen
from ..trading.ladder import ACCOUNT, strategy_scope
from ..trading.messages import (
    AccountReconciled,
    CauseNoted,
    DataQuality,
    FeedChanged,
    MarketDataUpdate,
    OrderRefused,
    OrderRequested,
    RiskAlert,
    RungAsked,
    SignalGenerated,
    StateAsked,
)
from ..trading.order import Order
from ..trading.order_events import CancelRequested, OrderEvent, OrderFilled
from ..trading.order_making import approve
from ..trading.order_states import OrderState
from ..trading.risk import Asked, Draft, Refusal, asked_id, judge
from ..trading.risk.budgets import BudgetGranted
from ..trading.rungs import Rung, Standing, lowest
from ..transports.control import (
    Acknowledged,
    Failed,
    LadderAnswered,
    LadderAsked,
    PauseStrategy,
    ResumeStrategy,
    RiskAsked,
    SetLimit,
)
from . import topics
from .budget_link import BudgetLink
from .risk_facts import RiskFacts
from .risk_knowledge import Knowledge
from .risk_limits import RiskLimits
from .risk_report import report
from .risk_watch import RiskWatch
from .standings import Standings

CHECK_PERIOD_S = 0.1


class RiskStarted(msgspec.Struct, frozen=True):
    """The living incarnation of risk: the executor takes approvals of no other."""

    incarnation: str


class Stopping(msgspec.Struct, frozen=True):
    """No new orders from now on; with `flatten`, close every position first."""

    flatten: bool


class _CheckDue:
    pass


class Risk(Actor):
    """Fails closed: it knows nothing good until told, and an exception in a check refuses with its code."""

    must_hear = OrderEvent
    urgent = True

    def __init__(
        self,
        symbols: tuple[str, ...],
        limits: RiskSettings,
        executor: str,
        currency: str,
        ladder: LadderSettings,
        strategies: dict[str, tuple[str, str]],
        account: str = "main",
        budgets: str = "",
    ) -> None:
        """`strategies`: by the last part of its runner's path, each strategy and its symbol. `budgets`: who grants a
        share of what all accounts may do; empty: nobody, and nothing but its own limits bounds this one."""
        self.symbols = symbols
        self.settings = limits
        self.executor = executor
        self.currency = currency
        self.ladder = ladder
        self.strategies = strategies
        self.account = account
        self.budgets = budgets

    def start(self) -> None:
        self.incarnation = self.context.system.entropy.new_id()
        self.context.subscribe(topics.ORDERS)  # before the copy: what happens meanwhile is in one or comes by the other
        traded = tuple(self.strategies.values())
        self._limits = RiskLimits(self.context, self.settings, self.symbols, lambda: (*traded, *self.books.holdings))
        self._known = Knowledge(self.context, self._limits, self.settings, self.symbols, self.currency)
        self._stopping = False
        self._flattening: set[str] = set()
        self._held: dict[tuple[str, str], SignalGenerated] = {}
        self._standings = Standings(self.context, self.symbols, traded, lease_held=self.context.ports["lease"].held())
        self._facts = RiskFacts(self.context, self._standings, self.ladder, self.strategies)
        scopes = tuple(strategy_scope(*each) for each in traded)
        self._watch = RiskWatch(
            self.context, self._standings, lambda: self._limits.account, self.ladder, scopes, self._known.worth
        )
        if self._limits.fault:
            self._watch.halt(self._limits.fault)
        self._budget = BudgetLink(self.context, self.budgets, self.account)
        self._known.grant = self._budget.first
        heard = (topics.FEEDS, topics.QUALITY, topics.RECONCILED, topics.FOREIGN, topics.CAUSES, topics.VENUE)
        for topic in (*heard, SUPERVISION, topics.STATE_ASKED, *map(topics.market, self.symbols)):
            self.context.subscribe(topic)
        self.context.tell(self.executor, RiskStarted(self.incarnation))
        self.context.publish(topics.STATE_ASKED, StateAsked())
        self.context.repeat(CHECK_PERIOD_S, _CheckDue())

    @property
    def books(self) -> Books:
        return self._known.books

    def receive(self, message: Any) -> Any:
        match message:
            case MarketDataUpdate():
                self._known.hear(message)
                self._standings.note_market(message)
            case SignalGenerated():
                self._consider(message)
            case OrderRequested():
                self._judge(message)
            case (
                FeedChanged()
                | DataQuality()
                | AccountReconciled()
                | ClockCompared()
                | RateLimited()
                | CauseNoted()
                | SupervisorReport()
            ):
                self._facts.hear(message)
            case ForeignOrdersSeen(orders):
                self._known.exposure.watch_foreign(orders)
            case VenueOpened(instruments) | InstrumentsChanged(instruments):
                self._known.instruments = {**self._known.instruments, **instruments}
            case StateAsked():
                self._standings.tell_all()
            case RungAsked(scopes):
                for scope in scopes:
                    self._standings.tell(scope)
            case Stopping(flatten):
                self._stop_trading(flatten)
            case _CheckDue():
                self._check()
            case BudgetGranted():
                self._known.grant = self._budget.hear(message)
            case LadderAsked():
                return LadderAnswered(self._standings.views(), self._standings.moves())
            case PauseStrategy() | ResumeStrategy():
                return self._obey(message)
            case RiskAsked():
                return report(self._known, self._limits, self._watch.losses(), self.context.now_ns())
            case SetLimit():
                return self._limits.set(message)
            case _ if isinstance(message, OrderEvent):
                self._fold(message)

    def _fold(self, event: OrderEvent) -> None:
        booked = self._known.fold(event)
        if booked and isinstance(event, OrderFilled):
            self._inspect(event)
        order = self.books.orders.get(getattr(event, "client_id", ""))
        keys = tuple(self._held) if order is None or self._stopping else ((order.intent.strategy, order.intent.symbol),)
        self._reconsider(*keys)

    def _inspect(self, fill: OrderFilled) -> None:
        """Past its bounds all the same: only what shrinks positions of this symbol may leave for a while."""
        for code, numbers in self._known.inspect(fill):
            words = ", ".join(f"{name}={value}" for name, value in numbers.items())
            self.context.publish(topics.ALERTS, RiskAlert(code, words, self.context.now_ns()))
            self._standings.note(fill.symbol, "POST_TRADE", holds=True, detail=f"{code}: {words}")
            self._standings.note(fill.symbol, "POST_TRADE", holds=False)

    def _reconsider(self, *keys: tuple[str, str]) -> None:
        """What held signals waited for may have come."""
        for key in keys:
            if (signal := self._held.pop(key, None)) is not None:
                self._consider(signal)

    def _consider(self, signal: SignalGenerated) -> None:
        """Judge a signal; where an order of the same strategy still stands, cancel that and keep the latest signal."""
        key, flattens = (signal.strategy, signal.symbol), signal.signal_id in self._flattening
        standing_order, guarded = self._standing_order(signal), flattens and self._known.exposure.is_locked(*key)
        waits = standing_order is not None or guarded or self._known.has_approval(*key)  # guards go with the drain
        if not waits or (self._stopping and not flattens):
            self._judge(signal)
            return
        self._held[key] = signal
        if standing_order is not None and not standing_order.cancel_wanted:
            self.context.tell(self.executor, CancelRequested(standing_order.intent.client_id, "a newer signal"))

    def _standing_order(self, signal: SignalGenerated) -> Order | None:
        """Of orders as targets make them: what protects a position, or was asked for on terms of its own, stays."""
        for order in self._known.exposure.plain_order(signal.strategy, signal.symbol):
            if order.state is not OrderState.UNKNOWN:
                return order
        return None

    def _judge(self, asked: Asked) -> None:
        now_ns = self.context.now_ns()
        if self._known.equity is None:
            self._known.measure(self._standings.ladder.applied)
        verdict = judge(asked, self._known.view(asked, self._standing(asked), now_ns))
        self.context.progress()
        self.context.system.metrics.observe("stage_signal_to_verdict", (now_ns - asked.created_ns) / 1e9)
        match verdict:
            case Draft():
                self._approve(asked, verdict, now_ns)
            case Refusal(code, numbers):
                refused = OrderRefused(asked_id(asked), asked.strategy, asked.symbol, code, numbers, now_ns)
                self.context.publish(topics.REFUSALS, refused)

    def _standing(self, asked: Asked) -> Standing:
        standing = self._standings.of(strategy_scope(asked.strategy, asked.symbol))
        if self._stopping and asked_id(asked) not in self._flattening:
            return lowest((standing, Standing(Rung.CANCEL_ONLY, "stopping")))
        return standing

    def _approve(self, asked: Asked, draft: Draft, now_ns: int) -> None:
        approval_id = self.context.system.entropy.new_id()
        ttl_ns = self._known.reserve(approval_id, asked, draft)
        approval = approve(
            approval_id,
            self.incarnation,
            asked,
            draft,
            self._known.markets[asked.symbol],
            now_ns,
            now_ns + ttl_ns,
            self._known.versions,
        )
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
                    new_id, now_ns = self.context.system.entropy.new_id(), self.context.now_ns()
                    signal = SignalGenerated(new_id, strategy, symbol, Decimal(0), None, now_ns, "stop: flatten")
                    self._flattening.add(signal.signal_id)
                    self.context.publish(topics.SIGNALS, signal)  # for the record
                    self._consider(signal)

    # -- the ladder ---------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        self._standings.note(ACCOUNT, "LEASE_LOST", holds=not self.context.ports["lease"].held())
        self._standings.note_ages(self._known.markets, self.context.now_ns(), self._known.max_market_age_ns)
        self._facts.check()
        self._watch.check(self._known.measure(self._standings.ladder.applied), self.books.transferred)
        self._known.drawdown, self._known.lost = self._watch.drawdown, self._watch.lost
        self._budget.check(self._known.exposure.gross, self._known.lost)
        self._standings.pass_time()
        self._reconsider(*self._held)

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
