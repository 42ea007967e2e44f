"""The executor: intent first, then the order; doubt until proof; the books level with the venue's own."""

from typing import Any

from ..exchanges.venue import (
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
from ..trading.books import Books
from ..trading.messages import OrderApproved, OrderRefused, SignalGenerated, StateAsked
from ..trading.order_events import (
    CancelIntended,
    CancelRequested,
    OrderAccepted,
    OrderCancelled,
    OrderEvent,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderUnknown,
)
from ..trading.order_ids import client_id_prefix, make_client_id
from ..trading.order_states import OrderState
from ..trading.reconciliation import DOUBTFUL
from ..trading.tally import Drain, RunTally
from . import topics
from .drain import AccountDrain, DrainDue
from .reconciler import ReconcileDue, Reconciler
from .risk import RiskStarted, Stopping
from .venue_session import Attach, Cancel


class Executor(Actor):
    """One account's orders. Needs the ports `journal` (open) and `lease`; never sends an order twice."""

    def __init__(
        self, account: str, symbols: tuple[str, ...], session: str, risk: str, run_id: str, lost_after_s: float
    ) -> None:
        self.account = account
        self.symbols = symbols
        self.session = session
        self.risk = risk
        self.run_id = run_id
        self.lost_after_ns = round(lost_after_s * 1e9)

    def start(self) -> None:
        self._journal = self.context.ports["journal"]
        self._lease = self.context.ports["lease"]
        self.books: Books = self._journal.books()
        self._epoch: int = self._lease.acquire(after=self.books.last_epoch)
        self.tally: RunTally = self._journal.tally()
        self._opened: VenueOpened | None = None
        self._risk_incarnation = ""
        self._used_approvals: dict[str, int] = {}
        self._cancelling: set[str] = set()
        self._drain: AccountDrain | None = None
        self._reconciler = Reconciler(
            self.context,
            self.books,
            self._commit,
            session=self.session,
            symbols=self.symbols,
            prefix=client_id_prefix(self.account),
            lost_after_ns=self.lost_after_ns,
        )
        for topic in (topics.SIGNALS, topics.REFUSALS, topics.STATE_ASKED):
            self.context.subscribe(topic)
        for order in self.books.open_orders():
            if order.state in (OrderState.INTENDED, OrderState.SUBMITTED):
                self._commit(OrderUnknown(order.intent.client_id, "the executor restarted", self.context.now_ns()))
        self.context.tell(self.session, Attach(self.context.path))

    def receive(self, message: Any) -> Any:
        match message:
            case OrderApproved():
                self._execute(message)
            case PlaceAnswered():
                self._placed(message)
            case OrderFilled():
                self._filled(message)
            case OrderReported(client_id, venue_id, state):
                self._reported(client_id, venue_id, state)
            case CancelRequested(client_id, reason):
                self._cancel(client_id, reason)
            case CancelAnswered(client_id, outcome):
                self._cancelling.discard(client_id)
                if outcome != "done":
                    self._reconciler.soon()
            case EvidenceGathered(request_id, evidence):
                self._reconciler.weigh(request_id, evidence)
                self._cancel_again()
            case EvidenceFailed(request_id, reason):
                self._reconciler.failed(request_id, reason)
            case ReconcileDue():
                self._reconciler.ask()
            case VenueOpened():
                self._opened = message
                self.context.tell(self.risk, message)
                self._reconciler.opened()
            case VenueClosed(reason):
                self._opened = None
                self._cancelling.clear()
                self._reconciler.closed(reason)
            case RiskStarted(incarnation):
                self._meet_risk(incarnation)
            case StateAsked():
                self.context.publish(topics.RECONCILED, self._reconciler.verdict)
            case SignalGenerated() | OrderRefused():
                self.tally.apply(message)
            case Drain(policy):
                return self._begin_drain(policy)
            case DrainDue() if self._drain is not None:
                self._drain.go_on(self.tally)

    # -- orders -------------------------------------------------------------------------------------------------------

    def _execute(self, approval: OrderApproved) -> None:
        """Law 1, then law 2: check the approval, write the intent, and only then send."""
        now_ns = self.context.now_ns()
        if code := self._refuse_approval(approval, now_ns):
            numbers = {"approval": approval.approval_id, "expires_ns": str(approval.expires_ns), "now_ns": str(now_ns)}
            refusal = OrderRefused(approval.signal_id, approval.strategy, approval.symbol, code, numbers, now_ns)
            self.context.publish(topics.REFUSALS, refusal)
            return
        self._used_approvals = {key: at for key, at in self._used_approvals.items() if at > now_ns}
        self._used_approvals[approval.approval_id] = approval.expires_ns
        with self._journal.exclusive():  # its id is the sequence it is written at
            intent = self._intend(approval, now_ns)
            self._write(intent)
        self.context.tell(self.session, intent)  # before the others hear of it: nothing may stand in the way
        self._announce(intent)
        self._commit(
            OrderPlaced(
                intent.client_id,
                intent.signal_id,
                intent.strategy,
                intent.symbol,
                intent.side,
                intent.type,
                intent.amount,
                intent.price,
                self.context.now_ns(),
            )
        )
        self.context.system.metrics.observe(
            "stage_verdict_to_request", (self.context.now_ns() - approval.judged_ns) / 1e9
        )
        self.context.progress()

    def _refuse_approval(self, approval: OrderApproved, now_ns: int) -> str:
        if not self._lease.held():
            return "LEASE_LOST"
        if approval.risk_incarnation != self._risk_incarnation:
            return "APPROVAL_OF_DEAD_RISK"
        if approval.approval_id in self._used_approvals:
            return "APPROVAL_USED"
        if now_ns >= approval.expires_ns:
            return "APPROVAL_EXPIRED"
        if approval.signal_id in self.books.used_signals:
            return "DUPLICATE_SIGNAL"
        return "" if self._opened is not None else "NOT_CONNECTED"

    def _intend(self, approval: OrderApproved, now_ns: int) -> OrderIntended:
        sequence = self._journal.next_sequence
        return OrderIntended(
            client_id=make_client_id(self.account, self._epoch, sequence),
            sequence=sequence,
            epoch=self._epoch,
            approval_id=approval.approval_id,
            signal_id=approval.signal_id,
            strategy=approval.strategy,
            symbol=approval.symbol,
            side=approval.side,
            type=approval.type,
            amount=approval.amount,
            price=approval.price,
            reference_price=approval.reference_price,
            at_ns=now_ns,
        )

    def _placed(self, answer: PlaceAnswered) -> None:
        now_ns = self.context.now_ns()
        match answer.outcome:
            case "done":
                self._commit(OrderAccepted(answer.client_id, answer.venue_id, now_ns))
            case "refused":
                self._commit(OrderRejected(answer.client_id, answer.code, answer.reason, now_ns))
            case "unknown":
                self._commit(OrderUnknown(answer.client_id, f"{answer.code}: {answer.reason}", now_ns))
                self._reconciler.soon()

    def _filled(self, fill: OrderFilled) -> None:
        if fill.client_id in self.books.orders:
            self._commit(fill)
        else:
            self._reconciler.soon()

    def _reported(self, client_id: str, venue_id: str, state: str) -> None:
        order = self.books.orders.get(client_id)
        if order is None:
            return
        now_ns = self.context.now_ns()
        if state == "open" and order.state in DOUBTFUL:
            self._commit(OrderAccepted(client_id, venue_id, now_ns))
        elif state == "cancelled":
            self._commit(OrderCancelled(client_id, "cancelled at the venue", now_ns))
        elif state == "rejected":
            self._commit(OrderRejected(client_id, "VENUE", "rejected at the venue", now_ns))

    def _cancel(self, client_id: str, reason: str) -> None:
        order = self.books.orders.get(client_id)
        if order is None or not order.open or client_id in self._cancelling or not self._lease.held():
            return
        if not order.cancel_wanted:
            self._commit(CancelIntended(client_id, reason, self.context.now_ns()))
        self._cancelling.add(client_id)
        self.context.tell(self.session, Cancel(client_id, order.intent.symbol))

    def _cancel_again(self) -> None:
        """A cancel may be lost, or come before its order: what stands at the venue against our wish is asked again."""
        for order in self.books.open_orders():
            if order.cancel_wanted and order.state not in DOUBTFUL:
                self._cancel(order.intent.client_id, "still open")

    def _commit(self, event: OrderEvent) -> None:
        """Journal what changes the books and tell everybody; what changes nothing leaves no trace."""
        if self._write(event):
            self._announce(event)

    def _write(self, event: OrderEvent) -> bool:
        """The journal first, where an intent is concerned: it must stand there before anything is done about it."""
        if isinstance(event, OrderIntended):
            sequence = self._journal.append(event)
            assert event.sequence in (sequence, 0), "an intent's id is its own journal sequence"
            return self.books.apply(event)
        if not self.books.apply(event):
            return False
        self._journal.append(event)
        return True

    def _announce(self, event: OrderEvent) -> None:
        self._reconciler.activity += 1
        self.tally.apply(event)
        self.context.publish(topics.ORDERS, event)

    def _meet_risk(self, incarnation: str) -> None:
        self._risk_incarnation = incarnation
        if self._opened is not None:
            self.context.tell(self.risk, self._opened)
        self.context.tell(self.risk, self._reconciler.verdict)
        if self._drain is not None:
            self.context.tell(self.risk, Stopping(flatten=False))  # a new risk does not know that all is stopping

    def _begin_drain(self, policy: str) -> Reply:
        if self._drain is None:
            self.context.tell(self.risk, Stopping(policy == "flatten"))
            self._drain = AccountDrain(self.context, self.books, self._reconciler, self._cancel, policy)
        return self._drain.answer
