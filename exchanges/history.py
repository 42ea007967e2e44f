"""A venue's history: the port that gives it page by page, and the laws of paging over it, pure.

Nothing is lost and nothing doubled, whatever the pages are: short, repeated, overlapping, out of order, empty, or of
another time than asked. A hole is believed after two answers agree on it, and only of a venue that is seen to honour
`since`: one that always gives its latest rows proves nothing about older ones.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

REPEATS_MAX = 5
"""Answers in a row that hold nothing of what was asked, until the venue is given up."""
TRADES_WINDOW_MS = 3_600_000
"""An empty answer about trades speaks of an hour: Binance is asked for one at a time."""


class PastBar(NamedTuple):
    """As the venue spells it: numbers are its own texts."""

    at_ms: int
    open: str
    high: str
    low: str
    close: str
    volume: str

    @property
    def key(self) -> str:
        return ""


class PastTrade(NamedTuple):
    at_ms: int
    trade_id: str
    price: str
    size: str
    side: str | None

    @property
    def key(self) -> str:
        return self.trade_id


Row = PastBar | PastTrade
Range = tuple[int, int]


class RetryLater(Exception):
    """The venue or the way to it does not serve now; `wait_s` is what the venue asked for, None where it did not."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class HistoryRefused(Exception):
    """It will not serve this; asking again is of no use. The text says why."""


class NotServed(HistoryRefused):
    """There is no such venue, symbol or interval: whoever asked used a wrong word."""


class HistoryPort(Protocol):
    """One venue. Its questions raise RetryLater or HistoryRefused."""

    def limit(self, symbol: str, interval: str | None) -> int:
        """How many rows a page holds at most; `interval` is None for trades."""

    async def bars(self, symbol: str, interval: str, since_ms: int, limit: int) -> list[Row]: ...

    async def trades(self, symbol: str, since_ms: int, limit: int) -> list[Row]: ...

    async def close(self) -> None: ...


class Taken(NamedTuple):
    """What a page came to: rows that were not there before, in order."""

    rows: list[Row]
    fresh: bool
    """False where the page told nothing; then wait a little before the next question."""


class Doubt(NamedTuple):
    """A hole that one answer has shown. `inside`: between two rows of that answer, so that it spoke of this time."""

    start_ms: int
    end_ms: int
    inside: bool
    needed: int = 1
    """Answers that have to agree still."""


class Paging:
    """Over [start_ms, end_ms) of one series. Ask for `since_ms` until it is None, and `take` each answer.

    `step` is when the next row can open at the earliest: for bars the next bar, for trades the same millisecond.
    `window` is up to where an empty answer speaks.
    """

    def __init__(
        self, start_ms: int, end_ms: int, step: Callable[[int], int], window: Callable[[int], int], limit: int
    ) -> None:
        self._start_ms, self._end_ms = start_ms, end_ms
        self._step, self._window, self._limit = step, window, limit
        self._cursor_ms = start_ms
        self._seen: set[str] = set()
        """Keys of rows at the cursor."""
        self._doubts: list[Doubt] = []
        self._repeats = 0
        self._honours_since = False
        self.withheld: list[Range] = []
        """What the venue does not give, without proof that it does not have it."""

    @property
    def since_ms(self) -> int | None:
        if self._cursor_ms < self._end_ms:
            return self._cursor_ms
        return self._doubts[0].start_ms if self._doubts else None

    @property
    def done_ms(self) -> int:
        """How far it came."""
        return min(self._cursor_ms, self._end_ms)

    def take(self, page: list[Row]) -> Taken:
        """Raises HistoryRefused where the venue goes on giving what was not asked."""
        since_ms = self.since_ms
        assert since_ms is not None, "nothing was asked"
        rows = sorted({(row.at_ms, row.key): row for row in page}.values(), key=lambda row: (row.at_ms, row.key))
        if rows and rows[-1].at_ms < since_ms:
            return self._repeat()
        self._repeats = 0
        if self._cursor_ms < self._end_ms:
            return self._scan(rows, full=len(page) >= self._limit)
        return self._confirm(rows)

    def proven(self) -> list[Range]:
        """What is settled beyond doubt: what no row is of there, the venue does not have."""
        left = [(self._start_ms, self.done_ms)]
        for out_start, out_end in (*((each.start_ms, each.end_ms) for each in self._doubts), *self.withheld):
            left = [
                piece
                for start, end in left
                for piece in ((start, min(end, out_start)), (max(start, out_end), end))
                if piece[0] < piece[1]
            ]
        return left

    def _scan(self, rows: list[Row], *, full: bool) -> Taken:
        ahead = [row for row in rows if row.at_ms > self._cursor_ms or self._is_new_here(row)]
        if not ahead:
            return self._nothing_ahead(full=full and bool(rows))
        self._honours_since |= self._window(rows[-1].at_ms) < self._end_ms
        wanted = [row for row in ahead if row.at_ms < self._end_ms]
        inside = rows[0].at_ms <= self._cursor_ms
        for row in wanted:
            self._pass(row, inside=inside)
            inside = True
        if len(wanted) < len(ahead):
            self._doubt(self._end_ms, inside=inside)
            self._cursor_ms = self._end_ms
        return Taken(wanted, fresh=True)

    def _is_new_here(self, row: Row) -> bool:
        return row.at_ms == self._cursor_ms and row.key not in self._seen

    def _pass(self, row: Row, *, inside: bool) -> None:
        self._doubt(row.at_ms, inside=inside)
        after_ms = self._step(row.at_ms)
        if after_ms != self._cursor_ms:
            self._seen = set()
        if after_ms == row.at_ms:
            self._seen.add(row.key)
        self._cursor_ms = after_ms

    def _doubt(self, end_ms: int, *, inside: bool) -> None:
        """Bars are due at every step; trades are not: a time without them between two of one answer is no hole."""
        due = self._step(self._cursor_ms) != self._cursor_ms
        if (due or not inside) and self._cursor_ms < end_ms:
            self._doubts.append(Doubt(self._cursor_ms, end_ms, inside))

    def _nothing_ahead(self, *, full: bool) -> Taken:
        self._honours_since |= self._window(self._cursor_ms) < self._end_ms
        after_ms = min(self._window(self._cursor_ms), self._end_ms)
        if full:  # more trades in this millisecond than a page holds: the rest of it cannot be had by time
            after_ms = self._cursor_ms + 1
            self.withheld.append((self._cursor_ms, after_ms))
        else:
            self._doubts.append(Doubt(self._cursor_ms, after_ms, inside=False))
        self._cursor_ms = after_ms
        self._seen = set()
        return Taken([], fresh=True)

    def _repeat(self) -> Taken:
        self._repeats += 1
        if self._repeats > REPEATS_MAX:
            raise HistoryRefused(f"it answers {self._repeats} times with rows older than asked, nothing newer")
        return Taken([], fresh=False)

    def _confirm(self, rows: list[Row]) -> Taken:
        """The second answer about the first hole in doubt: rows that are there after all, or proof."""
        doubt = self._doubts.pop(0)
        inside = [row for row in rows if doubt.start_ms <= row.at_ms < doubt.end_ms]
        if inside:
            return self._fill(doubt, inside)
        if doubt.needed > 1:
            self._doubts.insert(0, doubt._replace(needed=doubt.needed - 1))
        elif not (doubt.inside or self._honours_since):
            self.withheld.append((doubt.start_ms, doubt.end_ms))
        return Taken([], fresh=True)

    def _fill(self, doubt: Doubt, rows: list[Row]) -> Taken:
        """What is between the rows and after them stays in doubt: the answer before was wrong, and of what comes after
        the rows this one says nothing."""
        cursor_ms, left = doubt.start_ms, []
        for row in rows:
            if cursor_ms < row.at_ms and self._step(cursor_ms) != cursor_ms:
                left.append(Doubt(cursor_ms, row.at_ms, doubt.inside))
            cursor_ms = self._step(row.at_ms)
        if cursor_ms == rows[-1].at_ms:
            cursor_ms += cursor_ms == doubt.start_ms  # of trades: the page may end amid a millisecond, or be full of it
        if cursor_ms < doubt.end_ms:
            left.append(Doubt(cursor_ms, doubt.end_ms, doubt.inside, needed=2))
        self._doubts[:0] = left
        return Taken(rows, fresh=True)
