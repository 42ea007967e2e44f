"""All records of an account from its files, beside whoever writes them, and what is wrong between the files."""

from pathlib import Path

import pytest

from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.account_journal import AccountJournal
from tradigrade.storage.journal import JournalDamaged, JournalFault
from tradigrade.storage.journal_keys import NO_KEYS
from tradigrade.storage.journal_reader import read_journal
from tradigrade.storage.journal_verify import verify
from tradigrade.trading.order_events import CancelIntended

SYSTEM = SystemDisk()
FILES = ("account-main.journal", *(f"account-main.journal.{number}" for number in range(1, 4)))


def record(number: int) -> CancelIntended:
    return CancelIntended("order", "reason", number)


def opened(path: Path) -> AccountJournal:
    journal = AccountJournal(SYSTEM, path)
    journal.open()
    return journal


def grow(path: Path, files: int = 4, each: int = 3) -> AccountJournal:
    """A journal of so many files; record N is numbered N."""
    journal = opened(path)
    for file in range(files):
        if file:
            journal.rotate()
        for _ in range(each):
            journal.append(record(journal.next_sequence))
    return journal


def read(path: Path) -> list[int]:
    found = list(read_journal(SYSTEM, path))
    assert all(sequence == each.at_ns for sequence, each in found)  # type: ignore[union-attr]
    return [sequence for sequence, _ in found]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    grow(tmp_path / FILES[0]).close()
    return tmp_path / FILES[0]


def test_all_files_are_read_oldest_first_and_nothing_where_there_is_none(path: Path) -> None:
    assert read(path) == list(range(1, 13))
    assert read(path.with_name("account-other.journal")) == []


def test_it_reads_beside_a_writer_what_was_written_so_far(tmp_path: Path) -> None:
    journal = opened(path := tmp_path / FILES[0])
    for number in range(1, 30):
        journal.append(record(number))
        if number % 7 == 0:
            journal.rotate()
        assert read(path) == list(range(1, number + 1))


def test_a_reader_that_stands_in_an_older_file_reads_on_into_what_was_written_since(tmp_path: Path) -> None:
    journal = grow(path := tmp_path / FILES[0], files=2)
    reading = read_journal(SYSTEM, path)
    assert next(reading)[0] == 1
    journal.append(record(7))
    assert [sequence for sequence, _ in reading] == [2, 3, 4, 5, 6, 7]


def test_every_torn_tail_of_the_newest_file_is_passed_over_and_left(path: Path) -> None:
    newest = path.with_name(FILES[3])
    data = newest.read_bytes()
    for length in range(len(data)):
        newest.write_bytes(data[:length])
        found = read(path)
        assert found == list(range(1, len(found) + 1))
        assert len(found) >= 9
        assert newest.read_bytes() == data[:length]


def test_the_file_of_a_rotation_that_did_not_come_true_is_not_read(path: Path) -> None:
    older = path.with_name(f"{path.name}.snapshot").read_bytes()
    journal = opened(path)
    journal.rotate()
    journal.append(record(13))
    journal.close()
    path.with_name(f"{path.name}.snapshot").write_bytes(older)
    assert read(path) == list(range(1, 13))


DAMAGE = {
    "the end of an older file": (
        1,
        lambda data: data[:-5],
        6,
        rf"{FILES[1]} .* \(record 6\): the next record .* is 7, in",
    ),
    "an older file": (1, None, 4, rf"{FILES[0]} .* \(record 4\): the next record that is there is 7, in {FILES[2]}"),
    "the middle of an older file": (1, lambda data: data[:100] + b"?" + data[101:], 4, rf"{FILES[1]} .* \(record 4\)"),
    "the header of an older file": (2, lambda data: b"?" + data[1:], 7, "is not a journal"),
    "all of an older file": (2, lambda _: b"", 7, "its beginning is lost"),
    "the beginning of an older file": (2, lambda data: data[:9], 7, "its beginning is lost"),
    "a header": (2, lambda data: data[:20] + b"?" + data[21:], 7, "its header does not match its checksum"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_of_older_files_is_located_and_stops_or_is_told_as_is_asked(path: Path, what: str) -> None:
    number, change, first_bad, words = DAMAGE[what]
    file = path.with_name(FILES[number])
    file.write_bytes(change(file.read_bytes())) if change else file.unlink()
    seen: list[int] = []
    with pytest.raises(Exception, match=words):
        seen.extend(sequence for sequence, _ in read_journal(SYSTEM, path))
    if what == "the header of an older file":
        return
    told: list[JournalDamaged] = []
    found = [sequence for sequence, _ in read_journal(SYSTEM, path, damaged=told.append)]
    lost = set(range(1, 13)) - set(found)
    assert found == sorted(found)
    assert min(lost) == first_bad
    assert max(lost) <= 9
    assert told[0].record in (first_bad, 0)


def test_files_that_are_removed_as_the_oldest_while_others_are_read_are_no_damage(path: Path) -> None:
    reading = read_journal(SYSTEM, path)
    assert next(reading)[0] == 1
    path.with_name(FILES[1]).unlink()
    assert [sequence for sequence, _ in reading] == [2, 3, 7, 8, 9, 10, 11, 12]


def test_a_snapshot_that_is_lost_is_no_reason_to_begin_anew(path: Path) -> None:
    path.with_name(f"{path.name}.snapshot").unlink()
    path.rename(path.with_name("elsewhere"))
    with pytest.raises(
        JournalFault, match=r"journal\.snapshot is lost, and the files after it go on from it; restore it"
    ):
        opened(path)
    assert read(path) == list(range(4, 13))
    assert [each.found for each in verify(SYSTEM, path, NO_KEYS).damage] == ["it is lost; restore it"]


def test_a_file_of_another_journal_in_the_place_of_one_is_told(tmp_path: Path) -> None:
    grow(tmp_path / FILES[0]).close()
    other = tmp_path / "other" / FILES[0]
    journal = grow(other, files=1, each=3)
    journal.rotate()
    for _ in range(3):
        journal.append(CancelIntended("order", "another reason", journal.next_sequence))
    journal.close()
    (tmp_path / FILES[1]).write_bytes(other.with_name(FILES[1]).read_bytes())
    with pytest.raises(JournalDamaged, match=rf"{FILES[1]} is damaged .* it is not what {FILES[2]} goes on from"):
        read(tmp_path / FILES[0])
    (tmp_path / FILES[2]).write_bytes((tmp_path / FILES[3]).read_bytes())
    with pytest.raises(JournalDamaged, match=r"it is file 3 of account main"):
        read(tmp_path / FILES[0])


def test_a_newest_file_that_does_not_go_on_from_the_snapshot_is_not_opened(path: Path) -> None:
    other = path.with_name("other") / FILES[0]
    journal = opened(other)
    for _ in range(3):
        journal.rotate()
    journal.close()
    path.with_name(FILES[3]).write_bytes(other.with_name(FILES[3]).read_bytes())
    with pytest.raises(JournalDamaged, match="it does not go on where the file before it ended"):
        opened(path)
