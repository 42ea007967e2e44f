"""The executor's part that writes: the journal and the books, in the order the laws want."""

from collections import deque

from ..kernel.actor import Context
from ..storage.account_journal import AccountJournal
from ..storage.journal import JournalFault
from ..trading.adoption import MANUAL, Owner, owner_of
from ..trading.books import Books
from ..trading.evidence import VenueOrder
from ..trading.ladder import ACCOUNT
from ..trading.messages import AccountReconciled, CauseNoted
from ..trading.order_events import OrderEvent, OrderIntended
from . import topics

OWED_MAX = 10_000


class Commits:
    """An intent stands in the journal or is refused. What already happened is booked at once, and written when the
    journal can be written again: a full disk must not blind us to what the venue did. Until then no intent is taken,
    and nobody else hears of it, so that every replica is of the journal; what a crash loses of it the venue's evidence
    tells again."""

    def __init__(self, context: Context, journal: AccountJournal, books: Books) -> None:
        self._context = context
        self._journal = journal
        self._books = books
        self._owed: deque[OrderEvent] = deque()
        self._fault = ""

    def write_intent(self, intent: OrderIntended) -> bool:
        """False, and nothing of it stands anywhere, where it cannot be written."""
        if self._fault:
            return False
        try:
            sequence = self._journal.append(intent)
        except (JournalFault, OSError) as error:
            self._note(str(error))
            return False
        assert intent.sequence == sequence, "an intent's id is its own journal sequence"
        return self._books.apply(intent)

    def tell_intent(self, intent: OrderIntended, judged_ns: int) -> None:
        """Once it is on its way: nobody who hears of it may stand before it."""
        self._context.publish(topics.ORDERS, intent)
        self._context.system.metrics.observe("stage_verdict_to_request", (intent.at_ns - judged_ns) / 1e9)

    def write(self, event: OrderEvent) -> bool:
        """Book what happened, and tell it once it is written; False where it changes nothing."""
        if not self._books.apply(event):
            return False
        if len(self._owed) >= OWED_MAX:
            raise JournalFault(f"{OWED_MAX} events could not be written: {self._fault}; make room on the disk")
        self._context.fault_point("commit: booked")
        self._owed.append(event)
        self._flush()
        return True

    def whose(self, strategies: tuple[str, ...], order: VenueOrder) -> Owner:
        """Of an order that neither journal nor books know; `strategies` are those configured."""
        names = (*strategies, MANUAL, *(holder for holder, _ in self._books.holdings))
        return self._journal.look_at_groups(lambda groups: owner_of(order, names, groups))

    def try_again(self, probe: AccountReconciled) -> None:
        """After a fault: write what is owed, or, where nothing is, something harmless."""
        if self._fault and self._flush():
            self._try(probe)

    def tell(self) -> None:
        self._context.publish(
            topics.CAUSES, CauseNoted(ACCOUNT, "JOURNAL_UNWRITABLE", bool(self._fault), self._fault[:300])
        )

    def _flush(self) -> bool:
        while self._owed:
            if not self._try(self._owed[0]):
                return False
            self._context.fault_point("commit: written")
            self._context.publish(topics.ORDERS, self._owed.popleft())
        return True

    def _try(self, record: OrderEvent | AccountReconciled) -> bool:
        try:
            self._journal.append(record)
        except (JournalFault, OSError) as error:
            self._note(str(error))
            return False
        self._note("")
        return True

    def _note(self, fault: str) -> None:
        changed, self._fault = bool(fault) != bool(self._fault), fault
        if changed:
            self._context.system.metrics.count("journal_faults", int(bool(fault)))
            self.tell()
