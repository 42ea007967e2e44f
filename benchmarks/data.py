"""Market data on disk: rows into the catalogue and out of it, beside DuckDB alone on the same rows."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tradigrade.data_import import Asked, import_file
from tradigrade.storage.catalogue.database import connect
from tradigrade.storage.catalogue.layout import Dataset
from tradigrade.storage.catalogue.manifest import Manifest
from tradigrade.storage.catalogue.query import rows_sql
from tradigrade.storage.catalogue.reader import read_bars

from .measure import Result

NAMES = ("data.import", "data.query", "data.read")
DAYS = 60
ROWS = DAYS * 1_440
ROUNDS = 3
START_MS = 1_704_067_200_000
BARS = Dataset("bench", "BTC/USDT", "1m")
DECIMALS = ", ".join(f"{name}: 'DECIMAL(38,18)'" for name in ("open", "high", "low", "close", "volume"))


def run() -> Iterator[Result]:
    with tempfile.TemporaryDirectory() as folder:
        yield from measure(Path(folder))


def measure(folder: Path) -> Iterator[Result]:
    source, plain = folder / "bars.csv", folder / "plain.parquet"
    source.write_text("time_ms,open,high,low,close,volume\n" + "".join(_line(number) for number in range(ROWS)))
    connection = connect(folder / "spill")

    def alone() -> None:
        read = f"read_csv('{source}', columns = {{time_ms: 'BIGINT', {DECIMALS}}})"
        connection.execute(f"copy (from {read}) to '{plain}' (format parquet, compression zstd)").fetchall()

    roots = iter(folder / f"catalogue-{number}" for number in range(ROUNDS))
    taken_s = _best(lambda: import_file(source, next(roots), Asked(*BARS)))
    yield _result("data.import", taken_s, _best(alone), "one file by DuckDB, unchecked")

    root = folder / "catalogue-0"

    def query() -> None:
        sql = rows_sql(Manifest(BARS, root), 0, 2**62)
        connection.execute(f"select sum(volume) from ({sql})").fetchall()

    def query_alone() -> None:
        connection.execute(f"select sum(volume) from (from '{plain}' order by time_ms)").fetchall()

    yield _result("data.query", _best(query), _best(query_alone), "DuckDB on one file")

    def read() -> None:
        assert sum(1 for _ in read_bars(root, "bench", ["BTC/USDT"], "1m")) == ROWS

    def read_alone() -> None:
        assert len(connection.execute(f"from '{plain}' order by time_ms").fetchall()) == ROWS

    yield _result("data.read", _best(read), _best(read_alone), "DuckDB's fetchall of one file")
    connection.close()


def _line(number: int) -> str:
    low = 30_000 + number % 97
    return f"{START_MS + number * 60_000},{low}.25,{low + 2}.5,{low}.01,{low + 1}.125,{number % 13}.00012\n"


def _best(act: Callable[[], object]) -> float:
    """Seconds of the shortest of some runs."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    return min(times)


def _result(name: str, taken_s: float, reference_s: float, reference: str) -> Result:
    return {
        "name": name,
        "n": ROWS,
        "per_s": round(ROWS / taken_s),
        "ratio": round(reference_s / taken_s, 3),
        "reference": reference,
    }
