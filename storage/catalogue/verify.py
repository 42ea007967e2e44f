"""Is the catalogue what it was when it was written: every file, every row, and nothing that does not belong there."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .checksums import NEXT, sha256_of
from .database import database_error, files_sql, one_row
from .intake import judgements
from .layout import MANIFEST, CatalogueFault, Dataset, find_datasets, period_start
from .manifest import FileLine, Manifest
from .query import Gap, find_gaps

if TYPE_CHECKING:
    import duckdb

ROWS_TOLD = 3
"""Bad rows that are told of each kind in one file."""


class Damage(NamedTuple):
    """`row` counts from 1; 0 where it is the file that is wrong."""

    file: str
    row: int
    found: str


class Report(NamedTuple):
    dataset: Dataset
    files: int
    rows: int
    damage: list[Damage]
    gaps: list[Gap]
    """Not damage: what a venue does not have, or nobody downloaded."""


def verify(connection: "duckdb.DuckDBPyConnection", dataset: Dataset, root: Path) -> Report:
    """Reads everything, changes nothing."""
    try:
        manifest = Manifest(dataset, root)
    except CatalogueFault as fault:
        return Report(dataset, 0, 0, [Damage(str(dataset.folder(root) / MANIFEST), 0, str(fault))], [])
    damage = [*_foreign(manifest)]
    for line in sorted(manifest.files.values(), key=lambda each: each.first_ns):
        damage += judge_file(connection, manifest.file(line.period), dataset, line)
    gaps = [] if damage else find_gaps(connection, manifest)
    return Report(dataset, len(manifest.files), manifest.rows, damage, gaps)


def strangers(root: Path) -> list[Damage]:
    """Files that belong to no dataset."""
    homes = {dataset.folder(root) for dataset in find_datasets(root)}
    files = (path for path in root.rglob("*") if path.is_file() and path.parent not in homes)
    lost = [path for path in files if path.name != "lock" and not path.parent.name.startswith(".spill")]
    return [
        Damage(str(path), 0, f"it is in no dataset: expected a folder of one, with a {MANIFEST} in it") for path in lost
    ]


def _foreign(manifest: Manifest) -> Iterator[Damage]:
    known = {MANIFEST, "lock"} | {manifest.file(period).name for period in manifest.files}
    for path in sorted(manifest.folder.iterdir()):
        if path.name not in known and not path.name.endswith(NEXT):
            yield Damage(str(path), 0, "it is not in the manifest: somebody else put it there")


def judge_file(
    connection: "duckdb.DuckDBPyConnection", path: Path, dataset: Dataset, line: FileLine
) -> Iterator[Damage]:
    """What is wrong with it, held against its line."""
    beside = path.with_name(path.name + NEXT)
    if beside.exists() and sha256_of(beside) == line.sha256:
        path = beside  # a write that a kill left one step before its end
    if not path.exists():
        yield Damage(str(path), 0, f"it is missing, with {line.rows:,} rows")
        return
    if sha256_of(path) != line.sha256:
        size = path.stat().st_size
        yield Damage(str(path), 0, f"it was altered or damaged: SHA-256 differs, {size:,} of {line.bytes:,} bytes")
    try:
        yield from _rows(connection, dataset, path, line)
    except database_error() as error:
        yield Damage(str(path), 0, f"it does not read as Parquet: {str(error).splitlines()[0][:200]}")


def _rows(connection: "duckdb.DuckDBPyConnection", dataset: Dataset, path: Path, line: FileLine) -> Iterator[Damage]:
    table = dataset.table
    described = connection.execute(
        f"describe select * from read_parquet({files_sql([path])}, hive_partitioning = false)"
    )
    types = {name: kind for name, kind, *_ in described.fetchall()}
    if types != table.columns:
        yield Damage(str(path), 0, f"expected the columns {table.columns}, found {types}")
        return
    source = f"read_parquet({files_sql([path])}, file_row_number = true, hive_partitioning = false)"
    for row, words in _bad_rows(connection, dataset, source, line.period):
        yield Damage(str(path), row + 1, words)
    found = one_row(connection, f"select count(*), min({table.time}), max({table.time}) from {source}")
    if found != (line.rows, line.first_ns, line.last_ns):
        wanted = (line.rows, line.first_ns, line.last_ns)
        yield Damage(str(path), 0, f"expected rows, first and last {wanted}, found {found}")


def _bad_rows(
    connection: "duckdb.DuckDBPyConnection", dataset: Dataset, source: str, period: str
) -> Iterator[tuple[int, str]]:
    table = dataset.table
    start_ns = period_start(period)
    end_ns = dataset.period.next(start_ns)
    laws = [
        *judgements(dataset),
        (f"{table.time} < {start_ns} or {table.time} >= {end_ns}", f"{table.time} within {period}"),
        ("place < before", f"rows in the order of {table.order}"),
        ("copies > 1", f"every {table.key} once"),
    ]
    ordered = (
        f"select *, row_number() over (order by {table.order}, file_row_number) as place, "
        f"file_row_number + 1 as before, count(*) over (partition by {table.key}) as copies from {source}"
    )
    cases = "".join(f" when {broken} then '{words}'" for broken, words in laws)
    bad = f"select file_row_number, {table.key} as key, case{cases} end as words from ({ordered})"
    told = f"select * from ({bad}) where words is not null order by 1 limit {ROWS_TOLD}"
    for row, key, words in connection.execute(told).fetchall():
        yield row, f"expected {words}, found it not so at {table.key} {key}"
