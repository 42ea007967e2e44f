"""Rows for programs: bars and trades of several symbols as one sequence in time, exact, lazily.

    for bar in read_bars(root, "binance", ["BTC/USDT", "ETH/USDT"], "1m", start_ns, end_ns): ...

What is missing is not made up: a gap is a gap. Memory is bounded by one batch for each symbol.
"""

import heapq
from collections.abc import Iterable, Iterator
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .database import connect
from .intervals import parse_interval
from .layout import CatalogueFault, Dataset, make_dataset
from .manifest import Manifest
from .query import FOREVER_NS, rows_sql

if TYPE_CHECKING:
    import duckdb

BATCH = 2_000


class StoredBar(NamedTuple):
    """Of trades in [start_ns, end_ns)."""

    start_ns: int
    symbol: str
    end_ns: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class StoredTrade(NamedTuple):
    """`side` is of who took; None where the source did not say."""

    at_ns: int
    symbol: str
    trade_id: str
    price: Decimal
    size: Decimal
    side: str | None


def read_bars(
    root: Path,
    venue: str,
    symbols: Iterable[str],
    interval: str,
    start_ns: int = 0,
    end_ns: int = FOREVER_NS,
    *,
    series: str | None = None,
) -> Iterator[StoredBar]:
    """Bars that open in [start_ns, end_ns), by time, then by symbol. `series` makes them of finer bars or of trades.

    Raises:
        CatalogueFault: a symbol has no rows in that time, or the interval is not made of whole ones of the series.
    """
    step = parse_interval(interval)
    datasets = [make_dataset(venue, symbol, series or interval) for symbol in symbols]
    coarser = step if series not in (None, interval) else None

    def bars(dataset: Dataset) -> Iterator[StoredBar]:
        for start, *prices in _rows(root, dataset, lambda found: rows_sql(found, start_ns, end_ns, coarser)):
            yield StoredBar(start, dataset.symbol, step.next(start), *prices)

    return heapq.merge(*map(bars, datasets), key=attrgetter("start_ns", "symbol"))


def read_trades(
    root: Path,
    venue: str,
    symbols: Iterable[str],
    start_ns: int = 0,
    end_ns: int = FOREVER_NS,
    *,
    series: str = "trades",
) -> Iterator[StoredTrade]:
    """Trades of [start_ns, end_ns), by time, then by symbol, then in the venue's order. Raises CatalogueFault."""
    datasets = [make_dataset(venue, symbol, series) for symbol in symbols]

    def trades(dataset: Dataset) -> Iterator[StoredTrade]:
        for at_ns, *rest in _rows(root, dataset, lambda found: rows_sql(found, start_ns, end_ns)):
            yield StoredTrade(at_ns, dataset.symbol, *rest)

    return heapq.merge(*map(trades, datasets), key=attrgetter("at_ns", "symbol"))


def _rows(root: Path, dataset: Dataset, make_sql: Any) -> Iterator[tuple[Any, ...]]:
    manifest = Manifest(dataset, root)
    if not manifest.files:
        raise CatalogueFault(f"{dataset} is not in the catalogue {root}: `tradigrade data list` says what is")
    connection = connect(root / ".spill")
    try:
        cursor: duckdb.DuckDBPyConnection = connection.execute(make_sql(manifest))
        while batch := cursor.fetchmany(BATCH):
            yield from batch
    finally:
        connection.close()
