"""Older files are packed away, kept as long as is said, known to be good, and never the only ones to be there."""

from pathlib import Path
from random import Random

import pytest

from tests.kit.disks import Crash, CrashingDisk
from tradigrade.kernel.disk import Disk
from tradigrade.kernel.simulated_disk import SimulatedDisk
from tradigrade.storage.account_journal import AccountJournal
from tradigrade.storage.journal import JournalFault
from tradigrade.storage.journal_archive import JournalArchive
from tradigrade.storage.journal_keys import NO_KEYS, Keys
from tradigrade.storage.journal_reader import read_journal
from tradigrade.trading.order_events import CancelIntended

PATH, DAY_NS = Path("/data/account-main.journal"), 86_400 * 10**9
NOW_NS = 20_000 * DAY_NS
EACH = 40


def journal(disk: Disk, keys: Keys = NO_KEYS) -> AccountJournal:
    made = AccountJournal(disk, PATH, keys=keys)
    made.open()
    return made


def grown(files: int, keys: Keys = NO_KEYS) -> SimulatedDisk:
    disk = SimulatedDisk(Random(1))
    made = journal(disk, keys)
    for number in range(files * EACH):
        if number and number % EACH == 0:
            made.rotate()
        made.append(CancelIntended("order", "the same reason every time", made.next_sequence))
    made.close()
    return disk


def archive(disk: Disk, keep_files: int = 64, keep_days: float = 0.0) -> JournalArchive:
    return JournalArchive(disk, PATH, keep_files, keep_days, sleep=lambda _: None)


def names(disk: Disk) -> list[str]:
    return [name.removeprefix(PATH.name) for name in disk.names(PATH.parent)]


def read(disk: Disk, keys: Keys = NO_KEYS) -> list[int]:
    return [sequence for sequence, _ in read_journal(disk, PATH, keys)]


@pytest.mark.parametrize("keys", [NO_KEYS, Keys(b"k" * 32)], ids=["plain", "encrypted"])
def test_older_files_are_packed_and_read_as_before(keys: Keys) -> None:
    disk = grown(4, keys)
    before = disk.contents()
    archive(disk).tidy(NOW_NS)
    assert names(disk) == [".1.gz", ".2.gz", ".3", ".gz", ".snapshot"]
    assert read(disk, keys) == list(range(1, 4 * EACH + 1))
    packed = len(disk.read(PATH.with_name(f"{PATH.name}.1.gz")))
    if keys is NO_KEYS:
        assert packed < len(before[PATH.with_name(f"{PATH.name}.1")]) / 2
    assert journal(disk, keys).next_sequence == 4 * EACH + 1


def test_a_journal_that_never_rotated_is_left_alone() -> None:
    disk = grown(1)
    archive(disk).tidy(NOW_NS)
    assert names(disk) == [""]
    archive(SimulatedDisk(Random(1))).tidy(NOW_NS)


def test_as_many_files_are_kept_as_is_said_the_newest_among_them() -> None:
    disk = grown(6)
    archive(disk, keep_files=3).tidy(NOW_NS)
    assert names(disk) == [".3.gz", ".4.gz", ".5", ".snapshot"]
    archive(disk, keep_files=1).tidy(NOW_NS)
    assert names(disk) == [".5", ".snapshot"]
    assert read(disk) == list(range(5 * EACH + 1, 6 * EACH + 1))
    assert journal(disk).next_sequence == 6 * EACH + 1


def test_files_are_kept_for_as_many_days_as_is_said_from_when_they_were_packed() -> None:
    disk = grown(3)
    keeper = archive(disk, keep_days=2)
    keeper.tidy(NOW_NS)
    keeper.tidy(NOW_NS + 2 * DAY_NS)
    assert names(disk) == [".1.gz", ".2", ".gz", ".snapshot"]
    for each in (keeper, archive(disk, keep_days=2)):
        each.tidy(NOW_NS + 2 * DAY_NS + 10**9)
        assert names(disk) == [".2", ".snapshot"]


@pytest.mark.parametrize("ends", ["the process", "the host"])
def test_a_crash_at_any_step_leaves_every_record_where_it_can_be_read(ends: str) -> None:
    for seed in range(10):
        steps, done = 0, False
        while not done:
            disk = grown(3)
            disk._random.seed(seed)
            try:
                archive(CrashingDisk(disk.view("trader"), steps)).tidy(NOW_NS)
                done = True
            except Crash:
                steps += 1
            disk.kill("trader") if ends == "the process" else disk.power_loss()
            assert read(disk) == list(range(1, 3 * EACH + 1))
            archive(disk).tidy(NOW_NS)
            assert names(disk) == [".1.gz", ".2", ".gz", ".snapshot"]
            assert read(disk) == list(range(1, 3 * EACH + 1))
        assert steps >= 4


def test_a_damaged_file_is_told_with_its_place_and_left_and_the_others_are_packed() -> None:
    disk = grown(4)
    file = PATH.with_name(f"{PATH.name}.1")
    data = bytearray(disk.read(file))
    data[700] ^= 1
    disk.replace(file, data)
    for _ in range(2):
        with pytest.raises(JournalFault, match=r"journal\.1 is damaged at byte \d+ \(record \d+\): there are good"):
            archive(disk).tidy(NOW_NS)
        assert names(disk) == [".1", ".2.gz", ".3", ".gz", ".snapshot"]
        assert disk.read(file) == data


def test_a_packed_file_that_was_damaged_since_is_told_at_the_next_start() -> None:
    disk = grown(3)
    archive(disk).tidy(NOW_NS)
    file = PATH.with_name(f"{PATH.name}.1.gz")
    data = bytearray(disk.read(file))
    data[len(data) // 2] ^= 1
    disk.replace(file, data)
    with pytest.raises(JournalFault, match=r"journal\.1\.gz is damaged .*: it does not unpack"):
        archive(disk).tidy(NOW_NS)
    assert journal(disk).next_sequence == 3 * EACH + 1, "trading goes on"


def test_a_full_disk_is_told_and_made_good_when_there_is_room() -> None:
    disk = grown(3)
    disk.full = True
    with pytest.raises(JournalFault, match="No space left on device"):
        archive(disk).tidy(NOW_NS)
    assert read(disk) == list(range(1, 3 * EACH + 1))
    disk.full = False
    archive(disk).tidy(NOW_NS)
    assert names(disk) == [".1.gz", ".2", ".gz", ".snapshot"]


def test_it_lets_trading_go_on_every_few_records() -> None:
    pauses: list[float] = []
    JournalArchive(grown(2), PATH, 64, sleep=pauses.append).tidy(NOW_NS)
    assert len(pauses) == EACH // 32
