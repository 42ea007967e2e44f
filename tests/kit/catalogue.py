"""Rows for the catalogue, made by rule, and ways to put them in."""

import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tradigrade.storage.catalogue.database import connect, files_sql
from tradigrade.storage.catalogue.intake import convert, stage
from tradigrade.storage.catalogue.layout import Dataset
from tradigrade.storage.catalogue.manifest import Manifest
from tradigrade.storage.catalogue.writer import Merged, OnConflict, Writer

MINUTE_NS = 60_000_000_000
DAY_NS = 86_400_000_000_000
START_NS = 1_704_067_200_000_000_000
"""2024-01-01."""
BARS = Dataset("venue", "BTC/USDT", "1m")
TRADES = Dataset("venue", "BTC/USDT", "trades")

if TYPE_CHECKING:
    import duckdb

Texts = tuple[str | None, ...]


def bar(index: int, volume: str = "1.5", step_ns: int = MINUTE_NS) -> Texts:
    """The bar of that number since the start; its prices follow from it."""
    low = 100 + index % 7
    prices = (f"{low}.123456789012345678", f"{low + 2}.5", f"{low}", f"{low + 1}.25")
    return (str(START_NS + index * step_ns), *prices, volume)


def trade(index: int, price: str = "100.5") -> Texts:
    """Three trades of each millisecond."""
    return (str(START_NS + index // 3 * 1_000_000), str(index + 8), price, "0.001", "buy" if index % 2 else "sell")


@cache
def database() -> "duckdb.DuckDBPyConnection":
    """One for all tests of a process: connecting takes longer than most of them."""
    return connect(Path(tempfile.gettempdir()) / "tradigrade-test-spill")


def offer(dataset: Dataset, rows: Iterable[Texts]) -> None:
    """What a writer on that database is to merge."""
    stage(database(), dataset, list(rows))
    convert(database(), dataset, "ns")


def put(root: Path, dataset: Dataset, rows: Iterable[Texts], on_conflict: OnConflict = "refuse") -> Merged:
    offer(dataset, rows)
    with Writer(database(), dataset, root) as writer:
        return writer.merge("test", on_conflict)


def rows_of(root: Path, dataset: Dataset) -> list[tuple[object, ...]]:
    """As they lie in the files, the files by time."""
    found: list[tuple[object, ...]] = []
    for path in Manifest(dataset, root).paths(0, 2**62):
        sql = f"select * from read_parquet({files_sql([path])}, hive_partitioning=false)"
        found += map(tuple, database().execute(sql).fetchall())
    return found


def sums_of(root: Path, dataset: Dataset) -> dict[str, str]:
    return {period: line.sha256 for period, line in Manifest(dataset, root).files.items()}
