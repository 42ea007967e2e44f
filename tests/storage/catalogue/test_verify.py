"""Verify: whatever is done to the files is found, and named by file and row."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.catalogue import BARS, DAY_NS, START_NS, bar, database, put
from tradigrade.storage.catalogue.checksums import check_whole
from tradigrade.storage.catalogue.layout import CatalogueFault, Dataset
from tradigrade.storage.catalogue.manifest import Manifest
from tradigrade.storage.catalogue.reader import read_bars
from tradigrade.storage.catalogue.verify import Report, strangers, verify


def judge(root: Path, dataset: Dataset = BARS) -> Report:
    return verify(database(), dataset, root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put(tmp_path, BARS, [bar(index) for index in (*range(5), 9, 1440, 1441)])
    return tmp_path


def first(root: Path) -> Path:
    return BARS.folder(root) / "2024-01-01.parquet"


def rewrite(change: str) -> Callable[[Path], None]:
    """The first day's rows, through a query over `rows`."""

    def damage(root: Path) -> None:
        path = first(root)
        read = f"select * from read_parquet('{path}', hive_partitioning=false)"
        database().execute(f"create or replace temp table rows as {read}")
        database().execute(f"copy ({change}) to '{path}' (format parquet)").fetchall()

    return damage


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0xFF
    path.write_bytes(data)


def replaced(value: str, column: str, *, where: str = "true") -> Callable[[Path], None]:
    kept = f"if({where}, ({value})::decimal(38,18), {column})" if column != "start_ns" else value
    return rewrite(f"select * replace ({kept} as {column}) from rows order by start_ns")


DAMAGE: dict[str, tuple[Callable[[Path], object], int, str]] = {
    "missing": (lambda root: first(root).unlink(), 0, "it is missing, with 6 rows"),
    "truncated": (lambda root: first(root).write_bytes(first(root).read_bytes()[:200]), 0, "does not read as Parquet"),
    "empty": (lambda root: first(root).write_bytes(b""), 0, "altered or damaged"),
    "flipped": (lambda root: flip(first(root), 60), 0, "altered or damaged"),
    "swapped": (lambda root: shutil.copy(first(root).with_stem("2024-01-02"), first(root)), 1, "within 2024-01-01"),
    "foreign": (lambda root: shutil.copy(first(root), first(root).with_stem("2023-01-01")), 0, "not in the manifest"),
    "high below low": (replaced("1", "high"), 1, "high not below low"),
    "open outside": (replaced("999", "open", where=f"start_ns > {START_NS}"), 2, "open between low and high"),
    "negative": (replaced("-volume", "volume"), 1, "volume not below zero"),
    "nothing": (replaced("null", "close"), 1, "close as a number"),
    "double": (rewrite("from (from rows union all from rows) order by start_ns"), 1, "every start_ns once"),
    "disorder": (rewrite("from rows order by start_ns desc"), 6, "rows in the order of start_ns"),
    "off the grid": (replaced("start_ns + 1", "start_ns"), 1, "on the grid of 1m"),
    "another day": (replaced(f"start_ns + {DAY_NS}", "start_ns"), 1, "within 2024-01-01"),
    "floats": (rewrite("select * replace ('nan'::double as close) from rows"), 0, "expected the columns"),
    "a row less": (rewrite("from rows order by start_ns limit 5"), 0, "expected rows, first and last (6,"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found_and_named(root: Path, name: str) -> None:
    damage, row, words = DAMAGE[name]
    damage(root)
    found = judge(root).damage
    assert any(bad.row == row and words in bad.found for bad in found), found
    where = "2023-01-01.parquet" if name == "foreign" else "2024-01-01.parquet"
    assert {Path(bad.file).name for bad in found} == {where}


def test_what_is_whole_is_sound_and_its_gaps_are_told(root: Path) -> None:
    report = judge(root)
    assert (report.files, report.rows, report.damage) == (2, 8, [])
    assert [(gap.bars, gap.checked) for gap in report.gaps] == [(4, False), (1430, False)]


@pytest.mark.parametrize("place", [3, 40, -20])
def test_a_damaged_manifest_is_found(root: Path, place: int) -> None:
    flip(BARS.folder(root) / "manifest.jsonl", place)
    assert "manifest.jsonl, line" in judge(root).damage[0].found


def test_a_manifest_of_another_dataset_is_found(root: Path) -> None:
    other = Dataset("venue", "ETH/USDT", "1m")
    shutil.copytree(BARS.folder(root), other.folder(root))
    assert (
        "expected the manifest of venue ETH/USDT 1m, found that of venue BTC/USDT 1m"
        in judge(root, other).damage[0].found
    )


def test_a_file_of_no_dataset_is_found(root: Path) -> None:
    assert strangers(root) == []
    (root / "venue=x").mkdir()
    (root / "venue=x" / "notes.txt").write_text("mine")
    assert [Path(bad.file).name for bad in strangers(root)] == ["notes.txt"]


SUBTLE = ["missing", "truncated", "flipped", "empty"]


@pytest.mark.parametrize("kind", SUBTLE)
def test_damage_is_neither_read_nor_written_anew_as_if_it_were_sound(root: Path, kind: str) -> None:
    DAMAGE[kind][0](root)
    before = judge(root).damage
    with pytest.raises(CatalogueFault, match="is missing, altered or damaged"):
        put(root, BARS, [bar(7)])
    with pytest.raises(CatalogueFault, match="is missing, altered or damaged"):
        next(read_bars(root, BARS.venue, [BARS.symbol], "1m"))
    assert judge(root).damage == before
    assert put(root, BARS, [bar(1442)]).added == 1, "other days are as good as ever"


def test_a_write_that_a_kill_left_undone_is_no_damage_to_who_reads(root: Path) -> None:
    path = first(root)
    path.with_name(f"{path.name}.next").write_bytes(path.read_bytes())
    flip(path, 60)
    check_whole(Manifest(BARS, root), [path])
