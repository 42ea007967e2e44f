"""Merging rows into a dataset: by key, without duplicates, whole files at a time, safe against a kill at any point.

A file is written beside its place (`….parquet.next`) and synced, then its line goes into the manifest and is synced,
then it takes its place. A kill before the line leaves the old state; after it, the next writer finishes the move.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from ...kernel.disk import LockedFile, SystemDisk
from .checksums import NEXT, check_whole, sha256_of
from .database import files_sql, one_row
from .layout import VERSION, CatalogueFault, Dataset
from .manifest import CoveredLine, FileLine, Manifest
from .ranges import Range

if TYPE_CHECKING:
    import duckdb

INCOMING = "incoming"
"""The temporary table of `connection` that `merge` takes rows from, with the columns of the dataset's table."""

OnConflict = Literal["refuse", "replace", "keep"]


class Merged(NamedTuple):
    """Counts of rows. `conflicts` are those whose key is there with other values; what became of them is the caller's
    choice."""

    added: int = 0
    same: int = 0
    conflicts: int = 0

    def __add__(self, other: object) -> "Merged":
        assert isinstance(other, Merged)
        return Merged(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


class Writer:
    """The one writer of a dataset, until `close`.

    Raises:
        CatalogueFault: another process writes it now, or its manifest is damaged or newer than this program.
    """

    def __init__(self, connection: "duckdb.DuckDBPyConnection", dataset: Dataset, root: Path) -> None:
        self.dataset = dataset
        self._connection = connection
        self._lock = lock_of(dataset, root)
        try:
            self.manifest = Manifest(dataset, root)
            _finish(self.manifest)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._lock.release()

    def merge(self, source: str, on_conflict: OnConflict = "refuse") -> Merged:
        """Take in the rows of `INCOMING`, which keep the table's laws. Each file is replaced whole, or not at all.

        Raises:
            CatalogueFault: rows contradict each other, or those there and `on_conflict` is refuse: nothing is changed.
        """
        self._drop_doubles()
        self._compare()
        merged = self._count()
        if merged.conflicts and on_conflict == "refuse":
            raise CatalogueFault(
                f"{self.dataset}: {merged.conflicts:,} rows differ from those there, {self._example()}; "
                f"{merged.same:,} are the same, {merged.added:,} new; --replace takes the new ones"
            )
        changes = "'new', 'other'" if on_conflict == "replace" else "'new'"
        for start_ns, end_ns in self._periods(changes):
            self._write(start_ns, end_ns, changes, source)
        return merged

    def cover(self, ranges: Iterable[Range]) -> None:
        """The venue has given all it has of these."""
        self.manifest.append([CoveredLine(start_ns, end_ns) for start_ns, end_ns in ranges if start_ns < end_ns])

    def _drop_doubles(self) -> None:
        """Equal rows count once. Two of one file that differ under one key are refused."""
        table, file = self.dataset.table, self._file_of("offered")
        self._connection.execute(f"create or replace temp table offered as select distinct * from {INCOMING}")
        self._connection.execute(f"drop table {INCOMING}")
        keys = f"select {table.key}, {file} as file from offered group by all having count(*) > 1"
        sql = f"select count(*), min({table.key}) from ({keys})"
        doubles, example = self._row(sql)
        if doubles:
            raise CatalogueFault(
                f"{self.dataset}: {doubles:,} keys come twice with different values, the first {table.key} {example}"
            )

    def _compare(self) -> None:
        """`judged`: every offered row, with what it is to those there: same, other or new."""
        table = self.dataset.table
        first, last = self._row(f"select min({table.time}), max({table.time}) from offered")
        paths = [] if first is None else self.manifest.paths(*self._span(first, last))
        differ = " or ".join(f"o.{name} is distinct from t.{name}" for name in table.values)
        check_whole(self.manifest, paths)
        if paths:
            verdict = f"case when t.{table.key} is null then 'new' when {differ} then 'other' else 'same' end"
            there = f"left join read_parquet({files_sql(paths)}) t on o.{table.key} = t.{table.key}"
            there += f" and {self._file_of('o')} = {self._file_of('t')}"
        else:
            verdict, there = "'new'", ""
        self._connection.execute(
            f"create or replace temp table judged as select o.*, {verdict} as verdict from offered o {there} "
            f"order by o.{table.time}"  # so that the rows of one file lie together
        )
        self._connection.execute("drop table offered")

    def _file_of(self, rows: str) -> str:
        """In SQL, which file a row belongs to: keys are told apart in each, for venues that count trades anew."""
        return self.dataset.period.floor_sql(f"{rows}.{self.dataset.table.time}")

    def _span(self, first_ns: int, last_ns: int) -> Range:
        period = self.dataset.period
        return period.floor(first_ns), period.next(period.floor(last_ns))

    def _count(self) -> Merged:
        rows = self._connection.execute("select verdict, count(*) from judged group by verdict").fetchall()
        counts = dict(rows)
        return Merged(counts.get("new", 0), counts.get("same", 0), counts.get("other", 0))

    def _example(self) -> str:
        key = self.dataset.table.key
        (example,) = self._row(f"select min({key}) from judged where verdict = 'other'")
        return f"the first {key} {example}"

    def _periods(self, changes: str) -> list[Range]:
        period, time = self.dataset.period, self.dataset.table.time
        sql = f"select distinct {period.floor_sql(time)} as start from judged where verdict in ({changes}) order by 1"
        return [(start, period.next(start)) for (start,) in self._connection.execute(sql).fetchall()]

    def _write(self, start_ns: int, end_ns: int, changes: str, source: str) -> None:
        table, period = self.dataset.table, self.dataset.period_name(start_ns)
        columns = ", ".join(table.columns)
        within = f"{table.time} >= {start_ns} and {table.time} < {end_ns}"
        rows = f"select {columns} from judged where {within} and verdict in ({changes})"
        if period in self.manifest.files:
            there = f"read_parquet({files_sql([self.manifest.file(period)])})"
            gone = f"select {table.key} from judged where {within} and verdict in ({changes})"
            rows = f"select {columns} from {there} where {table.key} not in ({gone}) union all {rows}"
        self._commit(period, f"select * from ({rows}) order by {table.order}", source)

    def _commit(self, period: str, rows: str, source: str) -> None:
        path, time = self.manifest.file(period), self.dataset.table.time
        beside = path.with_name(path.name + NEXT)
        one_row(
            self._connection,
            f"copy ({rows}) to '{_quoted(beside)}' (format parquet, compression zstd, "
            f"kv_metadata {{tradigrade_version: '{VERSION}'}})",
        )
        sync(beside)
        count, first, last = self._row(
            f"select count(*), min({time}), max({time}) from read_parquet({files_sql([beside])})"
        )
        line = FileLine(period, count, first, last, beside.stat().st_size, sha256_of(beside), source)
        self.manifest.append([line])
        beside.replace(path)
        sync(path.parent)

    def _row(self, sql: str) -> tuple[int, ...]:
        return one_row(self._connection, sql)


def sync(path: Path) -> None:
    """A file, or the names in a folder."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def lock_of(dataset: Dataset, root: Path) -> LockedFile:
    """Of its one writer. Raises CatalogueFault where another process has it."""
    try:
        return SystemDisk().lock(dataset.folder(root) / "lock")
    except BlockingIOError:
        raise CatalogueFault(f"{dataset} is being written by another process: wait for it to end") from None


def _finish(manifest: Manifest) -> None:
    """Do the moves that a kill left undone, and drop what never came to its line."""
    for beside in sorted(manifest.folder.glob(f"*.parquet{NEXT}")):
        path = beside.with_suffix("")
        line = manifest.files.get(path.stem)
        if line is not None and line.sha256 == sha256_of(beside):
            beside.replace(path)
        else:
            beside.unlink()
    sync(manifest.folder)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
