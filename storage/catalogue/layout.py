"""What lies where: `catalogue/venue=V/symbol=S/series=1m/2024-01-31.parquet`, and beside it `manifest.jsonl`.

A file holds a day; of bars of an hour and more a month, of a day and more a year. Names are percent-encoded as Hive
partitions are, so that DuckDB, polars and others read the tree as one table.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

from .intervals import SECOND_NS, Interval, parse_interval
from .tables import BARS, QUOTES, TRADES, Table

VERSION = 1
"""Of manifest and files; what is newer is refused."""
MANIFEST = "manifest.jsonl"
QUOTES_SUFFIX = "-quotes"
TRADE_SERIES = ("trades", "aggtrades")
"""Aggregated trades have ids of their own, so they are a series of their own."""
_NAMES_MAX = 64


class CatalogueFault(Exception):
    """What was asked cannot be done; its text is one sentence: whose fault, expected, found, what to do."""


class WrongWord(CatalogueFault):
    """A word of whoever asks is wrong, not the data: the same words will never do."""


class Dataset(NamedTuple):
    """`series` is `trades`, `aggtrades`, an interval such as `1m`, or `1m-quotes`."""

    venue: str
    symbol: str
    series: str

    def __str__(self) -> str:
        return f"{self.venue} {self.symbol} {self.series}"

    @property
    def interval(self) -> Interval | None:
        """Of bars and quotes; None for trades."""
        return None if self.series in TRADE_SERIES else parse_interval(self.series.removesuffix(QUOTES_SUFFIX))

    @property
    def table(self) -> Table:
        if self.series in TRADE_SERIES:
            return TRADES
        return QUOTES if self.series.endswith(QUOTES_SUFFIX) else BARS

    @property
    def period(self) -> Interval:
        """How much time one file holds."""
        step = self.interval
        if step is None or step.shortest_ns < 3600 * SECOND_NS:
            return Interval(1, "d")
        return Interval(1 if step.shortest_ns < 86_400 * SECOND_NS else 12, "M")

    def period_name(self, at_ns: int) -> str:
        day = datetime.fromtimestamp(self.period.floor(at_ns) // SECOND_NS, UTC)
        return f"{day:%Y-%m-%d}"[: {("d", 1): 10, ("M", 1): 7, ("M", 12): 4}[self.period.unit, self.period.times]]

    def folder(self, root: Path) -> Path:
        # `1M` and `1m` are one name where the file system does not tell cases apart
        series = self.series.replace("M", "mo")
        return root / f"venue={_spell(self.venue)}" / f"symbol={_spell(self.symbol)}" / f"series={series}"


def make_dataset(venue: str, symbol: str, series: str) -> Dataset:
    """Checked. Raises WrongWord."""
    for name, text in (("venue", venue), ("symbol", symbol)):
        if not 1 <= len(text) <= _NAMES_MAX or not text.isprintable() or text != text.strip():
            raise WrongWord(f"expected a {name} of 1 to {_NAMES_MAX} printable characters, found {text!r}")
    dataset = Dataset(venue, symbol, series)
    try:
        _ = dataset.interval
    except ValueError as fault:
        raise WrongWord(f"{fault}; or trades, aggtrades, or 1m-quotes") from None
    return dataset


def find_datasets(root: Path) -> list[Dataset]:
    """All that there are, sorted. A folder whose name is not one that we give holds none."""
    found = (dataset_of(manifest.parent, root) for manifest in root.glob(f"venue=*/symbol=*/series=*/{MANIFEST}"))
    return sorted(dataset for dataset in found if dataset is not None)


def dataset_of(folder: Path, root: Path) -> Dataset | None:
    """Whose folder it is; None where it is nobody's."""
    if folder.parent.parent.parent != root:
        return None
    venue, symbol, series = (part.partition("=")[2] for part in folder.parts[-3:])
    try:
        dataset = make_dataset(unquote(venue), unquote(symbol), series.replace("mo", "M"))
    except WrongWord:
        return None
    return dataset if dataset.folder(root) == folder else None


def period_start(name: str) -> int:
    """Of `2024-01-31`, `2024-01` or `2024`. Raises ValueError."""
    day = datetime.fromisoformat(f"{name}-01-01"[:10]).replace(tzinfo=UTC)
    return int(day.timestamp()) * SECOND_NS


def _spell(text: str) -> str:
    return quote(text, safe="").replace(".", "%2E") if text.strip(".") == "" else quote(text, safe="")
