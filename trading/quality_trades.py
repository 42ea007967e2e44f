"""Trades by their ids: none twice, what is missing counted, what comes late let through once."""

from collections import deque
from typing import Literal

MISSING_KEPT = 1_000
"""The newest; so many are read in one request."""
RESTART_RUN = 64
"""So many ids below the last in rising order are no repeated trades: the venue begins to count anew."""

RANGES_KEPT = 8
"""Of what was told on request: the newest."""

Found = Literal["next", "late", "gap", "doubled"]


class TradeIds:
    """The ids of one symbol's trades; 0 where a venue numbers none, and then nothing can be said of them."""

    __slots__ = ("_refilled", "_run", "_run_id", "last_id", "missed", "missing")

    def __init__(self) -> None:
        self.last_id = 0
        self.missed = 0
        """Ids that were passed over and have not come since."""
        self.missing: dict[int, None] = {}
        """Those that may still come, in rising order."""
        self._run = self._run_id = 0
        self._refilled: deque[tuple[int, int]] = deque(maxlen=RANGES_KEPT)
        """First and last ids of what was told on request: its stream may still tell all of it, and that says nothing
        of how the venue counts."""

    def take(self, trade_id: int) -> Found:
        """What this id says. `doubled`: the trade was told already; all others are to be told."""
        if trade_id == self.last_id + 1 or not self.last_id or not trade_id:
            self.last_id = trade_id or self.last_id
            return "next"
        return self._skip(trade_id) if trade_id > self.last_id else self._repeat(trade_id)

    def miss(self, trade_id: int) -> None:
        """One that was taken could not be told."""
        if trade_id:
            newest = next(reversed(self.missing), 0)
            self.missing[trade_id] = None
            self.missed += 1
            if trade_id < newest:
                self.missing = dict.fromkeys(sorted(self.missing))
            self._keep_newest()

    def refill(self, trade_id: int, *, newest: bool = False) -> bool:
        """The venue tells a trade on request; True where that is news. `newest`: one that is above all others is, too,
        and else left to its stream."""
        if trade_id > self.last_id:
            if not newest or self.take(trade_id) == "doubled":
                return False
        elif trade_id in self.missing:
            del self.missing[trade_id]
            self.missed -= 1
        else:
            return False
        self._note_refilled(trade_id)
        return True

    def give_up(self, last_id: int) -> int:
        """What is missing up to this id will not come; says how many those are."""
        lost = [each for each in self.missing if each <= last_id]
        for trade_id in lost:
            del self.missing[trade_id]
        return len(lost)

    def restart(self, trade_id: int) -> None:
        """The venue begins to count anew with this one."""
        self.missing.clear()
        self._refilled.clear()
        self.last_id, self._run = trade_id, 0

    def _skip(self, trade_id: int) -> Found:
        first = self.last_id + 1
        self.missed += trade_id - first
        for missing in range(max(first, trade_id - MISSING_KEPT), trade_id):
            self.missing[missing] = None
        self._keep_newest()
        self.last_id = trade_id
        return "gap"

    def _keep_newest(self) -> None:
        while len(self.missing) > MISSING_KEPT:
            del self.missing[next(iter(self.missing))]

    def _note_refilled(self, trade_id: int) -> None:
        """What lies between two that were told on request was told by its stream, or will not come."""
        first, last = self._refilled[-1] if self._refilled else (0, 0)
        if first and first <= trade_id <= last + MISSING_KEPT:
            self._refilled[-1] = (first, max(last, trade_id))
        else:
            self._refilled.append((trade_id, trade_id))

    def _repeat(self, trade_id: int) -> Found:
        if trade_id in self.missing:
            del self.missing[trade_id]
            self.missed -= 1
            return "late"
        if any(first <= trade_id <= last for first, last in self._refilled):
            return "doubled"
        self._run = self._run + 1 if trade_id > self._run_id else 1
        self._run_id = trade_id
        if self._run < RESTART_RUN:
            return "doubled"
        self.restart(trade_id)
        return "gap"
