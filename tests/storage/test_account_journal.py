"""The account's journal: every kind of record, and a file of version 1 that must be readable for ever."""

from decimal import Decimal
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.account_journal import AccountJournal, Record, RecordFault
from tradigrade.storage.journal import Journal, JournalFault
from tradigrade.storage.journal_reader import read_journal
from tradigrade.trading.books_image import take
from tradigrade.trading.differences import DifferenceNoted
from tradigrade.trading.group_events import (
    GroupAccepted,
    GroupCancelWanted,
    GroupClosed,
    GroupModified,
    Leg,
    LegHeld,
    LegTriggered,
    OrderGroup,
    TrailMoved,
)
from tradigrade.trading.limits import LimitChanged
from tradigrade.trading.messages import (
    AccountReconciled,
    OrderApproved,
    OrderRefused,
    OrderRequested,
    RungChanged,
    SignalGenerated,
    Terms,
)
from tradigrade.trading.order_events import (
    BalanceAdopted,
    CancelIntended,
    FundsMoved,
    HistoryAdopted,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderUnknown,
    PositionTransferred,
)
from tradigrade.trading.tally import RunStarted

GOLDEN = Path(__file__).with_name("account_journal_v1.bin")
"""Written by `write(path, RECORDS)` of version 1. It is never written again: a change that cannot read it needs a new
version of the format."""

GOLDEN_2 = Path(__file__).with_name("account_journal_v2.bin")
"""Likewise of version 2."""

PRICE, AMOUNT, AT = Decimal("27000.10"), Decimal("0.00120"), 1_700_000_000_000_000_001
NAME = "tgmain-1-5"
RECORDS: list[Record] = [
    RunStarted("run-1", AT),
    BalanceAdopted("USDT", Decimal("10000"), AT),
    HistoryAdopted("BTC/USDT", 41, AT),
    SignalGenerated("s1", "learned", "BTC/USDT", AMOUNT, PRICE, AT, "bar 1", "linear@3", 0.625, 1.0, (0.5, -1.25)),
    OrderApproved("a1", "r1", "s1", "learned", "BTC/USDT", "buy", "limit", AMOUNT, PRICE, PRICE, AT, AT + 1, "quote 7"),
    OrderIntended(NAME, 5, 1, "a1", "s1", "learned", "BTC/USDT", "buy", "limit", AMOUNT, PRICE, PRICE, AT),
    OrderPlaced(NAME, "s1", "learned", "BTC/USDT", "sell", "market", AMOUNT, None, AT),
    OrderAccepted(NAME, "991", AT),
    OrderUnknown(NAME, "RequestTimeout: no answer", AT),
    CancelIntended(NAME, "a newer signal", AT),
    OrderFilled(NAME, "42", "BTC/USDT", "buy", PRICE, AMOUNT, Decimal("0.0000012"), "BTC", True, AT),
    OrderCancelled(NAME, "cancelled at the venue", AT),
    OrderRejected(NAME, "NEVER_ARRIVED", "the venue holds no such order", AT),
    OrderRefused("s2", "learned", "BTC/USDT", "POSITION_LIMIT", {"worst": "5001", "bound": "5000"}, AT),
    AccountReconciled(False, ("balance of BTC: books 1, venue 2",), 1, 0, AT),
    RungChanged("account", "CANCEL_ONLY", "balance of BTC", AT),
]

SINCE: list[Record] = [
    OrderRequested(
        "r1", "person", "BTC/USDT", "sell", "stop_loss", AMOUNT, None, AT, "by hand", Terms(stop_price=PRICE)
    ),
    PositionTransferred("BTC/USDT", "learned", "adopted", AMOUNT, PRICE, "sold or taken by hand", AT),
    FundsMoved("USDT", Decimal("-250.5"), "withdrawal", "USDT:1700000000000:-250.5", AT),
    GroupAccepted(OrderGroup("g1", "single", "person", "BTC/USDT", Leg("buy", "limit", AMOUNT, PRICE)), AT),
    GroupModified("g1", "m1", "entry", AMOUNT, None, None, AT),
    GroupCancelWanted("g1", "by hand", True, AT),
    LegTriggered("g1", "entry", PRICE, AT),
    LegHeld("g1", "alternative", "RUNG", AT + 1, AT),
    TrailMoved("g1", "exit", PRICE, AT),
    GroupClosed("g1", "filled", AT),
    LimitChanged("max_order_notional", "account", "2000", "1500", "2-0a1b2c3d", "somebody", "calmer", AT),
    DifferenceNoted("fill", "42", "nothing", "buy 1 BTC/USDT at 27000", "booked", AT),
]
"""Kinds of records that came after version 1 was first written; an older program cannot read them, and says so."""


def write(path: Path, records: list[Record]) -> None:
    journal = AccountJournal(SystemDisk(), path)
    journal.open()
    for record in records:
        journal.append(record)
    journal.close()


@pytest.mark.parametrize(
    "record",
    [
        GroupAccepted(OrderGroup("g1", "single", "s", "BTC/USDT", Leg("buy", "Limit", AMOUNT, PRICE)), AT),  # type: ignore[arg-type]
        SignalGenerated("s1", "s", "BTC/USDT", None, PRICE, AT, "bar 1"),  # type: ignore[arg-type]
        OrderRefused("s2", "s", "BTC/USDT", "CODE", {"bound": 5}, AT),  # type: ignore[dict-item]
    ],
    ids=["a word that is none of its type's", "nothing", "a number for a text"],
)
def test_a_record_that_could_not_be_read_again_is_not_written(tmp_path: Path, record: Record) -> None:
    path = tmp_path / "account-main.journal"
    journal = AccountJournal(SystemDisk(), path)
    journal.open()
    journal.append(RunStarted("run-1", AT))
    with pytest.raises(RecordFault, match=type(record).__name__):
        journal.append(record)
    journal.append(RunStarted("run-2", AT))
    journal.close()
    journal.open()
    assert list(journal.replay()) == [RunStarted("run-1", AT), RunStarted("run-2", AT)]


def test_the_records_above_are_of_every_kind() -> None:
    assert {type(record) for record in (*RECORDS, *SINCE)} == set(get_args(Record))


def test_every_kind_of_record_comes_back_as_it_was(tmp_path: Path) -> None:
    write(tmp_path / "j", RECORDS + SINCE)
    assert list(AccountJournal(SystemDisk(), tmp_path / "j").replay()) == RECORDS + SINCE


def test_a_journal_of_version_1_still_reads() -> None:
    assert list(AccountJournal(SystemDisk(), GOLDEN).replay()) == RECORDS


def test_a_file_of_version_1_is_gone_on_with_and_then_left(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(GOLDEN.read_bytes())
    write(path, SINCE)
    assert path.read_bytes().startswith(GOLDEN.read_bytes())
    assert list(AccountJournal(SystemDisk(), path).replay()) == RECORDS + SINCE
    journal = AccountJournal(SystemDisk(), path)
    journal.open()
    assert journal.is_full, "it is time to leave it"
    before = (take(journal.books()), journal.tally(), journal.next_sequence)
    journal.rotate()
    assert not journal.is_full
    journal.close()
    write(path, RECORDS[:1])
    again = AccountJournal(SystemDisk(), path)
    again.open()
    assert (take(again.books()), again.next_sequence) == (before[0], before[2] + 1)
    assert [record for _, record in read_journal(SystemDisk(), path)] == RECORDS + SINCE + RECORDS[:1]


def test_a_journal_of_version_2_still_reads() -> None:
    assert list(AccountJournal(SystemDisk(), GOLDEN_2).replay()) == RECORDS


def test_version_2_is_still_written_to_the_byte(tmp_path: Path) -> None:
    write(tmp_path / GOLDEN_2.name, RECORDS)
    assert (tmp_path / GOLDEN_2.name).read_bytes() == GOLDEN_2.read_bytes()


def test_the_next_sequence_is_that_of_the_next_record(tmp_path: Path) -> None:
    journal = AccountJournal(SystemDisk(), tmp_path / "j")
    assert journal.open() == 0
    for record in RECORDS:
        expected = journal.next_sequence
        assert journal.append(record) == expected
    journal.close()


def test_opening_says_how_many_bytes_were_torn(tmp_path: Path) -> None:
    write(tmp_path / "j", RECORDS)
    with (tmp_path / "j").open("ab") as file:
        file.write(b"torn")
    journal = AccountJournal(SystemDisk(), tmp_path / "j")
    assert journal.open() == 4
    journal.close()
    assert list(journal.replay()) == RECORDS


@pytest.mark.parametrize(
    "payload",
    [
        msgspec.msgpack.encode({"t": "OrderDreamt", "at_ns": 1}),
        msgspec.msgpack.encode({"t": "RunStarted", "run_id": "r", "at_ns": 1, "mood": "new"}),
        msgspec.msgpack.encode({"t": "RunStarted", "run_id": "r"}),
        b"\xc1",
        b"",
    ],
    ids=["unknown kind", "unknown field", "missing field", "no MessagePack", "nothing"],
)
def test_a_record_this_program_does_not_know_is_a_fault_that_names_it(tmp_path: Path, payload: bytes) -> None:
    write(tmp_path / "j", RECORDS[:2])
    raw = Journal(SystemDisk(), tmp_path / "j")
    raw.open()
    raw.append(payload)
    raw.close()
    with pytest.raises(JournalFault, match=r"record 3 of .* is not of this version"):
        list(AccountJournal(SystemDisk(), tmp_path / "j").replay())
