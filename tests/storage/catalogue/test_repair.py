"""Repair: whatever was done to the files, what is sound stays, nothing is deleted, and what was lost can come back."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.catalogue import BARS, DAY_NS, START_NS, TRADES, bar, database, put, rows_of, trade
from tests.storage.catalogue.test_verify import DAMAGE, flip
from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.catalogue.layout import CatalogueFault, Dataset, find_datasets
from tradigrade.storage.catalogue.manifest import Head, Manifest, _encode
from tradigrade.storage.catalogue.repair import QUARANTINE, Repaired, homes, repair, set_strangers_aside
from tradigrade.storage.catalogue.verify import strangers, verify
from tradigrade.storage.catalogue.writer import Writer

FIRST, SECOND = "2024-01-01", "2024-01-02"
INDEXES = (*range(5), 9, 1440, 1441)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two days, of which the venue was asked all."""
    root = tmp_path / "catalogue"
    put(root, BARS, [bar(index) for index in INDEXES])
    with Writer(database(), BARS, root) as writer:
        writer.cover([(START_NS, START_NS + 2 * DAY_NS)])
    return root


def mend(root: Path, dataset: Dataset = BARS) -> Repaired | None:
    return repair(database(), dataset, root)


def quarantined(root: Path) -> list[str]:
    folder = root.with_name(QUARANTINE)
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def bytes_of(*folders: Path) -> list[bytes]:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.name != "lock"]
    return sorted(path.read_bytes() for path in files if "manifest" not in path.name)


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_set_aside_and_the_next_download_asks_for_it_again(root: Path, name: str) -> None:
    DAMAGE[name][0](root)
    before = bytes_of(root)
    done = mend(root)
    assert done is not None
    lost = [] if name == "foreign" else [(START_NS, START_NS + DAY_NS)]
    assert [(each.start_ns, each.end_ns) for each in done.lost] == lost
    assert verify(database(), BARS, root).damage == []
    assert bytes_of(root, root.with_name(QUARANTINE)) == before, "nothing is deleted, nothing altered"
    manifest = Manifest(BARS, root)
    assert manifest.covered == [(START_NS if name == "foreign" else START_NS + DAY_NS, START_NS + 2 * DAY_NS)]
    assert mend(root) is None, "a second repair has nothing to do"
    assert put(root, BARS, [bar(index) for index in INDEXES]).added == (0 if name == "foreign" else 6)


def lines_of(root: Path) -> list[bytes]:
    return (BARS.folder(root) / "manifest.jsonl").read_bytes().splitlines(keepends=True)


def rewrite(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Path], object]:
    return lambda root: (BARS.folder(root) / "manifest.jsonl").write_bytes(b"".join(change(lines_of(root))))


def broken(line: bytes) -> bytes:
    return line[:20] + b"#" + line[21:]


MANIFESTS: dict[str, tuple[Callable[[Path], object], int]] = {
    "its head": (rewrite(lambda lines: [broken(lines[0]), *lines[1:]]), 0),
    "its head gone": (rewrite(lambda lines: lines[1:]), 0),
    "a file's line": (rewrite(lambda lines: [lines[0], broken(lines[1]), *lines[2:]]), 1),
    "all its lines": (rewrite(lambda lines: [broken(line) for line in lines]), 2),
    "no text any more": (rewrite(lambda _: [b"\xff\x00" * 99]), 2),
    "emptied": (rewrite(lambda _: []), 2),
    "deleted": (lambda root: (BARS.folder(root) / "manifest.jsonl").unlink(), 2),
    "cut amid a file's line": (rewrite(lambda lines: [*lines[:2], lines[2][:30]]), 1),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_damaged_manifest_is_written_anew_from_the_files_that_prove_themselves(root: Path, name: str) -> None:
    damage, adopted = MANIFESTS[name]
    rows = rows_of(root, BARS)
    damage(root)
    done = mend(root)
    assert done is not None
    assert (done.kept, done.adopted, done.lost) == (2 - adopted, adopted, [])
    assert verify(database(), BARS, root).damage == []
    assert rows_of(root, BARS) == rows
    assert mend(root) is None
    copied = ["manifest.jsonl"] if name not in ("deleted", "its head gone") else []
    assert quarantined(root) == copied


def test_a_file_that_is_damaged_as_well_is_not_adopted(root: Path) -> None:
    MANIFESTS["all its lines"][0](root)
    path = BARS.folder(root) / f"{FIRST}.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    done = mend(root)
    assert done is not None
    assert (done.adopted, [each.start_ns for each in done.lost]) == (1, [START_NS])
    assert quarantined(root) == [f"{FIRST}.parquet", "manifest.jsonl"]


def test_a_file_whose_newest_line_is_damaged_counts_as_it_lies_there(root: Path) -> None:
    put(root, BARS, [bar(7)])
    rewrite(lambda lines: [*lines[:-1], broken(lines[-1])])(root)
    done = mend(root)
    assert done is not None
    assert (done.kept, done.adopted) == (1, 1)
    assert Manifest(BARS, root).files[FIRST].rows == 7


def test_a_file_of_another_program_is_not_adopted_even_without_a_manifest(root: Path) -> None:
    MANIFESTS["deleted"][0](root)
    path = BARS.folder(root) / f"{FIRST}.parquet"
    database().execute(f"create or replace temp table copied as from read_parquet('{path}', hive_partitioning=false)")
    database().execute(f"copy copied to '{path}' (format parquet)")
    done = mend(root)
    assert done is not None
    assert "does not prove itself" in done.set_aside[0].found or "not in the manifest" in done.set_aside[0].found
    assert done.adopted == 1


@pytest.mark.parametrize("line", ["there", "lost"])
def test_a_write_that_a_kill_left_undone_is_finished_or_set_aside(root: Path, line: str) -> None:
    path = BARS.folder(root) / f"{FIRST}.parquet"
    path.rename(path.with_name(f"{path.name}.next"))
    flip(BARS.folder(root) / "manifest.jsonl", 3)
    if line == "lost":
        rewrite(lambda lines: [lines[0], broken(lines[1]), *lines[2:]])(root)
    done = mend(root)
    assert done is not None
    assert path.exists() == (line == "there")
    assert (f"{path.name}.next" in quarantined(root)) == (line == "lost")
    assert verify(database(), BARS, root).damage == []


def test_half_a_write_and_what_others_put_there_are_set_aside(root: Path) -> None:
    folder = BARS.folder(root)
    (folder / f"{FIRST}.parquet.next").write_bytes(b"half")
    (folder / "notes.txt").write_text("mine")
    done = mend(root)
    assert done is not None
    assert (done.kept, done.lost) == (2, [])
    assert quarantined(root) == [f"{FIRST}.parquet.next", "notes.txt"]
    assert verify(database(), BARS, root).damage == []


def test_the_copy_of_another_dataset_is_set_aside_whole(root: Path) -> None:
    other = Dataset("venue", "ETH/USDT", "1m")
    shutil.copytree(BARS.folder(root), other.folder(root))
    done = mend(root, other)
    assert done is not None
    assert (done.kept, len(done.set_aside)) == (0, 3)
    assert find_datasets(root) == [BARS]
    assert strangers(root) == []


def test_files_of_no_dataset_are_set_aside_and_never_onto_one_another(root: Path) -> None:
    for _ in range(2):
        (root / "venue=x").mkdir(exist_ok=True)
        (root / "venue=x" / "notes.txt").write_text("mine")
        assert len(set_strangers_aside(root)) == 1
    assert quarantined(root) == ["notes.2.txt", "notes.txt"]
    assert strangers(root) == []


def test_datasets_are_found_without_their_manifests_and_wrong_folders_are_none(root: Path) -> None:
    put(root, TRADES, [trade(0)])
    (TRADES.folder(root) / "manifest.jsonl").unlink()
    odd = root / "venue=x" / "symbol=A%2FB" / "series=1x"
    odd.mkdir(parents=True)
    (odd / "manifest.jsonl").write_text("")
    assert homes(root) == [BARS, TRADES]
    assert find_datasets(root) == [BARS], "one odd folder does not hide the others"
    assert [Path(each.file).name for each in strangers(root) if "series=1x" in each.file] == ["manifest.jsonl"]


def test_what_is_sound_is_not_touched(root: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*.*")}
    assert mend(root) is None
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*.*")} == before


def test_what_a_newer_program_wrote_is_left_alone(root: Path) -> None:
    path = BARS.folder(root) / "manifest.jsonl"
    path.write_bytes(_encode(Head(99, *BARS)) + b"".join(lines_of(root)[1:]))
    with pytest.raises(CatalogueFault, match="use a newer one"):
        mend(root)
    assert quarantined(root) == []


def test_a_dataset_that_is_being_written_is_left_alone(root: Path) -> None:
    DAMAGE["flipped"][0](root)
    lock = SystemDisk().lock(BARS.folder(root) / "lock")
    with pytest.raises(CatalogueFault, match="wait for it to end"):
        mend(root)
    lock.release()
    assert mend(root) is not None


def test_a_repair_that_was_killed_is_finished_by_the_next(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    DAMAGE["flipped"][0](root)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr("tradigrade.storage.catalogue.repair.write_anew", killed)
        with pytest.raises(KeyboardInterrupt):
            mend(root)
    done = mend(root)
    assert done is not None
    assert [each.rows for each in done.lost] == [6]
    assert mend(root) is None
