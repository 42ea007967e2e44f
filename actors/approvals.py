"""The executor's part that takes risk's word: only of the risk that lives, once, in time, and while nothing speaks
against it that was learned since."""

from ..exchanges.venue import VenueOpened
from ..storage.lease import FileLease
from ..trading.books import Books
from ..trading.messages import ZERO, OrderApproved
from ..trading.rungs import refuse_order
from .heard_rungs import HeardRungs


class Approvals:
    """Law 1. Whoever takes an approval must `use` it before anything leaves."""

    def __init__(self, lease: FileLease, books: Books, rungs: HeardRungs) -> None:
        self.risk_incarnation = ""
        """Of the risk that lives."""
        self._lease = lease
        self._books = books
        self._rungs = rungs
        self._used: dict[str, int] = {}
        """Until when each would have been good, oldest first."""

    def refuse(self, approval: OrderApproved, opened: VenueOpened | None, now_ns: int) -> str:
        """Why nothing may leave on it; empty where it may."""
        if not self._lease.held():
            return "LEASE_LOST"
        if approval.risk_incarnation != self.risk_incarnation:
            return "APPROVAL_OF_DEAD_RISK"
        if approval.approval_id in self._used:
            return "APPROVAL_USED"
        if now_ns >= approval.expires_ns:
            return "APPROVAL_EXPIRED"
        if approval.signal_id in self._books.used_signals:
            return "DUPLICATE_SIGNAL"
        if opened is None:
            return "NOT_CONNECTED"
        held = self._books.strategy_positions.get((approval.strategy, approval.symbol), ZERO)
        rung = self._rungs.of(approval.strategy, approval.symbol)  # it may have fallen since the approval
        return refuse_order(rung, approval.side, approval.amount, held)

    def use(self, approval: OrderApproved, now_ns: int) -> None:
        """Never again; what has expired needs no remembering."""
        while self._used and next(iter(self._used.values())) <= now_ns:
            del self._used[next(iter(self._used))]
        self._used[approval.approval_id] = approval.expires_ns
