import shutil
from pathlib import Path
from random import Random

import pytest

from tests.kit.disks import Crash, CrashingDisk
from tradigrade.kernel.disk import Disk, SystemDisk
from tradigrade.kernel.simulated_disk import SimulatedDisk
from tradigrade.storage.journal import JournalFault
from tradigrade.storage.snapshot_log import SnapshotLog

SYSTEM = SystemDisk()


def total(folder: Path, disk: Disk = SYSTEM) -> int:
    """What the log says: the snapshot counts everything before it."""
    log = SnapshotLog(disk, folder)
    snapshot, records = log.load()
    log.close()
    return int(snapshot or 0) + sum(map(int, records))


def filled(folder: Path, disk: Disk = SYSTEM) -> SnapshotLog:
    log = SnapshotLog(disk, folder)
    assert log.load() == (None, [])
    for number in range(1, 4):
        log.append(b"%d" % number)
    return log


def test_a_fresh_folder_has_no_snapshot_and_keeps_what_is_appended(tmp_path: Path) -> None:
    filled(tmp_path / "log").close()
    assert SnapshotLog(SYSTEM, tmp_path / "log").load() == (None, [b"1", b"2", b"3"])


def test_a_rotation_begins_from_the_snapshot_and_drops_what_it_holds(tmp_path: Path) -> None:
    log = filled(tmp_path)
    assert log.size_bytes == 3
    log.rotate(b"6")
    assert log.size_bytes == 0
    log.append(b"4")
    log.close()
    assert SnapshotLog(SYSTEM, tmp_path).load() == (b"6", [b"4"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["records-1.log", "snapshot-1"]


def test_rotations_go_on_over_restarts(tmp_path: Path) -> None:
    filled(tmp_path).close()
    for snapshot in range(6, 18, 4):
        log = SnapshotLog(SYSTEM, tmp_path)
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


FOLDER = Path("/data/books")


def rotate_until_step(disk: SimulatedDisk, step: int) -> bool:
    """Rotate, and die before the disk is changed for the `step`-th time; False where it is done before."""
    log = filled(FOLDER, disk)
    log.sync()
    crashing = SnapshotLog(CrashingDisk(disk.view("venue"), 1 + step), FOLDER)
    log.close()
    crashing.load()
    try:
        crashing.rotate(b"6")
    except Crash:
        return True
    return False


@pytest.mark.parametrize("ends", ["the process", "the host"])
def test_a_crash_at_any_step_of_a_rotation_counts_nothing_twice_and_loses_nothing(ends: str) -> None:
    for seed in range(20):
        steps = 0
        while rotate_until_step(disk := SimulatedDisk(Random(seed)), steps):
            disk.kill("venue") if ends == "the process" else disk.power_loss()
            assert total(FOLDER, disk) == 6
            log = SnapshotLog(disk, FOLDER)
            log.load()
            log.rotate(b"6")
            log.append(b"4")
            log.close()
            assert total(FOLDER, disk) == 10
            steps += 1
        assert steps >= 6


def test_a_rotation_that_the_disk_refuses_closes_the_log_and_loses_nothing() -> None:
    disk = SimulatedDisk(Random(1))
    log = filled(FOLDER, disk)
    disk.full = True
    with pytest.raises(JournalFault, match="snapshot-1 cannot be written: No space left"):
        log.rotate(b"6")
    disk.full = False
    with pytest.raises(JournalFault, match="is not open"):
        log.append(b"4")
    assert log.load() == (None, [b"1", b"2", b"3"])
    log.append(b"4")
    assert total(FOLDER, disk) == 10


def test_a_torn_record_after_the_snapshot_is_cut(tmp_path: Path) -> None:
    log = filled(tmp_path)
    log.rotate(b"6")
    log.append(b"4")
    log.close()
    with (tmp_path / "records-1.log").open("ab") as file:
        file.write(b"torn")
    assert total(tmp_path) == 10


def test_a_folder_that_cannot_be_read_is_a_fault_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalFault, match=r"cannot be read: .*; make it readable"):
        SnapshotLog(SYSTEM, tmp_path / "file" / "log").load()


def test_a_log_moves_with_its_folder(tmp_path: Path) -> None:
    log = filled(tmp_path / "here")
    log.rotate(b"6")
    log.close()
    shutil.move(tmp_path / "here", tmp_path / "there")
    assert total(tmp_path / "there") == 6
