"""Keeping a local book equal to Binance's: snapshot, buffered diffs and the chain of update ids, as a state machine.

The rules are "How to manage a local order book correctly" of the spot WebSocket streams: buffer diffs, take a snapshot,
drop diffs that it contains (u <= lastUpdateId), begin with the diff around it (U <= lastUpdateId + 1 <= u), and from
there on let each diff begin where the last one ended (U = previous u + 1). Anything else begins all over.
"""

from collections import deque
from typing import assert_never

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


class BookSynchronizer:
    """One symbol's book. Guaranteed: while `live`, `book` equals the venue's at `last_id`; otherwise it is empty.

    Diffs may be lost or doubled; snapshots may come late, early, twice or never. At most `buffer_limit` diffs are kept
    while a snapshot is awaited, the newest.
    """

    def __init__(self, buffer_limit: int = 1_000) -> None:
        self.book = OrderBook()
        self.last_id = 0
        self.live = False
        self._open = False
        self._chained = False
        self._attempt = 0
        self._buffer: deque[DepthEvent] = deque(maxlen=buffer_limit)

    def step(self, event: Input) -> tuple[Effect, ...]:
        """Take one event in and say what is to be done, in this order. Without an open stream all else is ignored."""
        if isinstance(event, DepthEvent):
            return self._take_diff(event)
        match event:
            case BookSnapshot():
                return self._take_snapshot(event) if self._awaits_snapshot else ()
            case SnapshotFailed(reason):
                return (self._request(reason),) if self._awaits_snapshot else ()
            case StreamOpened():
                self._open = True
                return self._resynchronise("stream opened", ())
            case StreamLost(reason):
                self._open = False
                return self._lose(reason)
        assert_never(event)

    @property
    def _awaits_snapshot(self) -> bool:
        return self._open and not self.live

    def _take_diff(self, diff: DepthEvent) -> tuple[Effect, ...]:
        if self.live:
            fault = self._absorb(diff)
            return self._resynchronise(fault, (diff,)) if fault else ()
        if self._open:
            self._buffer.append(diff)
        return ()

    def _take_snapshot(self, snapshot: BookSnapshot) -> tuple[Effect, ...]:
        self.book.apply(snapshot.bids, snapshot.asks)
        self.last_id = snapshot.last_id
        self._chained = False
        diffs = tuple(self._buffer)
        if self.book.crossed:
            return self._resynchronise("the snapshot is crossed", diffs)
        for position, diff in enumerate(diffs):
            if fault := self._absorb(diff):
                return self._resynchronise(fault, diffs[position:])
        self._buffer.clear()
        self._attempt = 0
        self.live = True
        return (BookReady(self.last_id),)

    def _absorb(self, diff: DepthEvent) -> str:
        """Bring the book up to the diff; says what is wrong where that is not possible."""
        last_id, book = diff.last_id, self.book
        if last_id <= self.last_id:
            return ""  # the book holds it already
        if diff.first_id != self.last_id + 1 and (fault := self._breaks(diff)):
            return fault
        book.apply(diff.bids, diff.asks)
        self.last_id = last_id
        self._chained = True
        return f"the book is crossed at update {last_id}" if book.crossed else ""

    def _breaks(self, diff: DepthEvent) -> str:
        """Why the diff, which does not begin at the next update, does not follow either; empty where it does."""
        expected = self.last_id + 1
        if diff.first_id < expected and not self._chained:
            return ""
        return f"expected a diff that begins at update {expected}, found {diff.first_id} to {diff.last_id}"

    def _resynchronise(self, reason: str, diffs: tuple[DepthEvent, ...]) -> tuple[Effect, ...]:
        """Begin again with a new snapshot, on which `diffs` may still follow."""
        lost = self._lose(reason)
        self._buffer.extend(diffs)
        return (*lost, self._request(reason))

    def _lose(self, reason: str) -> tuple[Effect, ...]:
        lost = (BookLost(reason),) if self.live else ()
        self.live = False
        self.last_id = 0
        self.book.clear()
        self._buffer.clear()
        return lost

    def _request(self, reason: str) -> RequestSnapshot:
        self._attempt += 1
        return RequestSnapshot(reason, self._attempt)
