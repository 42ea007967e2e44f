"""The account's trades, read page by page from the newest to older ones, over several looks where it takes them. Pure.

A page is asked for by how many newer trades are passed over, so trades that come meanwhile only move known ones into
it again: what was read in a row stays a row without gaps.
"""

from collections.abc import Callable, Mapping
from typing import Any

ROWS_MAX = 5_000
"""Who missed more cannot be told apart from who missed all."""


class TradePages:
    """Rows by their txid, newest first."""

    def __init__(self) -> None:
        self._runs: list[dict[str, Any]] = [{}]
        """Each without gaps; the last one begins with the newest of all, and is read on."""
        self._count = self._count_first = 0
        """How many trades there are in all, and were as the last run began."""
        self._ended = False
        """Whether the oldest run goes back to the first trade of all."""

    def begin(self) -> None:
        """Newer ones may have come: they are read first, up to those that are known."""
        if self._runs[-1] or self._ended:
            self._runs.append({})
        self._count = self._count_first = 0

    def next_offset(self) -> int:
        """How many newer ones the next page is to pass over. Raises ValueError where there are too many."""
        if sum(map(len, self._runs)) >= ROWS_MAX:
            raise ValueError(f"expected fewer than {ROWS_MAX} trades since the last look, found more")
        return len(self._runs[-1]) + self._count - self._count_first

    @property
    def is_complete(self) -> bool:
        """Nothing older is left to be read."""
        return self._ended and len(self._runs) == 1

    def take(self, rows: Mapping[str, Any], count: int) -> None:
        """The page at `next_offset`, and how many there are in all."""
        run, offset = self._runs[-1], self.next_offset()
        self._count_first = self._count_first or count
        if count - self._count_first > offset:  # so many came meanwhile that it shows none that follows the run
            self.begin()
            return
        run |= rows
        while len(self._runs) > 1 and not self._runs[-2].keys().isdisjoint(rows):
            older = self._runs.pop(-2)
            run |= {txid: row for txid, row in older.items() if txid not in run}
        self._count = count
        if not rows or offset + len(rows) >= count:
            self._runs, self._ended = [run], True

    def newest(self, wanted: Callable[[Any], bool]) -> list[Any]:
        """Those in a row with the newest of all."""
        return [row for row in self._runs[-1].values() if wanted(row)]
