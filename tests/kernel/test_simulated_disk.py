"""What the simulated disk loses: never what was synced, and all else in every way a real one may."""

import errno
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tradigrade.kernel.disk import Disk
from tradigrade.kernel.simulated_disk import SimulatedDisk

A, B = Path("/data/a"), Path("/data/b")
SEEDS = 60


def disk_of(seed: int) -> SimulatedDisk:
    return SimulatedDisk(Random(seed))


def append(disk: Disk, path: Path, data: bytes, *, sync: bool) -> None:
    file = disk.open(path)
    assert file.append(data) == len(data)
    if sync:
        file.sync()


def test_a_killed_process_touches_nothing_any_more_and_what_it_wrote_stays() -> None:
    disk = disk_of(1)
    dead, other = disk.view("trader"), disk.view("guard")
    file, lock, others = dead.open(A), dead.lock(B), other.open(A)
    file.append(b"written")
    lock.write(b"1")
    with pytest.raises(BlockingIOError):
        other.lock(B)
    disk.kill("trader")
    uses = (
        *(lambda: file.append(b"!"), lambda: file.truncate(0), file.sync, file.read, lambda: lock.write(b"2")),
        *(lambda: dead.replace(A, b"!"), lambda: dead.remove(A), lambda: dead.open(A), lambda: dead.lock(A)),
        *(lambda: dead.read(A), lambda: dead.names(A.parent)),
    )
    for use in uses:
        with pytest.raises(OSError, match="Bad file descriptor") as caught:
            use()
        assert caught.value.errno == errno.EBADF
    assert not lock.held()
    assert others.append(b" more") == 5, "another process goes on"
    assert disk.view("trader").lock(B).read() == b"1"
    assert disk.contents() == {A: b"written more", B: b"1"}


def test_a_power_loss_keeps_what_was_synced_and_any_part_of_what_came_after() -> None:
    ends, fired = set(), Counter[str]()
    for seed in range(SEEDS):
        disk = disk_of(seed)
        append(disk, A, b"synced", sync=True)
        append(disk, A, b"12345", sync=False)
        disk.power_loss()
        ends.add(disk.contents()[A])
        fired += disk.fired
    assert ends == {b"synced" + b"12345"[:size] for size in range(6)}
    assert fired["torn"] > 5
    assert fired["lost"] > 5


def test_a_power_loss_may_undo_whatever_was_not_synced_and_nothing_else() -> None:
    made, cut, replaced, removed, locked = (set[bytes | None]() for _ in range(5))
    for seed in range(SEEDS):
        disk = disk_of(seed)
        append(disk, A, b"new", sync=False)
        append(disk, B, b"long old", sync=True)
        disk.open(B).truncate(4)
        disk.replace(Path("/other/c"), b"old")
        disk.replace(Path("/other/c"), b"new", sync=False)
        disk.replace(Path("/third/d"), b"there")
        disk.remove(Path("/third/d"))
        disk.lock(Path("/fourth/e")).write(b"10")
        disk.loses_sync = True
        disk.lock(Path("/fourth/e"), steal=True).write(b"9")
        disk.power_loss()
        found = disk.contents()
        for seen, path in ((made, A), (cut, B), (replaced, Path("/other/c"))):
            seen.add(found.get(path))
        removed.add(found.get(Path("/third/d")))
        locked.add(found[Path("/fourth/e")])
    assert made == {None, b"", b"n", b"ne", b"new"}
    assert cut == {b"long", b"long old"}
    assert replaced == {b"old", b"new"}
    assert removed == {None, b"there"}
    assert locked == {b"10", b"9"}


def test_what_is_synced_stays() -> None:
    for seed in range(SEEDS):
        disk = disk_of(seed)
        append(disk, A, b"old", sync=True)
        file = disk.open(A)
        file.truncate(1)
        file.append(b"ther")
        file.sync()
        disk.replace(B, b"1", sync=False)
        disk.replace(B, b"2")
        disk.lock(Path("/data/c")).write(b"5")
        before = disk.contents()
        disk.power_loss()
        assert disk.contents() == before == {A: b"other", B: b"2", Path("/data/c"): b"5"}
        assert disk.fired.total() == 0


def test_a_power_loss_ends_every_process() -> None:
    disk = disk_of(1)
    view, outside = disk.view("trader"), disk.open(A)
    lock = view.lock(B)
    disk.power_loss()
    assert not lock.held()
    for use in (lambda: view.read(A), lambda: outside.append(b"!")):
        with pytest.raises(OSError, match="Bad file descriptor"):
            use()
    assert disk.view("trader").lock(B).held()


def test_a_full_disk_takes_a_part_or_nothing_and_goes_on_once_there_is_room() -> None:
    taken = Counter[int]()
    for seed in range(SEEDS):
        disk = disk_of(seed)
        disk.replace(B, b"old")
        file, disk.full = disk.open(A), True
        try:
            size = file.append(b"1234")
        except OSError:
            size = 0
        taken[size] += 1
        assert file.read() == b"1234"[:size]
        with pytest.raises(OSError, match="No space left"):
            disk.replace(B, b"new")
        assert disk.read(B) == b"old"
        assert disk.fired == {"full": 2}
        disk.full = False
        assert file.append(b"5") == 1
    assert set(taken) == {0, 1, 2, 3}


def test_a_disk_is_full_at_its_capacity() -> None:
    disk = disk_of(1)
    disk.capacity_bytes = 10
    file = disk.open(A)
    assert [file.append(b"123456"), file.append(b"123456")] == [6, 4]
    with pytest.raises(OSError, match="No space left"):
        file.append(b"1")
    with pytest.raises(OSError, match="No space left"):
        disk.replace(B, b"1")
    file.truncate(5)
    disk.replace(B, b"12345")
    assert disk.fired == {"full": 3}


def test_a_sync_that_fails_says_so_and_one_that_lies_does_not() -> None:
    lost = 0
    for seed in range(SEEDS):
        disk = disk_of(seed)
        append(disk, A, b"safe", sync=True)
        disk.sync_fails = True
        with pytest.raises(OSError, match="Input/output"):
            append(disk, A, b"!", sync=True)
        with pytest.raises(OSError, match="Input/output"):
            disk.replace(B, b"new")
        assert disk.names(A.parent) == ("a",)
        disk.sync_fails, disk.loses_sync = False, True
        append(disk, A, b"!", sync=True)
        assert disk.fired == {"sync_fails": 2, "loses_sync": 1}
        disk.power_loss()
        lost += disk.read(A) == b"safe"
    assert lost > SEEDS / 3


def test_a_cut_that_fails_cuts_nothing_and_is_counted() -> None:
    disk = disk_of(1)
    file = disk.open(A)
    file.append(b"hello")
    disk.truncate_fails = True
    with pytest.raises(OSError, match="Input/output"):
        file.truncate(2)
    assert disk.fired == {"truncate_fails": 1}
    assert file.read() == b"hello"
    disk.truncate_fails = False
    file.truncate(2)
    assert file.read() == b"he"


def test_the_same_seed_loses_the_same() -> None:
    def run(seed: int) -> tuple[dict[Path, bytes], Counter[str]]:
        disk = disk_of(seed)
        for number in range(20):
            append(disk, Path(f"/data/{number}"), bytes(100), sync=number % 3 == 0)
        disk.power_loss()
        return disk.contents(), disk.fired

    assert run(7) == run(7) != run(8)


def test_of_several_unsynced_changes_all_are_undone_or_none() -> None:
    found = set()
    for seed in range(SEEDS):
        disk = disk_of(seed)
        disk.replace(A, b"old")
        file = disk.open(A)
        disk.replace(A, b"between", sync=False)
        disk.remove(A)
        disk.replace(A, b"new", sync=False)
        file.sync()  # of the old file, which has no name any more
        disk.power_loss()
        found.add(disk.read(A))
    assert found == {b"old", b"new"}
