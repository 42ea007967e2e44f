"""Making a damaged dataset sound again: what is damaged is set aside, never deleted, and the manifest written anew.

A file stays that is as its line says, and whose rows keep the laws. Where its line does not read any more, or may be an
older one, it stays if it carries our mark and its rows keep the laws: it is `adopted`. What was lost counts as never
asked for, so that the next download asks again. A kill at any point leaves what the next repair goes on from, and a
repair of what is sound changes nothing.
"""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .checksums import NEXT, sha256_of
from .database import database_error, files_sql, one_row
from .layout import MANIFEST, VERSION, Dataset, dataset_of, period_start
from .manifest import CoveredLine, FileLine, Salvaged, salvage, write_anew
from .ranges import subtract
from .verify import Damage, judge_file, strangers, verify
from .writer import lock_of, sync

if TYPE_CHECKING:
    import duckdb

QUARANTINE = "catalogue-quarantine"
"""Beside the catalogue: so far away that nothing reads it as data."""
ADOPTED = "repair"
"""The source of a file whose line was lost."""


class SetAside(NamedTuple):
    file: str
    to: str
    found: str


class Lost(NamedTuple):
    """A period that is gone. `rows` is 0 where nobody knows; `source` is `download`, the name of a file, or empty."""

    start_ns: int
    end_ns: int
    rows: int
    source: str


class Repaired(NamedTuple):
    """`kept` and `adopted` count files."""

    dataset: Dataset
    kept: int
    adopted: int
    set_aside: list[SetAside]
    lost: list[Lost]


def homes(root: Path) -> list[Dataset]:
    """All whose folders hold anything, with a manifest or without, sorted."""
    files = (path for path in root.glob("venue=*/symbol=*/series=*/*") if path.is_file() and path.name != "lock")
    found = {dataset_of(folder, root) for folder in {path.parent for path in files}}
    return sorted(dataset for dataset in found if dataset is not None)


def repair(connection: "duckdb.DuckDBPyConnection", dataset: Dataset, root: Path) -> Repaired | None:
    """None where it was sound.

    Raises:
        CatalogueFault: another process writes it, or a newer program wrote it: nothing is changed.
    """
    lock = lock_of(dataset, root)
    try:
        if not verify(connection, dataset, root).damage and (dataset.folder(root) / MANIFEST).exists():
            return None
        return _Repair(connection, dataset, root).run()
    finally:
        lock.release()


def set_strangers_aside(root: Path) -> list[SetAside]:
    """Files that belong to no dataset. To be done last."""
    return [_set_aside(Path(each.file), root, each.found) for each in strangers(root)]


class _Repair:
    """Of one dataset, under its lock."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection", dataset: Dataset, root: Path) -> None:
        self._connection, self._dataset, self._root = connection, dataset, root
        self._folder = dataset.folder(root)
        self._known: Salvaged = salvage(dataset, root)
        self._moved: list[SetAside] = []

    def run(self) -> Repaired:
        if self._known.foreign:
            self._move_all(f"its manifest is not that of {self._dataset}")
            return Repaired(self._dataset, 0, 0, self._moved, [])
        self._settle_writes()
        kept = [line for line in map(self._judge, self._periods()) if line is not None]
        self._move_foreign({line.period for line in kept})
        periods = {line.period for line in kept}
        lost = [self._lost(period) for period in self._periods_told() if period not in periods]
        if not self._known.whole and (self._folder / MANIFEST).exists():
            self._copy_manifest()
        covered = subtract(self._known.covered, [(each.start_ns, each.end_ns) for each in lost])
        write_anew(self._dataset, self._root, [*kept, *(CoveredLine(*each) for each in covered)])
        adopted = sum(line != self._known.files.get(line.period) for line in kept)
        return Repaired(self._dataset, len(kept) - adopted, adopted, self._moved, lost)

    def _periods(self) -> list[str]:
        return sorted(path.stem for path in self._folder.glob("*.parquet") if _is_period(path.stem))

    def _periods_told(self) -> list[str]:
        """Those that a line or a file that was set aside told of."""
        unsound = {Path(each.file).stem for each in self._moved if not self._known.whole}
        return sorted({*self._known.files, *filter(_is_period, unsound)})

    def _settle_writes(self) -> None:
        """A write that came to its line takes its place; one that did not, or whose line is gone, is set aside."""
        for beside in sorted(self._folder.glob(f"*.parquet{NEXT}")):
            line = self._known.files.get(beside.with_suffix("").stem)
            if line is not None and line.sha256 == sha256_of(beside):
                beside.replace(beside.with_suffix(""))
            else:
                self._move(beside, "a write that did not come to its end")

    def _judge(self, period: str) -> FileLine | None:
        """The line of a file that stays."""
        path, line = self._folder / f"{period}.parquet", self._known.files.get(period)
        damage = [Damage(str(path), 0, "it is not in the manifest")]
        if line is not None:
            damage = list(judge_file(self._connection, path, self._dataset, line))
        if line is not None and not damage:
            return line
        if not self._known.whole and (line is None or period in self._known.doubtful):
            adopted = self._read(path, period)
            damage = [] if adopted is None else list(judge_file(self._connection, path, self._dataset, adopted))
            if adopted is not None and not damage:
                return adopted
        self._move(path, damage[0].found if damage else "its line is lost, and it does not prove itself to be ours")
        return None

    def _read(self, path: Path, period: str) -> FileLine | None:
        """The line that a file would have; None where it is none of ours."""
        time, files = self._dataset.table.time, files_sql([path])
        ours = f"key = 'tradigrade_version' and value = '{VERSION}'"
        mark = f"select count(*) from parquet_kv_metadata({files}) where {ours}"
        facts = f"select count(*), min({time}), max({time}) from read_parquet({files}, hive_partitioning = false)"
        try:
            (marked,) = one_row(self._connection, mark)
            rows, first_ns, last_ns = one_row(self._connection, facts)
        except database_error():
            return None
        if not marked or not rows:
            return None
        return FileLine(period, rows, first_ns, last_ns, path.stat().st_size, sha256_of(path), ADOPTED)

    def _lost(self, period: str) -> Lost:
        start_ns, line = period_start(period), self._known.files.get(period)
        end_ns = self._dataset.period.next(start_ns)
        return Lost(start_ns, end_ns, line.rows if line else 0, line.source if line else "")

    def _move_foreign(self, kept: set[str]) -> None:
        ours = {MANIFEST, "lock"} | {f"{period}.parquet" for period in kept}
        for path in sorted(self._folder.iterdir()):
            if path.name not in ours:
                self._move(path, "it is not in the manifest")

    def _move_all(self, why: str) -> None:
        for path in sorted(self._folder.iterdir()):
            if path.name != "lock":
                self._move(path, why)

    def _copy_manifest(self) -> None:
        path = self._folder / MANIFEST
        target = _free(path, self._root)
        target.write_bytes(path.read_bytes())
        sync(target)
        self._moved.append(SetAside(str(path), str(target), "lines of it are damaged: it was written anew"))

    def _move(self, path: Path, why: str) -> None:
        self._moved.append(_set_aside(path, self._root, why))


def _set_aside(path: Path, root: Path, why: str) -> SetAside:
    target = _free(path, root)
    path.replace(target)
    for folder in (target.parent, path.parent):
        sync(folder)
    return SetAside(str(path), str(target), why)


def _free(path: Path, root: Path) -> Path:
    """Its place in quarantine; with a number where one of that name is there."""
    place = root.with_name(QUARANTINE) / path.relative_to(root)
    place.parent.mkdir(parents=True, exist_ok=True)
    number = 1
    target = place
    while target.exists():
        number += 1
        target = place.with_name(f"{place.stem}.{number}{place.suffix}")
    return target


def _is_period(name: str) -> bool:
    try:
        period_start(name)
    except ValueError:
        return False
    return True
