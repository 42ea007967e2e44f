"""What `tradigrade journal verify` finds, says and ends with."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tradigrade.cli import app
from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.account_journal import AccountJournal
from tradigrade.storage.journal_archive import JournalArchive
from tradigrade.storage.journal_format import START_BYTES
from tradigrade.storage.journal_keys import NO_KEYS, Keys, new_key
from tradigrade.storage.journal_snapshot import SnapshotFile
from tradigrade.storage.journal_verify import DIFFERENT, EQUAL, Report, verify
from tradigrade.trading.order_events import BalanceAdopted

SYSTEM = SystemDisk()
NAME = "account-main.journal"
GOLDEN = Path(__file__).with_name("account_journal_v1.bin")


def grow(path: Path, keys: Keys = NO_KEYS, files: int = 3) -> AccountJournal:
    journal = AccountJournal(SYSTEM, path, keys=keys)
    journal.open()
    for _ in range(files - 1):
        append(journal)
        journal.rotate()
    append(journal)
    journal.close()
    return journal


def append(journal: AccountJournal) -> None:
    for _ in range(3):
        journal.append(BalanceAdopted("USDT", Decimal(journal.next_sequence), 1))


def look(path: Path, keys: Keys = NO_KEYS) -> Report:
    return verify(SYSTEM, path, keys)


def damage(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("keys", [NO_KEYS, Keys(b"k" * 32)], ids=["plain", "encrypted"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_sound_journal_is_said_to_be_sound_and_to_come_to_its_snapshot(
    tmp_path: Path, keys: Keys, packed: bool
) -> None:
    grow(path := tmp_path / NAME, keys)
    if packed:
        JournalArchive(SYSTEM, path, 64, sleep=lambda _: None).tidy(1)
    report = look(path, keys)
    assert (report.sound, report.folded, report.records, report.damage) == (True, EQUAL, 9, ())
    assert [(each.first, each.last, each.good) for each in report.files] == [(1, 3, 3), (4, 6, 3), (7, 9, 3)]


def test_a_journal_of_version_1_and_what_came_after_it_is_sound(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(GOLDEN.read_bytes())
    journal = AccountJournal(SYSTEM, path)
    journal.open()
    journal.rotate()
    append(journal)
    journal.close()
    report = look(path)
    assert (report.sound, report.folded, [each.version for each in report.files]) == (True, EQUAL, [1, 2])
    damage(path, 500)
    assert not look(path).sound
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - 3])
    assert {each.file for each in look(path).damage} == {NAME}


def test_a_torn_tail_of_the_newest_file_is_no_damage_and_one_of_another_is(tmp_path: Path) -> None:
    grow(path := tmp_path / NAME)
    with path.with_name(f"{NAME}.2").open("ab") as file:
        file.write(b"torn")
    report = look(path)
    assert report.sound
    assert report.files[-1].bytes - report.files[-1].good_bytes == 4
    with path.with_name(f"{NAME}.1").open("ab") as file:
        file.write(b"torn")
    report = look(path)
    assert [(each.file, each.record, each.found) for each in report.damage] == [
        (f"{NAME}.1", 7, "what stands there is no record")
    ]


def test_what_is_damaged_is_said_with_its_place_and_so_is_what_is_still_good(tmp_path: Path) -> None:
    grow(path := tmp_path / NAME)
    damage(path.with_name(f"{NAME}.1"), START_BYTES + 40)
    report = look(path)
    (bad,) = report.damage
    assert (bad.file, bad.byte, bad.record) == (f"{NAME}.1", START_BYTES, 4)
    assert [each.good for each in report.files] == [3, 0, 3]
    assert report.folded == "not compared: records are missing"


def test_a_snapshot_that_is_damaged_or_of_another_time_is_said(tmp_path: Path) -> None:
    grow(path := tmp_path / NAME)
    snapshot = path.with_name(f"{NAME}.snapshot")
    good = snapshot.read_bytes()
    damage(snapshot, len(good) - 1)
    assert [each.file for each in look(path).damage] == [f"{NAME}.snapshot"]
    snapshot.write_bytes(good)
    file = SnapshotFile(SYSTEM, path, NO_KEYS)
    snapped = file.read()
    assert snapped is not None
    file.write(snapped._replace(hash=b"?" * 16))
    assert [each.found for each in look(path).damage] == ["it does not go on from the snapshot"]
    file.write(snapped._replace(content=snapped.content.replace(b"\xa16", b"\xa17")))  # a balance of 7 for one of 6
    assert (look(path).folded, look(path).sound) == (DIFFERENT, False)


def test_without_the_first_records_there_is_nothing_to_compare(tmp_path: Path) -> None:
    grow(path := tmp_path / NAME)
    path.unlink()
    report = look(path)
    assert (report.sound, report.folded) == (True, "not compared: records are missing")


# -- the command ------------------------------------------------------------------------------------------------------


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["journal", *arguments, "--data-dir", str(folder)])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_ends_with_0_where_all_is_sound_1_where_not_and_2_where_there_is_none(tmp_path: Path) -> None:
    code, _, words = run(tmp_path, "verify")
    assert code == 2
    assert "there is no journal" in words
    grow(path := tmp_path / NAME)
    code, out, words = run(tmp_path, "verify")
    assert (code, out) == (0, "")
    assert "main: 9 good records in 3 files; they fold: equal to the snapshot; sound" in words
    damage(path.with_name(f"{NAME}.1"), START_BYTES + 40)
    code, _, words = run(tmp_path, "verify")
    assert code == 1
    assert f"{NAME}.1: byte {START_BYTES}, record 4: " in words


def test_the_command_tells_the_same_as_json(tmp_path: Path) -> None:
    grow(tmp_path / NAME)
    code, out, words = run(tmp_path, "verify", "--json")
    told = json.loads(out)
    assert (code, words) == (0, "")
    assert set(told) == {"account", "files", "records", "damage", "snapshot", "folded"}
    assert (told["records"], told["damage"], told["snapshot"]) == (9, [], f"{NAME}.snapshot")


def test_the_command_asks_for_a_key_that_is_missing_in_one_sentence(tmp_path: Path) -> None:
    grow(tmp_path / NAME, Keys(b"k" * 32))
    code, out, words = run(tmp_path, "verify")
    assert (code, out) == (2, "")
    assert "is encrypted with the key" in words
    assert words.count("\n") == 1


def test_a_key_that_was_made_is_private_and_is_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "key"
    for code in (0, 2):
        done = CliRunner().invoke(app, ["journal", "new-key", str(file)])
        assert done.exit_code == code
        assert file.read_text().strip() not in done.output
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(file.read_text()) == len(new_key())
