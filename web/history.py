"""The account's journal as the console reads it: folded as far as it goes, in a thread beside the server, and from then
on only what is new. Nobody else is asked, so nothing that trades waits for it.

The first look folds all that the files hold, some 30,000 records a second on a slow core while the page shows how far
it is; afterwards a look reads the newest file anew (4 MB at most).
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any

from ..kernel.disk import Disk
from ..models.features import FEATURE_NAMES
from ..storage.journal_files import generations
from ..storage.journal_format import JournalFault
from ..storage.journal_keys import NO_KEYS, Keys
from ..storage.journal_reader import read_journal
from ..storage.snapshot_books import read_snapshot_books
from ..trading.history.decision import Decision
from ..trading.history.find import find
from ..trading.history.fold import History, LastPrice
from ..trading.history.rows import account_rows, day_rows, explanation, newest_first, order_row, position_rows
from .history_files import FilesFrom
from .view import View, milliseconds

DECISIONS_KEPT = 2_000
SLICE = 1_000
"""Records folded before somebody else may look."""
ROWS_MAX = 200
DAYS_SHOWN = 31
NO_ORDER = ("refused", "approved", "no order")


class HistoryReader:
    """Safe to use from several threads; every call may block for a slice, so call none of them in an event loop."""

    def __init__(self, disk: Disk, path: Path, keys: Keys = NO_KEYS) -> None:
        """`path` is that of the account's first file, `keys` those that the files may be encrypted with."""
        self._disk = disk
        self._path = path
        self._keys = keys
        self._history = History(DECISIONS_KEPT)
        self._look = Lock()
        self._reading = Lock()
        self._newest = 0
        self.fault = ""
        """Why the journal could not be read to its end."""
        self.closed = False
        """True ends a `catch_up` early."""
        self.progress: float | None = 0.0
        """How much of the files is read; None: all of them."""

    def catch_up(self) -> None:
        """Fold what is new; nothing where another thread is at it."""
        if not self._reading.acquire(blocking=False):
            return
        try:
            self._fold_new()
            self.fault = ""
        except (JournalFault, OSError) as error:
            self.fault = str(error)
        finally:
            self._reading.release()

    def _fold_new(self) -> None:
        if not self._history.last_sequence:
            self._history = History(DECISIONS_KEPT, known=read_snapshot_books(self._disk, self._path, self._keys))
        files = FilesFrom(self._disk, self._path, self._newest)
        there = generations(files.disk, self._path)
        records = read_journal(files.disk, self._path, self._keys)
        while not self.closed and self._fold(islice(records, SLICE)):
            if self.progress is not None:
                self.progress = sum(each < files.newest for each in there) / max(len(there), 1)
        if not self.closed:
            self.progress = None
        self._newest = files.newest

    def _fold(self, records: Iterator[tuple[int, Any]]) -> bool:
        """False where there are no more; what stands before a damage is folded."""
        found = False
        with self._look:
            for sequence, record in records:
                found = True
                if sequence > self._history.last_sequence:
                    self._history.apply(sequence, record)
        return found

    # -- looking ------------------------------------------------------------------------------------------------------

    def orders_view(self, wanted: Mapping[str, str], bids: Mapping[str, LastPrice], now_ns: int) -> View:
        """Orders as the filters `wanted` say (symbol, strategy, state, all), positions and profit."""
        with self._look:
            history = self._history
            decisions = history.decisions()
            found = newest_first(each for each in decisions if _is_wanted(each, wanted))
            prices = {**history.prices, **bids}
            return {
                "at_ms": milliseconds(now_ns),
                "fault": self.fault,
                "progress": self.progress,
                "whole": history.whole,
                "begins_ms": milliseconds(history.first_ns),
                "records": history.last_sequence,
                "found": len(found),
                "strategies": sorted({each.strategy for each in decisions}),
                "symbols": sorted({each.symbol for each in decisions}),
                "orders": [_timed(order_row(each)) for each in found[:ROWS_MAX]],
                "positions": list(islice(position_rows(history, prices), ROWS_MAX)),
                "days": list(day_rows(history))[: -ROWS_MAX - 1 : -1],
                "accounts": list(account_rows(history, prices)),
            }

    def explanation(self, wanted: str) -> View:
        """The chain behind an id. Raises `NotFound`."""
        with self._look:
            told = _timed(explanation(find(self._history.kept(), wanted), FEATURE_NAMES))
        for stage in told["stages"]:
            stage["events"] = [_timed(each) for each in stage["events"]]
        return told


def _is_wanted(decision: Decision, wanted: Mapping[str, str]) -> bool:
    state = wanted.get("state", "")
    return (
        wanted.get("symbol", "") in ("", decision.symbol)
        and wanted.get("strategy", "") in ("", decision.strategy)
        and (not state or state == decision.state or (state == "open" and decision.is_open))
        and (decision.order is not None or "all" in wanted or state in NO_ORDER)
    )


def _timed(row: View) -> View:
    """A browser's numbers are doubles: nanoseconds would lose digits there."""
    return {**row, "at_ms": milliseconds(row["at_ns"])}
