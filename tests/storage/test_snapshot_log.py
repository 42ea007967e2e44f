import shutil
from pathlib import Path

import pytest

from tradigrade.storage.journal import Journal, JournalFault
from tradigrade.storage.snapshot_log import SnapshotLog


def total(folder: Path) -> int:
    """What the log says: the snapshot counts everything before it."""
    log = SnapshotLog(folder)
    snapshot, records = log.load()
    log.close()
    return int(snapshot or 0) + sum(map(int, records))


def filled(folder: Path) -> SnapshotLog:
    log = SnapshotLog(folder)
    assert log.load() == (None, [])
    for number in range(1, 4):
        log.append(b"%d" % number)
    return log


def test_a_fresh_folder_has_no_snapshot_and_keeps_what_is_appended(tmp_path: Path) -> None:
    filled(tmp_path / "log").close()
    assert SnapshotLog(tmp_path / "log").load() == (None, [b"1", b"2", b"3"])


def test_a_rotation_begins_from_the_snapshot_and_drops_what_it_holds(tmp_path: Path) -> None:
    log = filled(tmp_path)
    assert log.size_bytes == 3
    log.rotate(b"6")
    assert log.size_bytes == 0
    log.append(b"4")
    log.close()
    assert SnapshotLog(tmp_path).load() == (b"6", [b"4"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["records-1.log", "snapshot-1"]


def test_rotations_go_on_over_restarts(tmp_path: Path) -> None:
    filled(tmp_path).close()
    for snapshot in range(6, 18, 4):
        log = SnapshotLog(tmp_path)
        log.load()
        log.rotate(b"%d" % snapshot)
        log.append(b"4")
        log.close()
    assert total(tmp_path) == 18
    assert len(list(tmp_path.iterdir())) == 2


def test_the_tenth_generation_is_newer_than_the_ninth(tmp_path: Path) -> None:
    log = filled(tmp_path)
    for _ in range(11):
        log.rotate(b"6")
    log.close()
    assert total(tmp_path) == 6


class Crash(BaseException):
    """The process ends here."""


def rotate_until_step(folder: Path, step: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Rotate, and die before the disk is touched for the `step`-th time; False where it is done before."""
    log = filled(folder)
    count = 0

    def counted(function: object) -> object:
        def call(*arguments: object, **named: object) -> object:
            nonlocal count
            count += 1
            if count > step:
                raise Crash
            return function(*arguments, **named)  # type: ignore[operator]

        return call

    with monkeypatch.context() as disk:
        for name in ("open", "unlink", "rename"):
            disk.setattr(Path, name, counted(getattr(Path, name)))
        for name in ("open", "close", "append"):
            disk.setattr(Journal, name, counted(getattr(Journal, name)))
        disk.setattr("os.fsync", counted(__import__("os").fsync))
        try:
            log.rotate(b"6")
        except Crash:
            return True
    return False


def test_a_crash_at_any_step_of_a_rotation_counts_nothing_twice_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 0
    while rotate_until_step(tmp_path / str(steps), steps, monkeypatch):
        assert total(tmp_path / str(steps)) == 6
        log = SnapshotLog(tmp_path / str(steps))
        log.load()
        log.rotate(b"6")
        log.append(b"4")
        log.close()
        assert total(tmp_path / str(steps)) == 10
        steps += 1
    assert steps >= 7


def test_a_torn_record_after_the_snapshot_is_cut(tmp_path: Path) -> None:
    log = filled(tmp_path)
    log.rotate(b"6")
    log.append(b"4")
    log.close()
    with (tmp_path / "records-1.log").open("ab") as file:
        file.write(b"torn")
    assert total(tmp_path) == 10


def test_a_folder_that_cannot_be_made_is_a_fault_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalFault, match=r"cannot be made: .*; make it writable"):
        SnapshotLog(tmp_path / "file" / "log").load()


def test_a_log_moves_with_its_folder(tmp_path: Path) -> None:
    log = filled(tmp_path / "here")
    log.rotate(b"6")
    log.close()
    shutil.move(tmp_path / "here", tmp_path / "there")
    assert total(tmp_path / "there") == 6
