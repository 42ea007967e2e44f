"""Keeping a local book equal to Kraken's: a snapshot in the stream, updates on it, and a checksum with each.

The rules are "Book checksum (WebSocket v2)": apply all levels of an update, a size of 0 removes one; cut the book to
the subscribed depth, since nothing is said of levels that fall out of it; then the checksum must be that of the book.
"""

from collections.abc import Mapping

from ...trading.book import OrderBook
from ..book_sync import (
    BookLost,
    BookReady,
    BookSnapshot,
    Effect,
    Input,
    RequestSnapshot,
    SnapshotFailed,
    StreamLost,
    StreamOpened,
)
from ..market_events import DepthEvent
from .checksum import LEVELS, Precision, checksum


class BookSynchronizer:
    """One symbol's book. Guaranteed: while `live`, its best ten levels have the venue's checksum, and no update since
    the snapshot was missed unnoticed there; otherwise it is empty. Updates bear no numbers: `last_id` is always 0.

    A snapshot is taken whenever it comes: the subscription brings the first, which may be before all else is open.
    """

    def __init__(self, precisions: Mapping[str, Precision], depth: int) -> None:
        self.book = OrderBook()
        self.last_id = 0
        self.live = False
        self._precisions = precisions
        self._depth = depth
        self._attempt = 0

    def step(self, event: Input) -> tuple[Effect, ...]:
        """Take one event in and say what is to be done, in this order."""
        match event:
            case DepthEvent(snapshot=True):
                return self._take_snapshot(event)
            case DepthEvent():
                return self._take_update(event) if self.live else ()
            case SnapshotFailed(reason):
                return () if self.live else (self._request(reason),)
            case StreamLost(reason):
                return self._lose(reason)
            case StreamOpened() | BookSnapshot():
                return ()

    def _take_snapshot(self, snapshot: DepthEvent) -> tuple[Effect, ...]:
        was_live = self.live
        self.book.clear()
        if fault := self._absorb(snapshot):
            return self._resynchronise(fault)
        self.live, self._attempt = True, 0
        return () if was_live else (BookReady(self.last_id),)

    def _take_update(self, update: DepthEvent) -> tuple[Effect, ...]:
        fault = self._absorb(update)
        return self._resynchronise(fault) if fault else ()

    def _absorb(self, event: DepthEvent) -> str:
        """Bring the book up to the event; says what is wrong where that is not possible."""
        self.book.apply(event.bids, event.asks)
        self.book.truncate(self._depth)
        if self.book.crossed:
            return "the book is crossed"
        found = checksum(*self.book.top(LEVELS), self._precisions.get(event.symbol))
        return "" if found == event.checksum else f"expected a book of checksum {event.checksum}, found {found}"

    def _resynchronise(self, reason: str) -> tuple[Effect, ...]:
        return (*self._lose(reason), self._request(reason))

    def _lose(self, reason: str) -> tuple[Effect, ...]:
        lost = (BookLost(reason),) if self.live else ()
        self.live = False
        self.book.clear()
        return lost

    def _request(self, reason: str) -> RequestSnapshot:
        self._attempt += 1
        return RequestSnapshot(reason, self._attempt)
