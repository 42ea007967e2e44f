"""Downloading history: pages of a venue into the catalogue, several symbols at a time, resumed where it was left."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from .exchanges.history import TRADES_WINDOW_MS, HistoryPort, HistoryRefused, Paging, RetryLater, Row
from .storage.catalogue.database import connect, database_error
from .storage.catalogue.intake import convert, stage
from .storage.catalogue.layout import CatalogueFault, Dataset
from .storage.catalogue.query import Gap, find_gaps, present
from .storage.catalogue.ranges import Range, subtract
from .storage.catalogue.writer import Merged, OnConflict, Writer

if TYPE_CHECKING:
    import duckdb

MS_NS = 1_000_000
FLUSH_ROWS = 20_000
"""Rows that a kill may lose; they are asked for again."""
FAILURES_MAX = 8
"""In a row; then the symbol is given up for now."""
WAIT_FIRST_S, WAIT_MAX_S = 1.0, 60.0
PARALLEL = 4
"""Symbols under way at a time; the port paces all their questions together."""
TOLD_EVERY = 20
"""Pages between two words on progress."""


class Progress(NamedTuple):
    """How far one symbol is: `share` from 0 to 1."""

    symbol: str
    share: float
    rows: int
    note: str = ""


class Outcome(NamedTuple):
    """What became of one symbol. `fault` is empty where all was had that the venue gives."""

    dataset: Dataset
    merged: Merged
    requests: int
    gaps: list[Gap]
    withheld: list[Range]
    fault: str


class Wanted(NamedTuple):
    """`until_ns` does not reach what may still change."""

    since_ns: int
    until_ns: int
    replace: bool = False
    """Ask for all of it again, and take what differs; else what is there stays."""


class Download:
    """Of several datasets of one venue."""

    def __init__(
        self,
        port: HistoryPort,
        root: Path,
        tell: Callable[[Progress], object],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        random: Random | None = None,
    ) -> None:
        self.port, self.root, self.tell = port, root, tell
        self._sleep, self._random = sleep, random or Random()  # noqa: S311 - it only spreads waits

    async def run(self, datasets: list[Dataset], wanted: Wanted) -> list[Outcome]:
        """Every one of them, whatever becomes of the others. Cancelled, each writes what it has, and ends."""
        room = asyncio.Semaphore(PARALLEL)

        async def one(dataset: Dataset) -> Outcome:
            async with room:
                return await _Series(self, dataset, wanted).run()

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(dataset)) for dataset in datasets]
        return [task.result() for task in tasks]

    async def wait(self, failures: int, asked_s: float | None) -> None:
        """What the venue asked for, else twice as long each time, with jitter."""
        backed_off_s = min(WAIT_MAX_S, WAIT_FIRST_S * 2 ** (failures - 1)) * (0.5 + self._random.random())
        await self._sleep(backed_off_s if asked_s is None else asked_s + self._random.random())


class _Series:
    """One dataset under way."""

    def __init__(self, download: Download, dataset: Dataset, wanted: Wanted) -> None:
        self._download, self._dataset, self._wanted = download, dataset, wanted
        self._interval = dataset.interval
        self._rows: list[Row] = []
        self._merged = Merged()
        self._requests = 0
        self._withheld: list[Range] = []

    async def run(self) -> Outcome:
        connection = connect(self._download.root / ".spill")
        fault, gaps = "", list[Gap]()
        try:
            with Writer(connection, self._dataset, self._download.root) as writer:
                try:
                    await self._fetch(connection, writer)
                except (HistoryRefused, RetryLater) as error:
                    fault = str(error)
                gaps = find_gaps(connection, writer.manifest, self._wanted.since_ns, self._wanted.until_ns)
        except (CatalogueFault, OSError, database_error()) as error:
            fault = str(error).partition("\n")[0]
        finally:
            connection.close()
        return Outcome(self._dataset, self._merged, self._requests, gaps, self._withheld, fault)

    async def _fetch(self, connection: "duckdb.DuckDBPyConnection", writer: Writer) -> None:
        span = (self._wanted.since_ns, self._wanted.until_ns)
        there = [*writer.manifest.covered, *present(connection, writer.manifest, *span)]
        there = [] if self._wanted.replace else there
        for start_ns, end_ns in subtract([span], there):
            paging = self._paging(start_ns, end_ns)
            try:
                await self._page(connection, writer, paging)
            finally:  # also when it is cancelled
                self._flush(connection, writer, paging)
                self._withheld += [(start * MS_NS, end * MS_NS) for start, end in paging.withheld]

    def _paging(self, start_ns: int, end_ns: int) -> Paging:
        interval = self._interval
        limit = self._download.port.limit(self._dataset.symbol, self._name)
        if interval is None:
            return Paging(
                -(-start_ns // MS_NS), end_ns // MS_NS, lambda ms: ms, lambda ms: ms + TRADES_WINDOW_MS, limit
            )
        reach_ms = interval.shortest_ns * limit // MS_NS
        return Paging(
            interval.ceil(start_ns) // MS_NS,
            interval.floor(end_ns) // MS_NS,
            lambda ms: interval.next(ms * MS_NS) // MS_NS,
            lambda ms: interval.next(interval.floor((ms + reach_ms - 1) * MS_NS)) // MS_NS,
            limit,
        )

    @property
    def _on_conflict(self) -> OnConflict:
        return "replace" if self._wanted.replace else "keep"

    @property
    def _name(self) -> str | None:
        return None if self._interval is None else self._interval.name

    async def _page(self, connection: "duckdb.DuckDBPyConnection", writer: Writer, paging: Paging) -> None:
        failures = pages = 0
        limit = self._download.port.limit(self._dataset.symbol, self._name)
        while (since_ms := paging.since_ms) is not None:
            try:
                page = await self._ask(since_ms, limit)
            except RetryLater as error:
                failures += 1
                if failures >= FAILURES_MAX:
                    raise
                self._tell(paging, f"waits: {error}")
                await self._download.wait(failures, error.wait_s)
                continue
            taken = paging.take(page)
            failures = 0 if taken.fresh else failures + 1
            self._rows += taken.rows
            if not taken.fresh:
                await self._download.wait(failures, None)
            if len(self._rows) >= FLUSH_ROWS:
                self._flush(connection, writer, paging)
            if pages % TOLD_EVERY == 0:
                self._tell(paging)
            pages += 1

    async def _ask(self, since_ms: int, limit: int) -> list[Row]:
        self._requests += 1
        port, symbol, name = self._download.port, self._dataset.symbol, self._name
        if name is None:
            return await port.trades(symbol, since_ms, limit)
        return await port.bars(symbol, name, since_ms, limit)

    def _flush(self, connection: "duckdb.DuckDBPyConnection", writer: Writer, paging: Paging) -> None:
        """Rows first, then what is known to be whole: a kill between the two asks again for what is there."""
        if self._rows:
            stage(connection, self._dataset, [_texts(row) for row in self._rows])
            convert(connection, self._dataset, "ms", name_row=f"{self._dataset}: row {{}} of the venue's".format)
            self._merged += writer.merge("download", self._on_conflict)
            self._rows = []
        proven = [(start * MS_NS, end * MS_NS) for start, end in paging.proven()]
        writer.cover(subtract(proven, writer.manifest.covered))
        self._tell(paging)

    def _tell(self, paging: Paging, note: str = "") -> None:
        since_ms, until_ms = self._wanted.since_ns // MS_NS, self._wanted.until_ns // MS_NS
        share = (paging.done_ms - since_ms) / max(1, until_ms - since_ms)
        rows = self._merged.added + len(self._rows)
        self._download.tell(Progress(self._dataset.symbol, min(1.0, share), rows, note))


def _texts(row: Row) -> tuple[str | None, ...]:
    """In the order of the dataset's columns."""
    at_ms, *rest = row
    return (str(at_ms), *rest)
