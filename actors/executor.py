"""The executor: intent first, then the order; doubt until proof; the books level with the venue's own."""

from functools import partial
from typing import Any

from ..exchanges.venue import (
    BalancesReported,
    CancelAnswered,
    EvidenceFailed,
    EvidenceGathered,
    OrderReported,
    PlaceAnswered,
    VenueClosed,
    VenueOpened,
)
from ..kernel.actor import Actor
from ..kernel.envelope import Reply
from ..storage.lease import LeaseHeld
from ..trading.books import Books
from ..trading.ladder import ACCOUNT
from ..trading.messages import AccountBegan, OrderApproved, OrderRefused, RungChanged, SignalGenerated, StateAsked
from ..trading.order_events import (
    CancelRequested,
    FundsMoved,
    OrderEvent,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderUnknown,
)
from ..trading.order_ids import client_id_prefix, make_client_id
from ..trading.order_making import intend, refuse
from ..trading.order_states import OrderState
from ..trading.reported_balances import ReportedBalances
from ..trading.rungs import Rung, may_cancel
from ..trading.tally import Drain, RunTally
from ..transports.control import AcceptBalance, ReconciliationAsked
from . import topics
from .approvals import Approvals
from .cancels import Cancels
from .commits import Commits
from .drain import AccountDrain, DrainDue
from .heard_rungs import HeardRungs
from .reconciler import ReconcileDue, Reconciler, SettleDue
from .risk import RiskStarted, Stopping
from .venue_meaning import meaning_of_answer, meaning_of_report
from .venue_session import Attach

CHECK_PERIOD_S = 0.5


class _LeaseDue:
    pass


class Executor(Actor):
    """One account's orders. Needs the ports `journal` (open) and `lease`; never sends an order twice.

    Without the lease nothing leaves; it is asked for again and again, and once it is had the books are compared before
    anything may leave.
    """

    urgent = True

    def __init__(
        self,
        account: str,
        symbols: tuple[str, ...],
        session: str,
        risk: str,
        run_id: str,
        lost_after_s: float,
        strategies: tuple[str, ...] = (),
    ) -> None:
        """`strategies`: the names of those configured, for orders that the journal lost."""
        self.account = account
        self.symbols = symbols
        self.session = session
        self.risk = risk
        self.run_id = run_id
        self.lost_after_ns = round(lost_after_s * 1e9)
        self.strategies = strategies

    def start(self) -> None:
        self._journal = self.context.ports["journal"]
        self._lease = self.context.ports["lease"]
        self.books: Books = self._journal.books()
        self._epoch, self._fenced = 0, False
        self._rungs = HeardRungs()
        self._commits = Commits(self.context, self._journal, self.books)
        self.tally: RunTally = self._journal.tally()
        self._opened: VenueOpened | None = None
        self._balances = ReportedBalances()
        self._approvals = Approvals(self._lease, self.books, self._rungs)
        self._cancels = Cancels(self.context, self.books, self._commit, self.session, self._may_cancel)
        self._drain: AccountDrain | None = None
        self._prefix = client_id_prefix(self.account)
        self._reconciler = Reconciler(
            self.context,
            self.books,
            self._commit,
            session=self.session,
            symbols=self.symbols,
            prefix=self._prefix,
            lost_after_ns=self.lost_after_ns,
            may_cancel=self._may_cancel,
            whose=partial(self._commits.whose, self.strategies),
        )
        for topic in (topics.SIGNALS, topics.REFUSALS, topics.STATE_ASKED, topics.RUNG):
            self.context.subscribe(topic)
        self.context.publish(topics.ACCOUNT_BEGAN, AccountBegan())
        self._doubt_unproven("the executor restarted")
        self._take_lease()
        self.context.tell(self.session, Attach(self.context.path))
        self.context.repeat(CHECK_PERIOD_S, _LeaseDue())

    def receive(self, message: Any) -> Any:
        match message:
            case OrderApproved():
                self._execute(message)
            case SignalGenerated() | OrderRefused():
                self.tally.apply(message)
            case OrderPlaced() | FundsMoved() if not self._reconciler.found.are_told_by(message):
                self._commit(message)
            case PlaceAnswered():
                self._placed(message)
            case OrderFilled():
                self._filled(message)
            case OrderReported():
                self._reported(message)
            case BalancesReported(totals):
                self._balances.hear(totals)
            case CancelRequested(client_id, reason):
                self._cancels.want(client_id, reason)
            case CancelAnswered():
                self._cancel_answered(message)
            case EvidenceGathered(request_id, evidence):
                self._reconciler.weigh(request_id, evidence)
                self._cancels.again()
            case EvidenceFailed(request_id, reason):
                self._reconciler.failed(request_id, reason)
            case ReconciliationAsked():
                return self._reconciler.describe()
            case AcceptBalance():
                return self._reconciler.accept(message)
            case ReconcileDue():
                self._reconciler.ask()
            case SettleDue():
                self._reconciler.go_on()
            case VenueOpened():
                self._connected(message)
            case VenueClosed(reason):
                self._opened = None
                self._cancels.forget()
                self._reconciler.closed(reason)
            case RiskStarted(incarnation):
                self._meet_risk(incarnation)
            case StateAsked():
                self._reconciler.tell()
                self._commits.tell()
            case RungChanged(scope):
                self._rungs.hear(message)
                if scope == ACCOUNT:
                    self._halt_orders()
            case _LeaseDue():
                self._check()
            case Drain(policy):
                return self._begin_drain(policy)
            case DrainDue() if self._drain is not None:
                self._drain.go_on(self.tally)

    # -- orders -------------------------------------------------------------------------------------------------------

    def _execute(self, approval: OrderApproved) -> None:
        """Law 1, then law 2: check the approval, write the intent, and only then send."""
        now_ns = self.context.now_ns()
        if code := self._approvals.refuse(approval, self._opened, now_ns):
            self.context.publish(topics.REFUSALS, refuse(approval, code, now_ns))
            return
        self.context.fault_point("executor: approval checked")
        self._approvals.use(approval, now_ns)
        with self._journal.exclusive():  # its id is the sequence it is written at
            sequence = self._journal.next_sequence
            client_id = make_client_id(self.account, self._epoch, sequence, approval.strategy, approval.signal_id)
            intent = intend(approval, client_id, sequence, self._epoch, now_ns)
            written = self._commits.write_intent(intent)
        if not written:
            self.context.publish(topics.REFUSALS, refuse(approval, "JOURNAL_FAULT", now_ns))
            return
        self.context.fault_point("executor: intent written")
        self.context.tell(self.session, intent)  # before the others hear of it: nothing may stand in the way
        self.context.fault_point("executor: order sent")
        self.context.afterwards(partial(self._tell_intent, intent, approval.judged_ns))

    def _tell_intent(self, intent: OrderIntended, judged_ns: int) -> None:
        self._count(intent)
        self._commits.tell_intent(intent, judged_ns)
        self.context.progress()

    def _connected(self, opened: VenueOpened) -> None:
        self._opened = opened
        self.context.tell(self.risk, opened)
        self._reconciler.opened()

    def _placed(self, answer: PlaceAnswered) -> None:
        self.context.fault_point("executor: answer heard")
        self._commit(meaning_of_answer(answer, self.context.now_ns()))
        if answer.outcome == "unknown":
            self._reconciler.soon()

    def _filled(self, fill: OrderFilled) -> None:
        order = self.books.orders.get(fill.client_id)
        if order is not None:
            self._commit(fill)
        if order is None or (order.open and order.intent.terms.quote_amount is not None):
            self._reconciler.soon()  # of one by quote amount only the venue knows when that is spent

    def _cancel_answered(self, answer: CancelAnswered) -> None:
        self._cancels.answered(answer.client_id)
        if answer.outcome == "done":
            self._halt_orders()
        else:  # asked again at once, what is not sent at all would be for ever
            self._reconciler.soon()

    def _reported(self, report: OrderReported) -> None:
        order = self.books.orders.get(report.client_id)
        if order is None:
            if report.client_id.startswith(self._prefix):
                self._reconciler.soon()
        elif (event := meaning_of_report(report, order, self.context.now_ns())) is not None:
            self._commit(event)

    def _may_cancel(self, order_type: str) -> bool:
        return self._lease.held() and may_cancel(self._rungs.account, order_type)

    def _halt_orders(self) -> None:
        """On HALTED cancel all but what protects, again and again until nothing of it stands."""
        if self._rungs.account == Rung.HALTED:
            self._cancels.want_all("halted")

    def _check(self) -> None:
        self._keep_lease()
        self._halt_orders()
        self._commits.try_again(self._reconciler.verdict)
        if self._balances.compare(self.books.balances):
            self._reconciler.soon()

    # -- the lease ----------------------------------------------------------------------------------------------------

    def _keep_lease(self) -> None:
        if not self._lease.held():
            if not self._fenced:  # in doubt before it is ours again: nobody may take the books for equal then
                self._fenced = True
                self._reconciler.fence("the lease of the account was lost")
            self._take_lease()

    def _take_lease(self) -> None:
        try:
            self._epoch = self._lease.acquire(after=self.books.last_epoch)
        except (LeaseHeld, OSError) as error:
            if not self._fenced:
                self._fenced = True
                self._reconciler.fence(str(error)[:300])
            return
        self.context.fault_point("executor: lease taken")
        if self._fenced:
            self._fenced = False
            self._doubt_unproven("the lease was taken anew")
            self._cancels.forget()
            self._reconciler.unfence()

    def _doubt_unproven(self, reason: str) -> None:
        for order in self.books.open_orders():
            if order.state in (OrderState.INTENDED, OrderState.SUBMITTED):
                self._commit(OrderUnknown(order.intent.client_id, reason, self.context.now_ns()))

    # -- books --------------------------------------------------------------------------------------------------------

    def _commit(self, event: OrderEvent) -> None:
        """Journal what changes the books and tell everybody; what changes nothing leaves no trace."""
        if self._commits.write(event):
            self._count(event)

    def _count(self, event: OrderEvent) -> None:
        self._reconciler.note(event)
        self.tally.apply(event)

    def _meet_risk(self, incarnation: str) -> None:
        self._approvals.risk_incarnation = incarnation
        if self._opened is not None:
            self.context.tell(self.risk, self._opened)
        self.context.tell(self.risk, self._reconciler.verdict)
        if self._drain is not None:
            self.context.tell(self.risk, Stopping(flatten=False))  # a new risk does not know that all is stopping

    def _begin_drain(self, policy: str) -> Reply:
        if self._drain is None:
            self.context.tell(self.risk, Stopping(policy == "flatten"))
            self._drain = AccountDrain(self.context, self.books, self._reconciler, self._cancels.want, policy)
        return self._drain.answer
