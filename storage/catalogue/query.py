"""Questions to the catalogue: what is there, what is missing, what it looks like, and copies of it in other forms."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .checksums import check_whole
from .database import files_sql, one_row
from .intervals import Interval
from .layout import CatalogueFault, Dataset, WrongWord
from .manifest import Manifest
from .ranges import Range, intersect, subtract
from .tables import BARS, DECIMAL, TRADES

if TYPE_CHECKING:
    import duckdb

TOLD = 10
"""Rows of each kind that `inspect` tells."""
FOREVER_NS = 2**62

Format = Literal["csv", "parquet", "jsonl"]


class Gap(NamedTuple):
    """Bars that are not there. `checked`: the venue was asked, and has none there."""

    start_ns: int
    end_ns: int
    bars: int
    checked: bool


def describe(manifest: Manifest) -> dict[str, Any]:
    """A line of `list`, from the manifest alone. `missing` is null for trades, which are due at no time."""
    dataset = manifest.dataset
    facts: dict[str, Any] = {"venue": dataset.venue, "symbol": dataset.symbol, "series": dataset.series}
    if not manifest.files:
        return facts | {"from_ns": None, "to_ns": None, "rows": 0, "missing": None, "files": 0, "bytes": 0}
    size = sum(each.bytes for each in manifest.files.values())
    return facts | {
        "from_ns": manifest.first_ns,
        "to_ns": manifest.last_ns,
        "rows": manifest.rows,
        "missing": _missing(manifest),
        "files": len(manifest.files),
        "bytes": size,
    }


def _missing(manifest: Manifest) -> int | None:
    step = manifest.dataset.interval
    if step is None:
        return None
    return step.count_between(manifest.first_ns, step.next(manifest.last_ns)) - manifest.rows


def present(connection: "duckdb.DuckDBPyConnection", manifest: Manifest, start_ns: int, end_ns: int) -> list[Range]:
    """Where bars follow each other without a hole, within [start_ns, end_ns)."""
    step, paths = manifest.dataset.interval, manifest.paths(start_ns, end_ns)
    if step is None or not paths:
        return []
    place = _place(step)
    bars = f"select start_ns from read_parquet({files_sql(paths)}) where start_ns >= {start_ns} and start_ns < {end_ns}"
    runs = f"select start_ns, {place} - row_number() over (order by start_ns) as run from ({bars})"
    found = connection.execute(f"select min(start_ns), max(start_ns) from ({runs}) group by run order by 1").fetchall()
    return [(first, step.next(last)) for first, last in found]


def _place(step: Interval) -> str:
    """The number of a bar on its grid, in SQL."""
    if step.unit == "M":
        stamp = "make_timestamp(start_ns // 1000)"
        return f"(year({stamp}) * 12 + month({stamp})) // {step.times}"
    return f"start_ns // {step.shortest_ns}"


def find_gaps(
    connection: "duckdb.DuckDBPyConnection", manifest: Manifest, start_ns: int = 0, end_ns: int = FOREVER_NS
) -> list[Gap]:
    """Of bars and quotes, between the first and the last that are there, or in the range that is named."""
    step = manifest.dataset.interval
    if step is None or (not manifest.files and end_ns == FOREVER_NS):
        return []
    start_ns = step.ceil(start_ns) if start_ns else manifest.first_ns
    end_ns = step.floor(end_ns) if end_ns != FOREVER_NS else step.next(manifest.last_ns)
    missing = subtract([(start_ns, end_ns)], present(connection, manifest, start_ns, end_ns))
    checked = intersect(missing, manifest.covered)
    gaps = [Gap(*each, step.count_between(*each), checked=True) for each in checked]
    gaps += [Gap(*each, step.count_between(*each), checked=False) for each in subtract(missing, checked)]
    return sorted(gap for gap in gaps if gap.bars)


def inspect(connection: "duckdb.DuckDBPyConnection", manifest: Manifest) -> dict[str, Any]:
    """Figures of a dataset; amounts are exact decimal texts, moves are fractions."""
    facts = describe(manifest)
    if not manifest.files:
        return facts
    dataset = manifest.dataset
    table, source = dataset.table, f"read_parquet({files_sql(manifest.paths(0, FOREVER_NS))})"
    numbers = [name for name, kind in table.columns.items() if kind == DECIMAL]
    shown = ", ".join(f"{_plain(name)} as {name}" if name in numbers else name for name in table.columns)
    rows = f"select {shown} from {source} order by {table.order}"
    price = "price" if table is TRADES else "close" if table is BARS else "bid_close"
    size = "size" if table is TRADES else "volume" if table is BARS else "bid_size"
    ranges = ", ".join(f"{_plain(f'{how}({name})')} as {name}_{how}" for name in numbers for how in ("min", "max"))
    facts |= _rows(connection, f"select {ranges}, count(*) filter ({size} = 0) as zero_volume from {source}")[0]
    first = _rows(connection, f"{rows} limit 3")
    backwards = ", ".join(f"{part} desc" for part in table.order.split(", "))
    last = _rows(connection, f"select {shown} from {source} order by {backwards} limit 3")[::-1]
    before = f"lag({price}) over (order by {table.order})"
    moves = f"select {table.time}, ({price} / {before} - 1)::double as move from {source}"
    largest = _rows(connection, f"select * from ({moves}) where move is not null order by abs(move) desc limit 5")
    gaps = find_gaps(connection, manifest)
    told = [gap._asdict() for gap in sorted(gaps, key=lambda gap: -gap.bars)[:TOLD]]
    return facts | {"first": first, "last": last, "largest_moves": largest, "gaps": len(gaps), "largest_gaps": told}


def rows_sql(manifest: Manifest, start_ns: int, end_ns: int, interval: Interval | None = None) -> str:
    """Rows of [start_ns, end_ns) in order; as bars of a coarser interval where one is named, exactly. A coarse bar that
    is not wholly in the range is left out.

    Raises:
        CatalogueFault: nothing is there, or it is damaged, or the interval is not made of whole ones of the dataset.
    """
    dataset = manifest.dataset
    table = dataset.table
    if interval is not None:
        _check_coarser(dataset, interval)
        start_ns, end_ns = interval.ceil(start_ns), interval.floor(end_ns)
    paths = manifest.paths(start_ns, end_ns)
    if not paths:
        raise CatalogueFault(f"{dataset}: nothing is there in that time; `tradigrade data list` says what is")
    check_whole(manifest, paths)
    columns = ", ".join(table.columns)
    within = f"{table.time} >= {start_ns} and {table.time} < {end_ns}"
    rows = f"select {columns} from read_parquet({files_sql(paths)}) where {within}"
    return f"{rows} order by {table.order}" if interval is None else _coarser(rows, dataset, interval)


def _check_coarser(dataset: Dataset, interval: Interval) -> None:
    step = dataset.interval
    if dataset.table not in (BARS, TRADES):
        raise WrongWord(f"{dataset}: expected bars or trades to make bars of, found quotes")
    if step is not None and step != interval and not interval.splits_into(step):
        raise WrongWord(f"{dataset}: expected an interval made of whole {step.name} bars, found {interval.name}")


def _coarser(rows: str, dataset: Dataset, interval: Interval) -> str:
    time = dataset.table.time
    trades = dataset.table is TRADES
    order = "{'at': at_ns, 'length': length(trade_id), 'id': trade_id}" if trades else "start_ns"
    first, high, low, last, size = ("price",) * 4 + ("size",) if trades else ("open", "high", "low", "close", "volume")
    return (
        f"select {interval.floor_sql(time)} as start_ns, arg_min({first}, {order}) as open, max({high}) as high, "
        f"min({low}) as low, arg_max({last}, {order}) as close, sum({size})::{DECIMAL} as volume "
        f"from ({rows}) group by 1 order by 1"
    )


def export(connection: "duckdb.DuckDBPyConnection", sql: str, target: Path, form: Format, *, ms: bool = False) -> int:
    """Write the rows of `sql`; how many. Amounts are exact: in CSV and JSON as texts without needless zeros. With `ms`
    the time of a row is `time_ms`."""
    if ms:
        time, *rest = (row[0] for row in connection.execute(f"describe {sql}").fetchall())
        sql = f"select {time} // 1000000 as time_ms, {', '.join(rest)} from ({sql})"
    if form != "parquet":
        described = connection.execute(f"describe {sql}").fetchall()
        columns = [f"{_plain(name)} as {name}" if kind == DECIMAL else name for name, kind, *_ in described]
        sql = f"select {', '.join(columns)} from ({sql})"
    options = {"csv": "format csv, header", "parquet": "format parquet, compression zstd", "jsonl": "format json"}[form]
    quoted = str(target).replace("'", "''")
    return int(one_row(connection, f"copy ({sql}) to '{quoted}' ({options})")[0])


def _plain(name: str) -> str:
    """An exact decimal text without needless zeros."""
    return f"rtrim(rtrim(({name})::varchar, '0'), '.')"


def _rows(connection: "duckdb.DuckDBPyConnection", sql: str) -> list[dict[str, Any]]:
    cursor = connection.execute(sql)
    names = [each[0] for each in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
