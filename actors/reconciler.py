"""The executor's part that brings the books level with the venue: asks, weighs, asks again; one look at a time."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from itertools import islice

import msgspec

from ..exchanges.venue import LOOK_TIMEOUT_S
from ..kernel.actor import Context
from ..kernel.loop import Timer
from ..trading.adoption import Owner
from ..trading.books import Books
from ..trading.differences import compare, describe_foreign, foreign_orders, repaired
from ..trading.evidence import Evidence, VenueOrder
from ..trading.messages import ZERO, AccountReconciled
from ..trading.order_events import FundsMoved, OrderEvent
from ..trading.reconciliation import begin, settle
from ..trading.shortfalls import cover_shortfalls
from ..trading.transfers import FoundTransfers, missed_transfers
from ..transports.control import AcceptBalance, Acknowledged, Failed, ReconciliationAnswered
from . import topics
from .difference_notes import DifferenceNotes
from .look_scope import LookScope
from .venue_session import Cancel

PERIOD_S = 5.0
RETRY_MIN_S = 0.1
RETRY_MAX_S = 2.0
LOOK_DUE_S = 12.0
"""Equal books are taken for equal this long without another look."""
ANSWER_DUE_S = LOOK_TIMEOUT_S + 1.0
"""A look that was not answered by then is taken for lost."""
MISMATCHES_BORNE = 2
"""Evidence is not one instant: only a difference seen this many times in a row is one."""
TRANSFERS_ASKED_NS = 89 * 86_400_000_000_000
"""How far back deposits and withdrawals are asked for, where balances differ: venues tell of about three months."""
MOVING_BORNE = 20
"""Looks in a row that fills overtook, before one is judged anyway."""
STEPS_AT_ONCE = 500
"""Of a settlement, before others have their turn: ten thousand open orders must not hold the market up."""
REASON_MAX = 300


class ReconcileDue(msgspec.Struct, frozen=True):
    """Time to look again."""


class SettleDue(msgspec.Struct, frozen=True):
    """Time for the next steps of a settlement."""


class _Settlement(msgspec.Struct):
    """A look being weighed. `moved`: the books went on by themselves since it was asked for."""

    evidence: Evidence
    steps: Iterator[OrderEvent | None]
    moved: bool
    activity: int


class Reconciler:
    """Owned by the executor. `commit` journals and applies one event; `may_cancel` says whether a cancel of an order of
    that type may leave, `whose` an order is that the books do not know; `activity` counts what was committed."""

    def __init__(
        self,
        context: Context,
        books: Books,
        commit: Callable[[OrderEvent], None],
        *,
        session: str,
        symbols: tuple[str, ...],
        prefix: str,
        lost_after_ns: int,
        may_cancel: Callable[[str], bool],
        whose: Callable[[VenueOrder], Owner],
    ) -> None:
        self._context = context
        self._books = books
        self._commit = commit
        self._session = session
        self._prefix = prefix
        self._settle = partial(settle, books, lost_after_ns=lost_after_ns, prefix=prefix, whose=whose)
        self._may_cancel = may_cancel
        self._request_id = self._mismatches = self._moving = 0
        self._asked_at: int | None = None
        self._asked_ns = self._asked_time_ns = 0
        """Monotonic, and by the clock that evidence is dated with."""
        self._retry_s = RETRY_MIN_S
        self._retry: Timer | None = None
        self._looked_ns = context.system.clock.monotonic_ns()
        self._settlement: _Settlement | None = None
        self.notes = DifferenceNotes(context)
        self.found = FoundTransfers()
        self._fenced = ""
        self.connected = False
        self.activity = 0
        self._scope = LookScope(symbols)
        self.verdict = AccountReconciled(False, ("not yet compared",), 0, 0, context.now_ns())
        self._verdict_at = -1
        self._judged_ns = 0
        context.repeat(PERIOD_S, ReconcileDue())

    def opened(self) -> None:
        self.connected = True
        self.ask()

    def closed(self, reason: str) -> None:
        self.connected = False
        self._drop_settlement()
        self._judge((f"disconnected from the venue: {reason}",))

    def fence(self, reason: str) -> None:
        """Another may trade the account: until `unfence` the books are not taken for equal, whatever is seen."""
        self._fenced = reason
        self._judge(())

    def unfence(self) -> None:
        """The books may be behind: compare them anew."""
        self._fenced = ""
        self._drop_settlement()
        self.ask()

    def soon(self) -> None:
        """Look again, the later the longer nothing comes of it; one such wait at a time."""
        if self._retry is not None:
            self._retry.cancel()
        self._retry = self._context.schedule(self._retry_s, ReconcileDue())
        self._retry_s = min(self._retry_s * 2, RETRY_MAX_S)

    def failed(self, request_id: int, reason: str) -> None:
        """The venue could not be asked: that proves nothing."""
        if request_id == self._request_id and self._settlement is None:
            self._asked_at = None
            self._scope.give_back()
            self.soon()
            self._check_overdue(reason)

    def at_rest(self, since_ns: int) -> bool:
        """True where the books were found equal after `since_ns` (monotonic) and nothing happened since."""
        return self.verdict.equal and self._judged_ns > since_ns and self._verdict_at == self.activity

    def ask(self) -> None:
        """Ask the venue, unless it is being asked."""
        now_ns = self._context.system.clock.monotonic_ns()
        waits = self._asked_at is not None and now_ns - self._asked_ns < ANSWER_DUE_S * 1e9
        self._check_overdue("it does not answer")
        if not self.connected or waits:
            return
        if self._asked_at is not None:
            self._scope.give_back()  # of a look that was lost
        self._request_id += 1
        self._asked_at, self._asked_ns, self._asked_time_ns = self.activity, now_ns, self._context.now_ns()
        transfers_since_ns = self._asked_time_ns - TRANSFERS_ASKED_NS if self._mismatches else None
        self._context.tell(self._session, self._scope.ask(self._request_id, self._books, transfers_since_ns))

    def note(self, event: OrderEvent) -> None:
        """It was committed."""
        self.activity += 1
        self._scope.note(event)

    def weigh(self, request_id: int, evidence: Evidence) -> None:
        """Settle what the evidence proves, then compare what remains."""
        if request_id != self._request_id or self._asked_at is None or self._settlement is not None:
            return
        begun_before = evidence.asked_ns < self._asked_time_ns  # and broken off: by an earlier request
        moved, now_ns = begun_before or self.activity != self._asked_at, self._context.now_ns()
        self._looked_ns = self._context.system.clock.monotonic_ns()
        just_begun = not self._books.adopted
        if just_begun:
            self.found.begin(now_ns)
            for event in begin(evidence, now_ns):
                self._commit(event)
        steps = self._settle(evidence, now_ns, just_begun=just_begun)
        self._settlement = _Settlement(evidence, steps, moved, self.activity)
        self.go_on()

    def go_on(self) -> None:
        """The next steps of the settlement under way; its end where there are no more."""
        settlement = self._settlement
        if settlement is None:
            return
        settlement.moved |= self.activity != settlement.activity
        taken = 0
        for event in islice(settlement.steps, STEPS_AT_ONCE):
            taken += 1
            if event is not None:
                self._repair(event)
                self._context.fault_point("reconciler: settled in part")
        settlement.activity = self.activity
        if taken == STEPS_AT_ONCE:
            self._context.tell(self._context.path, SettleDue())
        else:
            self._settlement = self._asked_at = None
            self._conclude(settlement.evidence, moved=settlement.moved)

    def _repair(self, event: OrderEvent) -> None:
        repair = repaired(event, self._books.orders.get(getattr(event, "client_id", "")))
        self._commit(event)
        if repair is not None:
            self.notes.note(*repair)

    def _drop_settlement(self) -> None:
        self._settlement = self._asked_at = None
        self._scope.give_back()

    def _conclude(self, evidence: Evidence, *, moved: bool) -> None:
        self._cancel_strays(evidence)
        self.notes.note_foreign(foreign_orders(self._books, evidence, self._prefix))
        for transfer in missed_transfers(self._books, evidence):
            self._repair(transfer)
            self.found.note(transfer)
        differences = compare(self._books, evidence, self._prefix)
        if differences and moved and self._moving < MOVING_BORNE:
            self._moving += 1
            self._scope.widen(differences, again=self._moving * 2 > MOVING_BORNE)
            self.ask()
            return
        if not differences:
            for event in tuple(cover_shortfalls(self._books, self._context.now_ns())):
                self._repair(event)
        self._moving = 0
        self._mismatches = self._mismatches + 1 if differences else 0
        self._scope.widen(differences, again=self._mismatches >= MISMATCHES_BORNE)
        if not differences or self._mismatches >= MISMATCHES_BORNE:
            self.notes.note_standing(differences)
            self._judge(tuple(map(str, differences)))
        if differences or self._books.unknown_orders():
            self.soon()
        else:
            self._retry_s = RETRY_MIN_S

    def tell(self) -> None:
        """To a newcomer: the verdict, and whose orders stand at the venue besides ours."""
        self._context.publish(topics.RECONCILED, self.verdict)
        self.notes.tell()

    def accept(self, asked: AcceptBalance) -> Acknowledged | Failed:
        """A person says that a standing difference of a currency is right as the venue has it."""
        difference = self.notes.standing.get(("balance", asked.currency))
        if difference is None or not asked.reason.strip():
            standing = ", ".join(subject for kind, subject in self.notes.standing if kind == "balance") or "none"
            return Failed(
                f"expected a reason and a currency whose balance differs ({standing}), got {asked.currency!r}"
            )
        if self._books.balances.get(asked.currency, ZERO) != Decimal(difference.books):
            self.ask()
            return Failed(f"the balance of {asked.currency} moved since it was compared; ask again in a moment")
        amount = Decimal(difference.venue) - Decimal(difference.books)
        reference = f"accepted:{self._context.system.entropy.new_id()}"
        self._commit(FundsMoved(asked.currency, amount, "adjustment", reference, self._context.now_ns()))
        self.notes.standing.pop(("balance", asked.currency))
        self.notes.note(difference, f"accepted by {asked.by}: {asked.reason}"[:REASON_MAX])
        self.ask()
        return Acknowledged(at_ns=self._context.system.clock.monotonic_ns())

    def describe(self) -> ReconciliationAnswered:
        return ReconciliationAnswered(
            verdict=self.verdict,
            standing=tuple(map(str, self.notes.standing.values())),
            foreign=tuple(str(describe_foreign(order)) for order in self.notes.foreign.values()),
            latest=tuple(reversed(self.notes.latest)),
        )

    def _cancel_strays(self, evidence: Evidence) -> None:
        """An order of ours that stands at the venue and is closed in the books must not go on standing; what it fills
        until then is booked all the same."""
        standing = {order.intent.client_id for order in self._books.open_orders()}
        for order in evidence.orders:
            ours = order.state == "open" and order.client_id.startswith(self._prefix)
            if ours and order.client_id not in standing and self._may_cancel(order.type):
                self._context.tell(self._session, Cancel(order.client_id, order.symbol))

    def _check_overdue(self, reason: str) -> None:
        """Books that could not be compared for too long are not known to be equal any more."""
        age_s = (self._context.system.clock.monotonic_ns() - self._looked_ns) / 1e9
        if self.verdict.equal and age_s > LOOK_DUE_S:
            self._judge((f"the venue could not be asked for {age_s:.0f} s: {reason}"[:300],))

    def _judge(self, differences: tuple[str, ...]) -> None:
        differences = (self._fenced, *differences) if self._fenced else differences
        was_equal, now_ns = self.verdict.equal, self._context.now_ns()
        opened, unknown = len(self._books.open_orders()), len(self._books.unknown_orders())
        self.verdict = AccountReconciled(not differences, differences, opened, unknown, now_ns)
        self._verdict_at = self.activity
        self._judged_ns = self._context.system.clock.monotonic_ns()
        self._context.publish(topics.RECONCILED, self.verdict)
        if self.verdict.equal and not was_equal:
            self._context.publish(topics.SERVING, self.verdict)
