"""The halt latch: whole or absent, first reason kept, every halt and release in the history, unreadable is halted."""

import json
from pathlib import Path

import pytest

from tradigrade.kernel.disk import AppendFile, SystemDisk
from tradigrade.kernel.faulty import FaultyDisk
from tradigrade.storage.halt import HISTORY_NAME, Halt, HaltLatch


def latch(folder: Path) -> HaltLatch:
    return HaltLatch(SystemDisk(), folder / "halt.json")


class SomeDisk(FaultyDisk):
    """Refuses to open, too, while `opens` is False."""

    opens = True

    def open(self, path: Path) -> AppendFile:
        if not self.opens:
            raise OSError(24, "Too many open files")
        return super().open(path)

    def read(self, path: Path) -> bytes:
        if not self.opens:
            raise OSError(24, "Too many open files")
        return super().read(path)


def history(folder: Path) -> list[tuple[str, str]]:
    lines = (folder / HISTORY_NAME).read_text().splitlines()
    return [(entry["what"], entry["reason"]) for entry in map(json.loads, lines)]


def test_what_one_latches_another_reads_and_the_first_reason_stands(tmp_path: Path) -> None:
    assert latch(tmp_path).read() is None
    first = latch(tmp_path).halt("drawdown", "risk", 1)
    assert latch(tmp_path).halt("another", "guard", 2) == first == Halt("drawdown", "risk", 1)
    assert latch(tmp_path).read() == first
    assert history(tmp_path) == [("halt", "drawdown")]


def test_a_release_ends_it_and_says_why(tmp_path: Path) -> None:
    latch(tmp_path).halt("drawdown", "risk", 1)
    assert latch(tmp_path).release("looked at", "somebody", 2)
    assert latch(tmp_path).read() is None
    assert not latch(tmp_path).release("again", "somebody", 3)
    assert history(tmp_path) == [("halt", "drawdown"), ("release", "looked at")]


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_release_without_a_reason_is_none(tmp_path: Path, reason: str) -> None:
    latch(tmp_path).halt("drawdown", "risk", 1)
    with pytest.raises(ValueError, match="needs a reason"):
        latch(tmp_path).release(reason, "somebody", 2)
    assert latch(tmp_path).read() is not None


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"{}", b'{"reason":1,"by":"x","at_ns":1}', b"[]"])
def test_what_does_not_read_is_a_halt_until_released(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "halt.json").write_bytes(content)
    found = latch(tmp_path).read()
    assert found is not None
    assert "cannot be read" in found.reason
    assert latch(tmp_path).release("looked at", "somebody", 2)
    assert latch(tmp_path).read() is None


def test_a_folder_in_its_place_is_a_halt_too(tmp_path: Path) -> None:
    (tmp_path / "halt.json").mkdir()
    assert latch(tmp_path).read() is not None


def test_a_release_that_cannot_be_remembered_is_none(tmp_path: Path) -> None:
    latch(tmp_path).halt("drawdown", "risk", 1)
    (tmp_path / HISTORY_NAME).unlink()
    (tmp_path / HISTORY_NAME).mkdir()
    with pytest.raises(OSError, match="directory"):
        latch(tmp_path).release("looked at", "somebody", 2)
    assert latch(tmp_path).read() is not None


def test_a_full_disk_takes_the_halt_all_the_same_and_it_is_told_what_is_not_written(tmp_path: Path) -> None:
    disk = FaultyDisk(SystemDisk())
    made, disk.full = HaltLatch(disk, tmp_path / "halt.json"), True
    assert made.halt("drawdown", "risk", 1).reason == "drawdown"
    assert "No space left" in made.fault
    assert latch(tmp_path).read() is not None
    disk.full = False
    assert made.halt("drawdown", "risk", 2) == latch(tmp_path).read() == Halt("drawdown", "risk", 2)
    assert made.fault == ""


def test_a_halt_without_its_line_in_the_history_stands_and_says_so(tmp_path: Path) -> None:
    (tmp_path / HISTORY_NAME).mkdir()
    made = latch(tmp_path)
    assert made.halt("drawdown", "risk", 1) == latch(tmp_path).read() == Halt("drawdown", "risk", 1)
    assert "directory" in made.fault


def test_a_halt_that_may_not_outlive_the_power_is_refused_and_written_when_it_is_asked_for_again(
    tmp_path: Path,
) -> None:
    disk = FaultyDisk(SystemDisk())
    made, disk.sync_fails = HaltLatch(disk, tmp_path / "halt.json"), True
    with pytest.raises(OSError, match="Input/output"):
        made.halt("drawdown", "risk", 1)
    assert latch(tmp_path).read() is not None, "whoever looks meanwhile sees a halt"
    disk.sync_fails = False
    assert made.halt("drawdown", "risk", 2) == latch(tmp_path).read()
    assert history(tmp_path) == [("halt", "drawdown")]


def test_a_latch_that_cannot_be_read_for_a_moment_does_not_pass_for_one_that_stands(tmp_path: Path) -> None:
    disk = SomeDisk(SystemDisk())
    made, disk.opens, disk.full = HaltLatch(disk, tmp_path / "halt.json"), False, True
    with pytest.raises(OSError, match="Too many open files"):
        made.halt("drawdown", "risk", 1)
    disk.opens, disk.full = True, False
    assert made.read() is None
    assert made.halt("drawdown", "risk", 2) == latch(tmp_path).read()


def test_a_line_of_the_history_that_is_not_taken_whole_leaves_nothing_behind(tmp_path: Path) -> None:
    disk = FaultyDisk(SystemDisk())
    made, disk.full = HaltLatch(disk, tmp_path / "halt.json"), True
    made.halt("a reason that is longer than the rest of the disk " * 3, "risk", 1)
    assert "the disk may be full" in made.fault
    disk.full = False
    assert made.release("looked at", "somebody", 2)
    assert history(tmp_path) == [("release", "looked at")]
