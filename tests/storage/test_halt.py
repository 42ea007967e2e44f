"""The halt latch: whole or absent, first reason kept, every halt and release in the history, unreadable is halted."""

import json
from pathlib import Path

import pytest

from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.halt import HISTORY_NAME, Halt, HaltLatch


def latch(folder: Path) -> HaltLatch:
    return HaltLatch(SystemDisk(), folder / "halt.json")


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
