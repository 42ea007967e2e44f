"""A real disk and a real clock with faults that are switched on and off while they are used."""

import errno
from pathlib import Path

import pytest

from tradigrade.kernel.clock import ManualClock
from tradigrade.kernel.disk import SystemDisk
from tradigrade.kernel.faulty import REST_BYTES, FaultyDisk, OffsetClock
from tradigrade.storage.journal import Journal, JournalFault

S = 1_000_000_000


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def disk(slept: list[float]) -> FaultyDisk:
    return FaultyDisk(SystemDisk(), slept.append)


def test_without_a_fault_everything_is_the_real_disks(disk: FaultyDisk, tmp_path: Path) -> None:
    file = disk.open(tmp_path / "file")
    assert file.append(b"hello") == 5
    file.sync()
    assert file.read() == b"hello" == disk.read(tmp_path / "file")
    file.truncate(2)
    file.close()
    disk.replace(tmp_path / "whole", b"new")
    lock = disk.lock(tmp_path / "lock")
    lock.write(b"mine")
    assert lock.held()
    assert lock.read() == b"mine"
    lock.release()
    assert set(disk.names(tmp_path)) == {"file", "lock", "whole"}
    disk.remove(tmp_path / "whole")
    assert not (tmp_path / "whole").exists()


def test_a_disk_that_fills_up_takes_one_short_write_and_then_nothing(disk: FaultyDisk, tmp_path: Path) -> None:
    file = disk.open(tmp_path / "file")
    disk.full = True
    assert file.append(b"x" * 100) == REST_BYTES
    with pytest.raises(OSError, match="No space left") as refused:
        file.append(b"y")
    assert (refused.value.errno, refused.value.filename) == (errno.ENOSPC, str(tmp_path / "file"))
    assert disk.read(tmp_path / "file") == b"x" * REST_BYTES
    disk.full = False
    assert file.append(b"z" * 100) == 100


def test_a_cut_that_fails_cuts_nothing(disk: FaultyDisk, tmp_path: Path) -> None:
    file = disk.open(tmp_path / "file")
    file.append(b"hello")
    disk.truncate_fails = True
    with pytest.raises(OSError, match="Input/output error") as refused:
        file.truncate(2)
    assert (refused.value.errno, refused.value.filename) == (errno.EIO, str(tmp_path / "file"))
    assert file.read() == b"hello"
    disk.heal()
    file.truncate(2)
    assert file.read() == b"he"


@pytest.mark.parametrize(("switch", "words"), [("full", "No space left"), ("sync_fails", "Input/output error")])
def test_whole_contents_are_replaced_or_left_as_they_were(
    disk: FaultyDisk, tmp_path: Path, switch: str, words: str
) -> None:
    disk.replace(tmp_path / "file", b"old")
    lock = disk.lock(tmp_path / "lock")
    lock.write(b"old")
    setattr(disk, switch, True)
    for write in (lambda: disk.replace(tmp_path / "file", b"new"), lambda: lock.write(b"new")):
        with pytest.raises(OSError, match=words):
            write()
    assert (disk.read(tmp_path / "file"), lock.read()) == (b"old", b"old")
    disk.heal()
    lock.write(b"new")
    assert lock.read() == b"new"


def test_only_what_is_to_survive_a_power_loss_needs_a_sync(disk: FaultyDisk, tmp_path: Path) -> None:
    disk.sync_fails = True
    file = disk.open(tmp_path / "file")
    file.append(b"data")
    with pytest.raises(OSError, match="Input/output error"):
        file.sync()
    disk.replace(tmp_path / "other", b"data", sync=False)
    disk.heal()
    file.sync()


def test_a_slow_disk_makes_every_write_and_sync_take_longer(
    disk: FaultyDisk, slept: list[float], tmp_path: Path
) -> None:
    file = disk.open(tmp_path / "file")
    file.append(b"fast")
    disk.slow_s = 0.5
    file.append(b"slow")
    file.sync()
    file.read()
    assert slept == [0.5, 0.5]


def test_a_journal_on_a_disk_that_fills_up_keeps_what_it_held_and_goes_on_after(
    disk: FaultyDisk, tmp_path: Path
) -> None:
    journal = Journal(disk, tmp_path / "journal")
    journal.open()
    journal.append(b"first")
    disk.full = True
    for _ in range(3):
        with pytest.raises(JournalFault):
            journal.append(b"y" * 200)
    disk.full = False
    journal.append(b"second")
    assert [payload for _, payload in journal.replay()] == [b"first", b"second"]


def test_an_offset_clock_is_wrong_by_what_was_said_and_its_monotonic_time_is_right() -> None:
    right = ManualClock()
    clock = OffsetClock(right)
    now_ns = clock.now_ns  # as those keep it who were given it before
    assert now_ns() == right.now_ns()
    clock.set_wrong(5 * S)
    right.advance(2.0)
    assert now_ns() - right.now_ns() == 5 * S == clock.offset_ns
    assert clock.monotonic_ns() == right.monotonic_ns()
    clock.set_wrong(-3 * S)
    assert now_ns() - right.now_ns() == -3 * S
    clock.set_wrong(0)
    assert now_ns() == right.now_ns()


def test_a_drifting_clock_is_further_off_as_time_goes_by() -> None:
    right = ManualClock()
    clock = OffsetClock(right)
    right.advance(1000.0)
    clock.set_wrong(S, drift_ppm=-100.0)
    assert clock.offset_ns == S
    right.advance(100.0)
    assert clock.offset_ns == S - S // 100
