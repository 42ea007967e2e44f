import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.kit.disks import DISKS
from tradigrade.kernel.disk import Disk, LockedFile, SystemDisk
from tradigrade.kernel.simulated_disk import SimulatedDisk
from tradigrade.storage.lease import FileLease, LeaseHeld

HOLDER = """
import sys
from pathlib import Path
from random import Random
from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.lease import FileLease, LeaseHeld

lease = FileLease(SystemDisk(), Path(sys.argv[1]))
try:
    print(lease.acquire(), flush=True)
except LeaseHeld as fault:
    print(type(fault).__name__, flush=True)
sys.stdin.read()
"""


def holder(path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture(params=DISKS)
def disk(request: pytest.FixtureRequest) -> Disk:
    return DISKS[request.param]()


def test_the_epoch_grows_with_every_acquisition(disk: Disk, tmp_path: Path) -> None:
    lease = FileLease(disk, tmp_path / "new folder" / "lease")
    assert [lease.acquire() for _ in range(3)] == [1, 2, 3]
    lease.release()
    assert lease.acquire() == 4
    assert FileLease(disk, tmp_path / "other").acquire() == 1


def test_a_lease_is_held_from_acquisition_to_release(disk: Disk, tmp_path: Path) -> None:
    lease = FileLease(disk, tmp_path / "lease")
    held = [lease.held()]
    lease.acquire()
    held.append(lease.held())
    lease.release()
    held.append(lease.held())
    assert held == [False, True, False]


def test_a_second_holder_is_refused(disk: Disk, tmp_path: Path) -> None:
    first, second = FileLease(disk, tmp_path / "lease"), FileLease(disk, tmp_path / "lease")
    first.acquire()
    with pytest.raises(LeaseHeld, match="another process holds the lease"):
        second.acquire()
    assert first.held()
    assert not second.held()
    first.release()
    assert second.acquire() == 2


def test_a_stolen_lease_is_lost_and_the_epoch_grows_on(disk: Disk, tmp_path: Path) -> None:
    first, second = FileLease(disk, tmp_path / "lease"), FileLease(disk, tmp_path / "lease")
    assert [first.acquire(), first.acquire()] == [1, 2]
    assert second.acquire(steal=True) == 3
    assert (first.held(), second.held()) == (False, True)
    with pytest.raises(LeaseHeld):
        first.acquire(after=9)
    second.release()
    assert first.acquire() == 4


def test_stealing_what_nobody_holds_is_taking_it(disk: Disk, tmp_path: Path) -> None:
    lease = FileLease(disk, tmp_path / "lease")
    assert lease.acquire(steal=True) == 1
    assert lease.acquire(steal=True) == 2
    lease.release()
    assert FileLease(disk, tmp_path / "lease").acquire(after=7, steal=True) == 8


class RobbedDisk(SystemDisk):
    """Where a lease is stolen just before, or just after, its holder has written the next epoch."""

    def __init__(self, when: str) -> None:
        self._when = when
        self.stolen = 0

    def lock(self, path: Path, *, steal: bool = False) -> LockedFile:
        lock = super().lock(path, steal=steal)
        write = lock.write

        def robbed(data: bytes) -> None:
            if self._when == "before":
                self.stolen = FileLease(SystemDisk(), path).acquire(steal=True)
            write(data)
            if self._when == "after":
                self.stolen = FileLease(SystemDisk(), path).acquire(steal=True)

        lock.write = robbed  # type: ignore[method-assign]
        return lock


@pytest.mark.parametrize(("when", "stolen"), [("before", 6), ("after", 7)])
def test_an_epoch_written_while_the_lease_is_stolen_is_never_given(tmp_path: Path, when: str, stolen: int) -> None:
    (tmp_path / "lease").write_text("5\n")
    disk = RobbedDisk(when)
    lease = FileLease(disk, tmp_path / "lease")
    with pytest.raises(LeaseHeld, match="took the lease"):
        lease.acquire()
    assert disk.stolen == stolen
    assert not lease.held()


@pytest.mark.parametrize("then", ["removed", "replaced"])
def test_a_lease_whose_file_is_gone_is_lost(tmp_path: Path, then: str) -> None:
    path = tmp_path / "lease"
    first, second = FileLease(SystemDisk(), path), FileLease(SystemDisk(), path)
    epochs = [first.acquire(), first.acquire()]
    path.unlink()
    if then == "replaced":
        second.acquire()
    assert not first.held()
    if then == "replaced":
        with pytest.raises(LeaseHeld):
            first.acquire()
        assert second.held()
    else:
        epochs.append(first.acquire())
        assert first.held()
    assert epochs == sorted(set(epochs)), "an epoch is never given twice by one process"


def test_an_unreadable_epoch_begins_anew_rather_than_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "lease").write_bytes(b"\xffnonsense")
    assert FileLease(SystemDisk(), tmp_path / "lease").acquire() == 1


def test_a_torn_epoch_leaves_no_old_digits(tmp_path: Path) -> None:
    (tmp_path / "lease").write_text("99\n")
    lease = FileLease(SystemDisk(), tmp_path / "lease")
    assert lease.acquire() == 100
    assert (tmp_path / "lease").read_text().strip() == "100"


@pytest.mark.process
def test_another_process_is_refused_until_the_holder_dies(tmp_path: Path) -> None:
    path = tmp_path / "lease"
    with holder(path) as first:
        assert said(first) == "1"
        with holder(path) as second:
            assert said(second) == "LeaseHeld"
            assert second.stdin is not None
            second.stdin.close()
        os.kill(first.pid, 9)
        first.wait()
        with holder(path) as third:
            assert said(third) == "2"
            assert third.stdin is not None
            third.stdin.close()


def test_a_lease_whose_epoch_could_not_be_written_is_not_held_and_can_be_had_later(tmp_path: Path) -> None:
    disk = SimulatedDisk(Random(1))
    lease = FileLease(disk, tmp_path / "lease")
    assert lease.acquire() == 1
    disk.sync_fails = True
    with pytest.raises(OSError, match="Input/output"):
        lease.acquire()
    assert not lease.held()
    disk.sync_fails = False
    assert lease.acquire() > 1
    assert lease.held()
