"""Seeded runs of the account under everything at once: signals, moves, lost answers, disconnects, crashes, kills.

Whatever happens, once the venue is well again the account ends reconciled; and the same seed writes the same journal.
What this finds, the simulation of the whole system (tests/simulation) finds too; it takes longer to say where.
"""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.kit.account import EXECUTOR, LEDGER, OPENING, RISK, SYMBOL, Account, assert_level
from tradigrade.trading.order_events import OrderIntended

SEEDS = int(os.environ.get("SEEDS", "100")) // 5
"""A fifth of those of the whole system."""
RUN_S = 100.0
"""Simulated, before healing."""
HEAL_S = 70.0
"""More than the minute in which restarts count, and what must pass after it."""
SYMBOLS = (SYMBOL, "ETH/USDT")


class Chaos:
    """Draws what happens next; the same seed draws the same."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.draw = random.Random(seed)
        self.account = Account(folder, seed, SYMBOLS)
        self.faults = 0
        self.boots = 0
        venue = self.account.venue
        venue.touch["ETH/USDT"] = (Decimal(1999), Decimal(2000))
        venue.stream_delay_s = lambda: self.draw.choice([0.01, 0.02, 0.02, 0.3])
        venue.copies = lambda: self.draw.choice([1, 1, 1, 2, 0])
        events: dict[Callable[[], None], int] = {
            self.signal: 60,
            self.move: 40,
            self.fill: 20,
            self.transfer: 4,
            self.spoil_order: 12,
            self.spoil_cancel: 6,
            self.disconnect: 3,
            self.blind: 2,
            self.crash: 2,
            self.kill: 1,
        }
        self.kinds, self.weights = list(events), list(events.values())

    def run(self) -> Account:
        clock = self.account.clock
        while clock.monotonic_ns() < RUN_S * 1e9:
            self.draw.choices(self.kinds, self.weights)[0]()
            self.account.advance(self.draw.choice([0.0, 0.01, 0.05, 0.3, 1.5]))
        self.heal()
        return self.account

    def heal(self) -> None:
        venue = self.account.venue
        venue.fates.clear()
        venue.cancel_fates.clear()
        venue.stream_delay_s, venue.copies, venue.looks_fail = lambda: 0.02, lambda: 1, False
        self.account.advance(HEAL_S)

    def signal(self) -> None:
        symbol = self.draw.choice(SYMBOLS)
        bid, ask = self.account.venue.touch[symbol]
        notional = Decimal(self.draw.choice([0, 0, 100, 700, 1900, 3000]))
        limit = self.draw.choice([None, bid, ask, bid * Decimal("0.998")])
        self.account.signal(notional / ask, limit, self.draw.choice(["one", "two", "three"]), symbol)

    def move(self) -> None:
        symbol = self.draw.choice(SYMBOLS)
        bid, ask = self.account.venue.touch[symbol]
        step = (bid * Decimal(self.draw.randrange(-20, 21)) / 10_000).quantize(Decimal("0.01"))
        self.account.move(bid + step, ask + step, symbol)

    def fill(self) -> None:
        venue = self.account.venue
        if opened := sorted(venue.open_ids()):
            client_id = self.draw.choice(opened)
            part = (venue.orders[client_id].remaining / self.draw.choice([1, 3])).quantize(Decimal("1e-8"))
            venue.fill(client_id, part or None)

    def transfer(self) -> None:
        venue = self.account.venue
        amount = Decimal(self.draw.choice(["100", "33.33", "-100", "-50.5"]))
        if venue.balances["USDT"] + amount > 3_000:
            venue.transfer("USDT", amount)

    def spoil_order(self) -> None:
        self.faults += 1
        self.account.venue.fates.append(self.draw.choice(["lost", "unanswered", "refused", "slow", "silent"]))

    def spoil_cancel(self) -> None:
        self.account.venue.cancel_fates.append(self.draw.choice(["lost", "unanswered"]))

    def disconnect(self) -> None:
        self.faults += 1
        self.account.venue.disconnect(for_s=self.draw.choice([0.1, 1.0, 4.0]))

    def blind(self) -> None:
        venue = self.account.venue
        venue.looks_fail = True
        self.account.loop.call_later(3.0, lambda: setattr(venue, "looks_fail", False))

    def crash(self) -> None:
        self.faults += 1
        path = self.draw.choice([EXECUTOR, RISK, LEDGER, "trader/trading/venue", "trader/trading/journal"])
        if (actor := self.account.system.actors.get(path)) is not None:
            actor.crash("chaos")

    def kill(self) -> None:
        self.faults += 1
        self.boots += 1
        self.account.kill()
        self.account.advance(self.draw.choice([0.1, 2.0]))
        self.account.boot(self.draw.getrandbits(32))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_happens_the_account_ends_level_with_the_venue(tmp_path: Path, seed: int) -> None:
    chaos = Chaos(tmp_path, seed)
    account = chaos.run()
    assert account.rung("account") == "NORMAL"
    assert account.books.unknown_orders() == ()
    assert_level(account)
    assert chaos.faults >= 5
    assert len(account.records(OrderIntended)) >= 10
    moved = account.books.opening["USDT"] - OPENING["USDT"] + account.books.transferred.get("USDT", 0)
    assert moved == sum(each.amount for each in account.venue.transfers)
    for symbol in SYMBOLS:
        assert account.books.balances.get(symbol.partition("/")[0], Decimal(0)) >= 0


def journal_of(folder: Path, seed: int) -> bytes:
    Chaos(folder, seed).run()
    return (folder / "account-main.journal").read_bytes()


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_writes_the_same_journal(tmp_path: Path, seed: int) -> None:
    journal = journal_of(tmp_path / "one", seed)
    assert journal == journal_of(tmp_path / "two", seed)
    assert len(journal) > 10_000


@pytest.mark.process
def test_another_process_with_another_hash_seed_writes_the_same_journal(tmp_path: Path) -> None:
    script = f"from {__name__} import *; journal_of(Path(sys.argv[1]), 4)"
    for name in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": name, "PYTHONPATH": str(Path(__file__).parents[2])}
        command = [sys.executable, "-c", f"import sys; {script}", str(tmp_path / name)]
        subprocess.run(command, env=environment, check=True, timeout=60)
    one, two = ((tmp_path / name / "account-main.journal").read_bytes() for name in ("1", "2"))
    assert one == two == journal_of(tmp_path / "here", 4)
