"""Encryption at rest: what is readable, with which key, and what is said where there is none."""

from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.account_journal import AccountJournal
from tradigrade.storage.journal_format import NO_KEY
from tradigrade.storage.journal_keys import NONCE_BYTES, KeyFault, Keys, NotSealedByUs, key_id, load_keys, new_key
from tradigrade.storage.journal_reader import check_newest, read_journal
from tradigrade.trading.order_events import BalanceAdopted, CancelIntended

OLD, NEW = b"o" * 32, b"n" * 32
SYSTEM = SystemDisk()


def opened(path: Path, keys: Keys, rotate_at_bytes: int = 1 << 20) -> AccountJournal:
    journal = AccountJournal(SYSTEM, path, rotate_at_bytes, keys)
    journal.open()
    return journal


def write(path: Path, keys: Keys, numbers: range) -> None:
    journal = opened(path, keys)
    for number in numbers:
        journal.append(CancelIntended(f"order-{number}", "a secret reason", number))
        if journal.is_full:
            journal.rotate()
    journal.close()


def read(path: Path, keys: Keys) -> list[int]:
    return [record.at_ns for _, record in read_journal(SYSTEM, path, keys) if isinstance(record, CancelIntended)]


def test_nothing_of_what_is_written_can_be_read_without_the_key(tmp_path: Path) -> None:
    keys = Keys(NEW)
    journal = opened(tmp_path / "j", keys)
    for number in range(3):
        journal.append(CancelIntended("order-1", "a secret reason", number))
    journal.append(BalanceAdopted("USDT", Decimal("12345.678"), 1))
    journal.rotate()
    journal.append(CancelIntended("order-1", "a secret reason", 4))
    journal.close()
    for path in tmp_path.iterdir():
        data = path.read_bytes()
        assert not any(word in data for word in (b"order", b"secret", b"12345", b"USDT", NEW))
    assert read(tmp_path / "j", keys) == [0, 1, 2, 4]
    assert opened(tmp_path / "j", Keys(NEW)).books().balances["USDT"] == Decimal("12345.678")


def test_a_new_key_takes_over_at_once_and_the_old_one_still_reads(tmp_path: Path) -> None:
    path = tmp_path / "j"
    for keys, numbers in (
        (Keys(), range(3)),
        (Keys(OLD), range(3, 6)),
        (Keys(NEW, [OLD]), range(6, 9)),
        (Keys(None, [NEW, OLD]), range(9, 12)),
    ):
        write(path, keys, numbers)
    assert read(path, Keys(NEW, [OLD])) == list(range(12))
    heads = [(tmp_path / name).read_bytes()[36:44] for name in ("j", "j.1", "j.2", "j.3")]
    assert heads == [NO_KEY, key_id(OLD), key_id(NEW), NO_KEY], "each begins after the first record of its run"


@pytest.mark.parametrize("wrong", [Keys(), Keys(NEW), Keys(None, [NEW])])
def test_a_key_that_is_missing_is_one_sentence_that_names_it_by_its_id(tmp_path: Path, wrong: Keys) -> None:
    write(tmp_path / "j", Keys(OLD), range(2))
    words = (
        f"j is encrypted with the key {key_id(OLD).hex()}: expected it in .journal. key_file or old_key_files, found"
    )
    for action in (lambda: opened(tmp_path / "j", wrong), lambda: check_newest(SYSTEM, tmp_path / "j", wrong)):
        with pytest.raises(KeyFault, match=words):
            action()
    check_newest(SYSTEM, tmp_path / "j", Keys(OLD))
    check_newest(SYSTEM, tmp_path / "none", wrong)


def test_the_key_of_a_snapshot_is_asked_for_too(tmp_path: Path) -> None:
    journal = opened(tmp_path / "j", Keys(OLD))
    journal.append(BalanceAdopted("USDT", Decimal(1), 1))
    journal.rotate()
    journal.close()
    (tmp_path / "j.1").unlink()
    with pytest.raises(KeyFault, match="is encrypted with the key"):
        check_newest(SYSTEM, tmp_path / "j", Keys(NEW))


def test_no_nonce_is_used_twice_also_by_what_is_written_again(tmp_path: Path) -> None:
    used: list[bytes] = []
    numbers = count(1)
    for _ in range(3):
        keys = Keys(NEW, new_id=lambda: f"{next(numbers):016x}")
        used += [keys.seal(key_id(NEW), b"the same", b"the same")[:NONCE_BYTES] for _ in range(100)]
    assert len(set(used)) == 300
    keys._count = 1 << 32
    assert keys.seal(key_id(NEW), b"", b"")[:NONCE_BYTES] not in used


@pytest.mark.parametrize("place", [0, 11, 12, 20, -1])
def test_what_was_changed_or_stands_elsewhere_does_not_unseal(place: int) -> None:
    keys = Keys(NEW)
    sealed = bytearray(keys.seal(key_id(NEW), b"payload", b"here"))
    assert keys.unseal(key_id(NEW), bytes(sealed), b"here") == b"payload"
    with pytest.raises(NotSealedByUs):
        keys.unseal(key_id(NEW), bytes(sealed), b"elsewhere")
    sealed[place] ^= 1
    with pytest.raises(NotSealedByUs):
        keys.unseal(key_id(NEW), bytes(sealed), b"here")
    with pytest.raises(NotSealedByUs):
        keys.unseal(key_id(NEW), b"short", b"here")


# -- key files --------------------------------------------------------------------------------------------------------


def key_file(folder: Path, text: str, mode: int = 0o600) -> str:
    path = folder / "key"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize("text", ["6f" * 32, "6F" * 32 + "\n", "b29vb29vb29vb29vb29vb29vb29vb29vb29vb29vb28=\n"])
def test_a_key_is_hexadecimal_or_base64(tmp_path: Path, text: str) -> None:
    assert load_keys(key_file(tmp_path, text)).newest == key_id(OLD)
    assert load_keys("", [key_file(tmp_path, text)]).newest == NO_KEY


def test_every_new_key_is_another_one(tmp_path: Path) -> None:
    assert len({load_keys(key_file(tmp_path, new_key())).newest for _ in range(20)}) == 20


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ("", 0o600, "expected 32 bytes as hexadecimal digits or base64, found something else"),
        ("6f" * 31, 0o600, "expected 32 bytes"),
        ("zz" * 32, 0o600, "expected 32 bytes"),
        ("é" * 32, 0o600, "expected 32 bytes"),
        ("6f" * 32, 0o640, r"may be read by others \(mode 640\): expected 600; chmod it"),
        ("6f" * 32, 0o604, "may be read by others"),
    ],
)
def test_what_is_no_key_or_not_kept_to_oneself_is_refused_and_not_shown(
    tmp_path: Path, text: str, mode: int, words: str
) -> None:
    with pytest.raises(KeyFault, match=words) as refused:
        load_keys(key_file(tmp_path, text, mode))
    assert "6f6f" not in str(refused.value)


def test_a_key_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(KeyFault, match="none cannot be read: No such file or directory; make one by"):
        load_keys(str(tmp_path / "none"))
