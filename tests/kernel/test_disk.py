"""The host's disk and the simulated one do the same, whatever is asked of them in whatever order."""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.kit.disks import DISKS
from tradigrade.kernel.disk import AppendFile, Disk, LockedFile, SystemDisk
from tradigrade.kernel.simulated_disk import SimulatedDisk

NAMES = st.sampled_from(["a", "b", "folder/a", "folder/b"])
DATA = st.binary(max_size=8)
HANDLES = st.integers(0, 5)


def outcome(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except OSError as error:
        return type(error), error.errno


class TwoDisks(RuleBasedStateMachine):
    """Both are asked the same; results, errors and contents must be equal."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.disks: tuple[Disk, Disk] = (SystemDisk(), SimulatedDisk(Random(1)))
        self.files: list[tuple[AppendFile, AppendFile]] = []
        self.locks: list[tuple[LockedFile, LockedFile]] = []

    def teardown(self) -> None:
        for files in self.files:
            files[0].close()
        for locks in self.locks:
            locks[0].release()
        shutil.rmtree(self.folder)

    def same(self, *actions: Callable[[], Any]) -> Any:
        found, simulated = map(outcome, actions)
        assert simulated == found
        return found

    def of_disks(self, action: Callable[[Disk], Any]) -> None:
        self.same(*(lambda disk=disk: action(disk) for disk in self.disks))

    def of_file(self, number: int, action: Callable[[AppendFile], Any]) -> None:
        self.same(*(lambda file=file: action(file) for file in self.files[number % len(self.files)]))

    def of_lock(self, number: int, action: Callable[[LockedFile], Any]) -> None:
        self.same(*(lambda lock=lock: action(lock) for lock in self.locks[number % len(self.locks)]))

    @rule(name=NAMES)
    def open(self, name: str) -> None:
        found, simulated = (disk.open(self.folder / name) for disk in self.disks)
        self.files.append((found, simulated))

    @precondition(lambda self: self.files)
    @rule(number=HANDLES, data=DATA)
    def append(self, number: int, data: bytes) -> None:
        self.of_file(number, lambda file: file.append(data))

    @precondition(lambda self: self.files)
    @rule(number=HANDLES, size=st.integers(0, 12))
    def truncate(self, number: int, size: int) -> None:
        self.of_file(number, lambda file: file.truncate(min(size, len(file.read()))))

    @precondition(lambda self: self.files)
    @rule(number=HANDLES, what=st.sampled_from(["read", "sync", "close"]))
    def use_file(self, number: int, what: str) -> None:
        self.of_file(number, lambda file: getattr(file, what)())

    @rule(name=NAMES)
    def read(self, name: str) -> None:
        self.of_disks(lambda disk: disk.read(self.folder / name))

    @rule(name=NAMES, data=DATA, sync=st.booleans())
    def replace(self, name: str, data: bytes, sync: bool) -> None:
        self.of_disks(lambda disk: disk.replace(self.folder / name, data, sync=sync))

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        self.of_disks(lambda disk: disk.remove(self.folder / name))

    @rule(name=NAMES, steal=st.booleans())
    def lock(self, name: str, steal: bool) -> None:
        locks: list[Any] = [outcome(lambda d=disk: d.lock(self.folder / name, steal=steal)) for disk in self.disks]
        if isinstance(locks[0], tuple):
            assert locks[1] == locks[0] == (BlockingIOError, errno.EAGAIN)
        else:
            self.locks.append((locks[0], locks[1]))

    @precondition(lambda self: self.locks)
    @rule(number=HANDLES, data=DATA)
    def write(self, number: int, data: bytes) -> None:
        self.of_lock(number, lambda lock: lock.write(data))

    @precondition(lambda self: self.locks)
    @rule(number=HANDLES, what=st.sampled_from(["read", "held", "release"]))
    def use_lock(self, number: int, what: str) -> None:
        self.of_lock(number, lambda lock: getattr(lock, what)())

    @invariant()
    def both_hold_the_same(self) -> None:
        for folder in (self.folder, self.folder / "folder", self.folder / "absent"):
            self.of_disks(lambda disk, folder=folder: disk.names(folder))  # type: ignore[misc]
            for name in self.disks[0].names(folder):
                self.of_disks(lambda disk, path=folder / name: disk.read(path))  # type: ignore[misc]


TestTwoDisks = TwoDisks.TestCase
TestTwoDisks.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@pytest.fixture(params=DISKS)
def disk(request: pytest.FixtureRequest) -> Disk:
    return DISKS[request.param]()


def test_a_stolen_lock_keeps_the_content_and_the_holder_knows(disk: Disk, tmp_path: Path) -> None:
    first = disk.lock(tmp_path / "lock")
    first.write(b"41")
    second = disk.lock(tmp_path / "lock", steal=True)
    assert (first.held(), second.held()) == (False, True)
    assert second.read() == b"41"
    with pytest.raises(BlockingIOError):
        disk.lock(tmp_path / "lock")
    second.release()
    assert disk.lock(tmp_path / "lock").read() == b"41"


def test_what_a_holder_writes_while_it_is_robbed_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = SystemDisk().lock(tmp_path / "lock")
    holder.write(b"41")
    exchange = Path.replace

    def write_meanwhile(temporary: Path, path: Path) -> Path:
        assert temporary.read_bytes() == b"41", "whole before it takes the place"
        holder.write(b"42")
        return exchange(temporary, path)

    monkeypatch.setattr(Path, "replace", write_meanwhile)
    assert SystemDisk().lock(tmp_path / "lock", steal=True).read() == b"42"


def test_a_file_that_is_replaced_while_it_is_locked_is_not_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = fcntl.flock

    def replaced_before(fd: int, how: int) -> None:
        (tmp_path / "lock").unlink()
        lock(fd, how)

    with monkeypatch.context() as late:
        late.setattr(fcntl, "flock", replaced_before)
        with pytest.raises(BlockingIOError, match="replaced while it was locked"):
            SystemDisk().lock(tmp_path / "lock")
    assert SystemDisk().lock(tmp_path / "lock").held()


def test_a_replacement_that_fails_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SystemDisk()
    disk.replace(tmp_path / "a", b"old")

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as failing:
        failing.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="Input/output"):
            disk.replace(tmp_path / "a", b"new")
    assert (disk.names(tmp_path), disk.read(tmp_path / "a")) == (("a",), b"old")


def test_a_replacement_without_sync_waits_for_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    SystemDisk().replace(tmp_path / "a", b"1", sync=False)
    assert synced == []
    SystemDisk().replace(tmp_path / "a", b"2")
    assert len(synced) == 2, "the file, and its name in the folder"


def test_the_name_of_a_file_is_synced_with_its_first_bytes_once_an_opening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    for names_synced in (1, 2):
        file = SystemDisk().open(tmp_path / "a")
        file.append(b"1")
        file.sync()
        file.sync()
        file.close()
        assert len(synced) == names_synced
