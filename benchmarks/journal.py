"""Appending to the account's journal and starting from it, beside raw writes of as many bytes."""

import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

from tradigrade.kernel.disk import SystemDisk
from tradigrade.kernel.tuning import tune
from tradigrade.storage.account_journal import AccountJournal, Record
from tradigrade.storage.journal import Journal
from tradigrade.storage.journal_format import RECORD_2, Start
from tradigrade.storage.journal_keys import NO_KEYS, Keys
from tradigrade.trading.messages import OrderApproved, SignalGenerated
from tradigrade.trading.order_events import BalanceAdopted, OrderAccepted, OrderFilled, OrderIntended, OrderPlaced

from .measure import Result, compare, result, summarise

NAMES = (
    "journal.append",
    "journal.append.unfolded",
    "journal.append.encrypted",
    "journal.append.intent",
    "journal.open",
)
RECORDS, BATCH = 20_000, 100
OPENED_RECORDS, OPENINGS = 100_000, 5
NEVER = 1 << 40
WRITE = "os.write of as many bytes"
PRICE, AMOUNT = Decimal("27000.10"), Decimal("0.00120")
AT = 1_700_000_000_000_000_001


def life(number: int) -> tuple[Record, ...]:
    """What an order leaves in the journal, from its signal to its fill."""
    name, signal = f"tgmain-1-{number}", f"signal-{number}"
    return (
        SignalGenerated(signal, "learned", "BTC/USDT", AMOUNT, PRICE, AT, "bar 1", "linear@3", 0.6, 1.0, (0.5, -1.2)),
        OrderApproved("a", "r1", signal, "learned", "BTC/USDT", "buy", "limit", AMOUNT, PRICE, PRICE, AT, AT, "quote"),
        intent(number),
        OrderPlaced(name, signal, "learned", "BTC/USDT", "buy", "limit", AMOUNT, PRICE, AT),
        OrderAccepted(name, str(number), AT),
        OrderFilled(name, str(number), "BTC/USDT", "buy", PRICE, AMOUNT, Decimal("0.0000012"), "BTC", True, AT),
    )


def intent(number: int) -> OrderIntended:
    name, signal = f"tgmain-1-{number}", f"signal-{number}"
    return OrderIntended(name, number, 1, "a", signal, "learned", "BTC/USDT", "buy", "limit", AMOUNT, PRICE, PRICE, AT)


def run() -> Iterator[Result]:
    with tempfile.TemporaryDirectory() as folder:
        yield from measure(Path(folder))


def measure(folder: Path) -> Iterator[Result]:
    records = [record for number in range(1, RECORDS // 6 + RECORDS) for record in life(number)]
    tune()  # as in a node: no full collection of garbage while it trades
    size = append_all(folder / "sizes", records[:6_000]) // 6_000
    raw = raw_write(folder / "raw", size)
    keys = Keys(secrets.token_bytes(32))
    plain = typed(folder / "plain", records, NO_KEYS)
    yield compare("journal.append", plain, WRITE, raw, RECORDS, batch=BATCH)
    yield compare("journal.append.unfolded", unfolded(folder / "unfolded", size), WRITE, raw, RECORDS, batch=BATCH)
    yield compare("journal.append.encrypted", typed(folder / "sealed", records, keys), WRITE, raw, RECORDS, batch=BATCH)
    intents: list[Record] = [intent(number) for number in range(1, RECORDS)]
    yield compare("journal.append.intent", typed(folder / "intents", intents, NO_KEYS), WRITE, raw, RECORDS // 4)
    yield measure_opening(folder / "opened", records[:OPENED_RECORDS])


def opened(path: Path, rotate_at_bytes: int, keys: Keys = NO_KEYS) -> AccountJournal:
    journal = AccountJournal(SystemDisk(), path, rotate_at_bytes, keys)
    journal.open()
    journal.append(BalanceAdopted("USDT", Decimal(10**12), AT))
    return journal


def append_all(path: Path, records: list[Record], rotate_at_bytes: int = NEVER) -> int:
    """The bytes of the file, of the newest where it rotates."""
    journal = opened(path, rotate_at_bytes)
    for record in records:
        journal.append(record)
        if journal.is_full:
            journal.rotate()
    journal.close()
    return journal.path.stat().st_size


def typed(path: Path, records: list[Record], keys: Keys) -> Callable[[], object]:
    """The next record at every call: encoded, hashed, written, and folded into books and tally."""
    journal, left = opened(path, NEVER, keys), iter(records)
    return lambda: journal.append(next(left))


def unfolded(path: Path, size: int) -> Callable[[], object]:
    """A record that is encoded already, and that nobody folds."""
    journal, payload = Journal(SystemDisk(), path, start=Start("bench", 0, 0)), os.urandom(size - RECORD_2.size)
    journal.open()
    return lambda: journal.append(payload)


def raw_write(path: Path, size: int) -> Callable[[], object]:
    fd, data = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), os.urandom(size)
    return lambda: os.write(fd, data)


def measure_opening(path: Path, records: list[Record]) -> Result:
    """A start on a journal of so many records, in files as they come to be in life."""
    append_all(path, records, 4 << 20)
    files = [each for each in path.parent.iterdir() if each.name.startswith(path.name)]
    own = [timed(lambda: open_and_close(path)) for _ in range(OPENINGS)]
    other = [timed(lambda: [each.read_bytes() for each in files]) for _ in range(OPENINGS)]
    return result("journal.open", summarise(own), "reading the bytes of all its files", summarise(other))


def open_and_close(path: Path) -> None:
    journal = AccountJournal(SystemDisk(), path)
    journal.open()
    journal.close()


def timed(action: Callable[[], object]) -> int:
    start_ns = time.perf_counter_ns()
    action()
    return time.perf_counter_ns() - start_ns
