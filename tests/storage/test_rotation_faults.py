"""A rotation of the account's journal on a disk that fails: nothing is lost, nothing counts twice, and it goes on."""

import errno
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from tests.kit.disks import Crash, CrashingDisk
from tradigrade.kernel.simulated_disk import SimulatedDisk
from tradigrade.storage.account_journal import AccountJournal
from tradigrade.storage.journal import JournalFault
from tradigrade.storage.journal_format import START_BYTES
from tradigrade.trading.order_events import BalanceAdopted

PATH = Path("/data/j")


def balance(number: int) -> BalanceAdopted:
    return BalanceAdopted("USDT", Decimal(number), number)


def account_journal(disk: SimulatedDisk) -> AccountJournal:
    journal = AccountJournal(disk.view("trader"), PATH)
    journal.open()
    return journal


def rotate_until_step(disk: SimulatedDisk, step: int) -> bool:
    """Rotate, and die before the disk is changed for the `step`-th time; False where it is done before."""
    first = account_journal(disk)
    for number in range(1, 4):
        first.append(balance(number))
    first.close()
    crashing = AccountJournal(CrashingDisk(disk.view("trader"), 1 + step), PATH)
    crashing.open()
    try:
        crashing.rotate()
    except Crash:
        return True
    return False


@pytest.mark.parametrize("ends", ["the process", "the host"])
def test_a_crash_at_any_step_of_a_rotation_of_the_account_loses_and_doubles_nothing(ends: str) -> None:
    for seed in range(20):
        steps = 0
        while rotate_until_step(disk := SimulatedDisk(Random(seed)), steps):
            disk.kill("trader") if ends == "the process" else disk.power_loss()
            again = account_journal(disk)
            assert again.next_sequence == 4
            assert again.books().balances["USDT"] == 3
            assert again.append(balance(5)) == 4
            steps += 1
        assert steps >= 3


class RefusingDisk(SimulatedDisk):
    """Its replacements fail: before they take place, after, or so that what is there cannot be read either."""

    when = ""

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        if self.when != "before":
            super().replace(path, data, sync=False)
        if self.when:
            raise OSError(errno.EIO, "Input/output error")

    def read(self, path: Path) -> bytes:
        if self.when == "unreadable" and path.suffix == ".snapshot":
            raise OSError(errno.EIO, "Input/output error")
        return super().read(path)


def keep_two(disk: SimulatedDisk) -> AccountJournal:
    journal = AccountJournal(disk, PATH)
    journal.open()
    journal.append(balance(1))
    journal.append(balance(2))
    return journal


def recovered(disk: SimulatedDisk) -> tuple[int, Decimal]:
    again = account_journal(disk)
    return again.next_sequence, again.books().balances["USDT"]


@pytest.mark.parametrize("fault", ["full", "sync_fails"])
def test_a_rotation_that_the_disk_refuses_goes_on_in_the_old_file(fault: str) -> None:
    for seed in range(20):
        disk = SimulatedDisk(Random(seed))
        journal = keep_two(disk)
        setattr(disk, fault, True)
        with pytest.raises(JournalFault):
            journal.rotate()
        setattr(disk, fault, False)
        assert journal.append(balance(3)) == 3
        journal.sync()
        disk.power_loss()
        assert recovered(disk) == (4, Decimal(3))


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_snapshot_that_fails_is_believed_where_it_took_place(when: str) -> None:
    disk = RefusingDisk(Random(1))
    journal = keep_two(disk)
    disk.when = when
    if when == "before":
        with pytest.raises(JournalFault, match=r"j\.snapshot cannot be written: Input/output error"):
            journal.rotate()
    else:
        journal.rotate()
    disk.when = ""
    assert journal.append(balance(3)) == 3
    assert recovered(disk) == (4, Decimal(3))
    journal.rotate()
    assert journal.append(balance(4)) == 4
    assert recovered(disk) == (5, Decimal(4))
    grown = [path.name for path, data in disk.contents().items() if len(data) > START_BYTES]
    assert grown == ["j", "j.1", *(["j.2"] if when == "after" else []), "j.snapshot"]


def test_where_it_cannot_be_known_which_snapshot_is_true_nothing_more_is_written() -> None:
    disk = RefusingDisk(Random(1))
    journal = keep_two(disk)
    disk.when = "unreadable"
    with pytest.raises(JournalFault, match="cannot be read: Input/output error; open again"):
        journal.rotate()
    with pytest.raises(JournalFault, match="is not open"):
        journal.append(balance(3))
    disk.when = ""
    journal.open()
    assert journal.append(balance(3)) == 3
    assert recovered(disk) == (4, Decimal(3))


def test_a_file_left_by_an_unfinished_rotation_is_begun_anew() -> None:
    disk = SimulatedDisk(Random(1))
    disk.replace(PATH.with_name("j.1"), b"of another time")
    journal = keep_two(disk)
    journal.rotate()
    assert journal.append(balance(3)) == 3
    assert recovered(disk) == (4, Decimal(3))


def test_what_was_synced_after_a_rotation_survives_a_power_loss() -> None:
    for seed in range(20):
        disk = SimulatedDisk(Random(seed))
        journal = account_journal(disk)
        journal.append(balance(1))
        journal.rotate()
        journal.append(balance(2))
        journal.sync()
        disk.power_loss()
        again = account_journal(disk)
        assert (again.next_sequence, again.books().balances["USDT"]) == (3, 2)
