from pathlib import Path
from random import Random
from typing import Any

import pytest

from tradigrade.kernel.disk import SystemDisk
from tradigrade.kernel.simulated_disk import SimulatedDisk
from tradigrade.storage.state_files import StateFiles


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    states = StateFiles(SystemDisk(), tmp_path / "new folder")
    assert states.load("a-1.b_c") is None
    for state in ({"x": [1, 2.5]}, {"y": None}):
        states.save("a-1.b_c", state)
        assert StateFiles(SystemDisk(), tmp_path / "new folder").load("a-1.b_c") == state
    states.save("other", {})
    assert states.load("a-1.b_c") == {"y": None}


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".hidden", "a b", "a" * 101])
def test_a_name_that_is_no_plain_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="a state's name must match"):
        StateFiles(SystemDisk(), tmp_path).save(name, {})
    with pytest.raises(ValueError, match="a state's name must match"):
        StateFiles(SystemDisk(), tmp_path).load(name)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"null", b"\xff\xfe"])
def test_a_state_that_does_not_read_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    assert StateFiles(SystemDisk(), tmp_path).load("a") is None


@pytest.mark.parametrize("state", [{"x": float("nan")}, {"x": float("inf")}, {"x": object()}])
def test_a_state_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, state: dict[str, Any]) -> None:
    states = StateFiles(SystemDisk(), tmp_path)
    states.save("a", {"old": 1})
    with pytest.raises((ValueError, TypeError)):
        states.save("a", state)
    assert states.load("a") == {"old": 1}


def test_a_crash_leaves_the_old_state_or_the_new_one() -> None:
    found = []
    for seed in range(20):
        disk = SimulatedDisk(Random(seed))
        for state in ({"old": 1}, {"new": 1}):
            StateFiles(disk, Path("/states")).save("a", state)
            if "old" in state:
                disk.replace(Path("/states/other"), b"")  # whose sync takes the state along
        disk.power_loss()
        found.append(StateFiles(disk, Path("/states")).load("a"))
    assert {"old": 1} in found
    assert {"new": 1} in found
    assert len({str(state) for state in found}) == 2


def test_a_state_is_saved_without_waiting_for_the_disk() -> None:
    disk = SimulatedDisk(Random(1))
    disk.sync_fails = True
    StateFiles(disk, Path("/states")).save("a", {"x": 1})
    assert StateFiles(disk, Path("/states")).load("a") == {"x": 1}


def test_a_full_disk_is_an_error_and_the_old_state_stays() -> None:
    disk = SimulatedDisk(Random(1))
    states = StateFiles(disk, Path("/states"))
    states.save("a", {"old": 1})
    disk.full = True
    with pytest.raises(OSError, match="No space left"):
        states.save("a", {"new": 1})
    assert states.load("a") == {"old": 1}
