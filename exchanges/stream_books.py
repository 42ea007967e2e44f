"""Keeping a book whose snapshots come in the stream: the part that is the same for every such venue, pure."""

from ..trading.book import OrderBook
from .book_sync import (
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
from .market_events import DepthEvent

DIFFS_WITHOUT = 20
"""So many diffs without the snapshot that every subscription begins with: it was lost."""


class StreamedBook:
    """One symbol's book. Guaranteed: while `live`, `book` equals the venue's at `last_id`; otherwise it is empty.

    A snapshot is taken whenever it comes: the subscription brings the first. `depth`: levels of each side that the
    venue tells of, where that is bounded; what falls out of them is heard of no more. Venues differ in `breaks`.
    """

    def __init__(self, depth: int = 0) -> None:
        self.book = OrderBook()
        self.last_id = 0
        self.live = False
        self._depth = depth
        self._attempt = 0
        self._missed = 0
        """Diffs since the stream began that follow on nothing."""

    def step(self, event: Input) -> tuple[Effect, ...]:
        """Take one event in and say what is to be done, in this order."""
        match event:
            case DepthEvent(snapshot=True):
                return self._take_snapshot(event)
            case DepthEvent():
                return self._take_diff(event) if self.live else self._miss()
            case SnapshotFailed(reason):
                return () if self.live else (self._request(reason),)
            case StreamLost(reason):
                return self._lose(reason)
            case StreamOpened() | BookSnapshot():
                return ()

    def breaks(self, diff: DepthEvent) -> str:
        """Why the diff does not follow on the book at `last_id`; empty where it does."""
        raise NotImplementedError

    def disagrees(self, event: DepthEvent) -> str:
        """Why the book cannot be the venue's after the event; empty where nothing speaks against it."""
        return ""

    def _take_snapshot(self, snapshot: DepthEvent) -> tuple[Effect, ...]:
        was_live = self.live
        self.book.clear()
        if fault := self._absorb(snapshot):
            return self._resynchronise(fault)
        self.live, self._attempt = True, 0
        return () if was_live else (BookReady(self.last_id),)

    def _take_diff(self, diff: DepthEvent) -> tuple[Effect, ...]:
        fault = self.breaks(diff) or self._absorb(diff)
        return self._resynchronise(fault) if fault else ()

    def _miss(self) -> tuple[Effect, ...]:
        """Nothing more is asked for while an earlier request goes on: that is answered, or told to have failed."""
        self._missed += 1
        if self._attempt or self._missed < DIFFS_WITHOUT:
            return ()
        return (self._request("no snapshot came"),)

    def _absorb(self, event: DepthEvent) -> str:
        """Bring the book up to the event; says what is wrong with the book then."""
        self.book.apply(event.bids, event.asks)
        if self._depth:
            self.book.truncate(self._depth)
        self.last_id = event.last_id
        return f"the book is crossed at update {event.last_id}" if self.book.crossed else self.disagrees(event)

    def _resynchronise(self, reason: str) -> tuple[Effect, ...]:
        return (*self._lose(reason), self._request(reason))

    def _lose(self, reason: str) -> tuple[Effect, ...]:
        lost = (BookLost(reason),) if self.live else ()
        self.live, self._missed = False, 0
        self.last_id = 0
        self.book.clear()
        return lost

    def _request(self, reason: str) -> RequestSnapshot:
        self._attempt += 1
        return RequestSnapshot(reason, self._attempt)
