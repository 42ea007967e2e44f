"""A journal on a disk that fails: whatever happens it opens, with all that was synced and a prefix of the rest."""

from pathlib import Path
from random import Random
from threading import Thread

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tradigrade.kernel.simulated_disk import SimulatedDisk
from tradigrade.storage.journal import Journal, JournalFault
from tradigrade.storage.journal_format import RECORD_2, START_BYTES, Start

PATH, START = Path("/data/j"), Start("main", 0, 0)


class CutAt(Random):
    """Tears what is not synced after so many bytes, and undoes nothing else."""

    def __init__(self, kept_bytes: int) -> None:
        super().__init__(1)
        self._kept_bytes = kept_bytes

    def random(self) -> float:
        return 0.0

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        return min(self._kept_bytes, start - 1)


def opened(disk: SimulatedDisk) -> Journal:
    journal = Journal(disk.view("trader"), PATH, start=START)
    journal.open()
    return journal


def payloads(disk: SimulatedDisk) -> list[bytes]:
    return [payload for _, payload in Journal(disk, PATH, start=START).replay()]


def test_a_power_loss_at_every_byte_leaves_what_was_synced_and_a_prefix_of_the_rest() -> None:
    later = [b"four", b"", b"and six"]
    unsynced_bytes = sum(RECORD_2.size + len(payload) for payload in later)
    held = []
    for kept_bytes in range(unsynced_bytes + 1):
        disk = SimulatedDisk(CutAt(kept_bytes))
        journal = opened(disk)
        for payload in (b"one", b"two"):
            journal.append(payload)
        journal.sync()
        for payload in later:
            journal.append(payload)
        disk.power_loss()
        again = opened(disk)
        held.append(again.sequence)
        assert payloads(disk) == [b"one", b"two", *later][: again.sequence]
        assert again.append(b"after") == again.sequence
        again.close()
        assert payloads(disk)[-1] == b"after"
    assert held == sorted(held)
    assert set(held) == {2, 3, 4, 5}


def test_a_power_loss_at_every_byte_of_a_new_journal_leaves_one_that_opens() -> None:
    for kept_bytes in range(START_BYTES + RECORD_2.size + 4):
        disk = SimulatedDisk(CutAt(kept_bytes))
        opened(disk).append(b"one")
        disk.power_loss()
        opened(disk).append(b"again")
        assert payloads(disk)[-1] == b"again"


class FailingDisk(RuleBasedStateMachine):
    """One process after another keeps a journal; the process is killed, the power fails, the disk is full or sick."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = SimulatedDisk(Random(1))
        self.appended: list[bytes] = []
        self.synced = 0
        self.journal = opened(self.disk)

    @rule(seed=st.integers(0, 1_000))
    def reseed(self, seed: int) -> None:
        self.disk._random.seed(seed)

    @rule(payload=st.binary(max_size=40))
    def append(self, payload: bytes) -> None:
        try:
            assert self.journal.append(payload) == len(self.appended) + 1
        except JournalFault:
            assert self.disk.full or self.disk.truncate_fails
        else:
            self.appended.append(payload)

    @rule()
    def sync(self) -> None:
        try:
            self.journal.sync()
        except JournalFault:
            assert self.disk.sync_fails
        else:
            self.synced = len(self.appended)

    @rule(full=st.booleans())
    def fill(self, full: bool) -> None:
        self.disk.full = full

    @rule(fails=st.booleans())
    def sicken(self, fails: bool) -> None:
        self.disk.sync_fails = fails

    @rule(fails=st.booleans())
    def refuse_cuts(self, fails: bool) -> None:
        self.disk.truncate_fails = fails

    @rule()
    def kill(self) -> None:
        self.disk.truncate_fails = False  # so that the journal opens at once
        dead = self.journal
        self.disk.kill("trader")
        self.journal = opened(self.disk)
        assert self.journal.sequence == len(self.appended)
        with pytest.raises(JournalFault, match="Bad file descriptor"):
            dead.append(b"from the dead")

    @rule()
    def lose_power(self) -> None:
        self.disk.full = self.disk.truncate_fails = False  # so that a journal can be made or opened at once
        self.disk.power_loss()
        self.journal = opened(self.disk)
        assert self.synced <= self.journal.sequence <= len(self.appended)
        self.appended = self.appended[: self.journal.sequence]
        self.synced = len(self.appended)

    @invariant()
    def it_reads_as_it_was_written(self) -> None:
        assert payloads(self.disk) == self.appended


TestFailingDisk = FailingDisk.TestCase
TestFailingDisk.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


def test_a_full_disk_when_the_journal_is_made_is_a_fault_and_is_made_good_later() -> None:
    for seed in range(20):
        disk = SimulatedDisk(Random(seed))
        disk.full = True
        with pytest.raises(JournalFault, match=r"No space left|the disk may be full"):
            opened(disk)
        disk.full = False
        opened(disk).append(b"one")
        assert payloads(disk) == [b"one"]


def test_a_sync_that_fails_is_a_fault_and_the_journal_stays_unsynced_and_closes() -> None:
    disk = SimulatedDisk(Random(1))
    journal = opened(disk)
    journal.append(b"one")
    disk.sync_fails = True
    with pytest.raises(JournalFault, match="j cannot be synced: Input/output error"):
        journal.sync()
    assert journal.unsynced
    with pytest.raises(JournalFault, match="cannot be synced"):
        journal.close()
    with pytest.raises(JournalFault, match="is not open"):
        journal.append(b"two")


def test_nothing_is_appended_behind_a_torn_record_that_cannot_be_cut() -> None:
    for seed in range(20):
        disk = SimulatedDisk(Random(seed))
        journal = opened(disk)
        journal.append(b"one")
        disk.full = disk.truncate_fails = True
        for _ in range(3):
            with pytest.raises(JournalFault):
                journal.append(b"two")
        disk.full = False
        if disk.fired["truncate_fails"]:
            with pytest.raises(JournalFault, match="cannot be written: Input/output error"):
                journal.append(b"two")
        disk.truncate_fails = False
        assert journal.append(b"two again") == 2
        disk.kill("trader")
        assert opened(disk).sequence == 2
        assert payloads(disk) == [b"one", b"two again"]


class SlowlySynced(SimulatedDisk):
    """Whose sync, once, finds another thread that syncs too."""

    other: Thread | None = None

    def may_sync(self) -> bool:
        if self.other is not None and not self.other.is_alive():
            self.other.start()
            self.other.join(0.02)
            assert self.other.is_alive(), "it returned, and nothing is synced yet"
        return super().may_sync()


def test_a_sync_while_another_thread_syncs_waits_for_it() -> None:
    disk = SlowlySynced(Random(1))
    journal = opened(disk)
    journal.append(b"one")
    disk.other = Thread(target=journal.sync)
    journal.sync()
    disk.other.join(5)
    assert not disk.other.is_alive()


def test_what_a_killed_process_wrote_is_synced_by_the_next_one() -> None:
    for seed in range(20):
        disk = SimulatedDisk(Random(seed))
        opened(disk).append(b"one")
        disk.kill("trader")
        again = opened(disk)
        assert again.unsynced
        again.sync()
        disk.power_loss()
        assert payloads(disk) == [b"one"]
