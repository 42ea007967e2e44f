"""The account's journal stays small: what it came to survives every rotation, and every crash within one."""

from decimal import Decimal
from pathlib import Path

import pytest

from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.account_journal import AccountJournal
from tradigrade.storage.journal import JournalFault
from tradigrade.storage.rotating_lines import RotatingLines
from tradigrade.trading.books_image import take
from tradigrade.trading.order_events import (
    BalanceAdopted,
    HistoryAdopted,
    OrderAccepted,
    OrderCancelled,
    OrderEvent,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderUnknown,
)
from tradigrade.trading.tally import RunStarted

AMOUNT, PRICE = Decimal("0.5"), Decimal("30000.10")
SMALL = 4_096


def an_order(number: int) -> list[OrderEvent]:
    """The events of one order; its number decides how far it got."""
    client_id, symbol, strategy = f"tgmain-1-{number}", "BTC/USDT", f"s{number % 3}"
    events: list[OrderEvent] = [
        OrderIntended(
            client_id, number, 1, "a", f"signal{number}", strategy, symbol, "buy", "limit", AMOUNT, PRICE, PRICE, number
        ),
        OrderPlaced(client_id, f"signal{number}", strategy, symbol, "buy", "limit", AMOUNT, PRICE, number),
        OrderAccepted(client_id, str(number), number),
        OrderFilled(client_id, str(number), symbol, "buy", PRICE, AMOUNT / 3, Decimal("0.0001"), "BTC", True, number),
        OrderCancelled(client_id, "a newer signal", number),
    ]
    if number % 4 == 1:
        return [*events[:2], OrderUnknown(client_id, "no answer", number)]
    return events[: 2 + number % 4]


def opened(path: Path, rotate_at_bytes: int = SMALL) -> AccountJournal:
    journal = AccountJournal(SystemDisk(), path, rotate_at_bytes)
    journal.open()
    return journal


def write(journal: AccountJournal, orders: range, *, rotate: bool) -> None:
    for number in orders:
        for event in an_order(number):
            journal.append(event)
        if rotate and journal.is_full:
            journal.rotate()


def begin(journal: AccountJournal) -> None:
    journal.append(RunStarted("run", 1))
    journal.append(BalanceAdopted("USDT", Decimal(10_000), 1))
    journal.append(HistoryAdopted("BTC/USDT", 7, 1))


def test_books_tally_and_fills_are_the_same_with_and_without_rotations(tmp_path: Path) -> None:
    kept, rotated = opened(tmp_path / "kept", 1 << 30), opened(tmp_path / "rotated")
    for journal in (kept, rotated):
        begin(journal)
    write(kept, range(200), rotate=False)
    write(rotated, range(200), rotate=True)
    assert len(list(tmp_path.glob("rotated.*"))) > 3, "it did rotate"
    again = opened(tmp_path / "rotated")
    for journal in (rotated, again):
        assert take(journal.books()) == take(kept.books())
        assert journal.tally() == kept.tally()
        assert journal.fills() == kept.fills()
        assert journal.next_sequence == kept.next_sequence


def test_the_copy_of_the_books_is_the_callers_own(tmp_path: Path) -> None:
    journal = opened(tmp_path / "j")
    begin(journal)
    write(journal, range(8), rotate=False)
    mine = journal.books()
    assert mine.apply(OrderCancelled("tgmain-1-2", "mine", 1)) or mine.apply(OrderCancelled("tgmain-1-1", "mine", 1))
    assert take(mine) != take(journal.books())


@pytest.mark.parametrize("left", ["a temporary snapshot", "a snapshot without its new file"])
def test_a_crash_within_a_rotation_loses_and_doubles_nothing(tmp_path: Path, left: str) -> None:
    journal = opened(tmp_path / "j")
    begin(journal)
    write(journal, range(10), rotate=False)
    before, sequence = take(journal.books()), journal.next_sequence
    if left == "a temporary snapshot":
        (tmp_path / "j.snapshot.tmp").write_bytes(b"half")
    else:
        journal.rotate()
        (tmp_path / "j.1").unlink()
    again = opened(tmp_path / "j")
    assert (take(again.books()), again.next_sequence) == (before, sequence)


def test_a_damaged_snapshot_is_said_and_never_believed(tmp_path: Path) -> None:
    journal = opened(tmp_path / "j")
    begin(journal)
    journal.rotate()
    snapshot = tmp_path / "j.snapshot"
    data = bytearray(snapshot.read_bytes())
    data[len(data) // 2] ^= 1
    snapshot.write_bytes(bytes(data))
    with pytest.raises(JournalFault, match="checksum does not match"):
        opened(tmp_path / "j")


def test_a_log_of_lines_keeps_the_newest_and_loses_none_of_them(tmp_path: Path) -> None:
    with RotatingLines(tmp_path / "log", limit_bytes=100) as log:
        for number in range(50):
            log.write(b"%09d\n" % number)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["log", "log.1", "log.2", "log.3"]
    newest_last = b"".join(file.read_bytes() for file in [*reversed(files[1:]), files[0]])
    numbers = [int(line) for line in newest_last.split()]
    assert numbers == list(range(numbers[0], 50))


def test_a_record_is_on_the_disk_once_it_was_synced_or_the_file_rotated(tmp_path: Path) -> None:
    journal = opened(tmp_path / "account.journal", 1 << 20)
    begin(journal)
    first = journal.next_sequence - 1
    assert not journal.is_synced(first)
    journal.sync()
    write(journal, range(1), rotate=False)
    last = journal.next_sequence - 1
    assert (journal.is_synced(first), journal.is_synced(last)) == (True, False)
    journal.rotate()
    assert journal.is_synced(last)
    assert not opened(tmp_path / "account.journal").is_synced(first), "who wrote it may have been killed before"
