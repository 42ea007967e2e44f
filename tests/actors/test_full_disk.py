"""A disk without room under the account: nothing new leaves, what the venue did is known, nothing is lost, and it goes
on by itself when there is room again; meanwhile memory is bounded."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.kit.account import SYMBOL, Account, assert_level
from tradigrade.actors import commits, journal_keeper
from tradigrade.kernel.disk import SystemDisk
from tradigrade.kernel.faulty import FaultyDisk
from tradigrade.trading.messages import OrderRefused
from tradigrade.trading.order_events import OrderFilled, OrderIntended

KEEPER = "trader/trading/journal"


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> FaultyDisk:
    """The one that every file of the account lies on."""
    made = FaultyDisk(SystemDisk(), sleep=lambda _: None)
    monkeypatch.setattr("tests.kit.account.SystemDisk", lambda: made)
    return made


def resting(account: Account, amount: str = "0.05") -> None:
    """An order that waits at the venue below the market."""
    account.signal(amount, limit=29_990)
    account.advance(0.5)
    assert len(account.venue.open_ids()) == 1


def trade_on(account: Account, times: int) -> None:
    """Strategies that do not know of any disk, and a market that moves."""
    for number in range(times):
        account.signal(Decimal(number % 5) / 100, strategy=f"s{number % 3}")
        account.advance(0.1)


def test_with_no_room_nothing_leaves_and_what_the_venue_did_is_known_and_kept(tmp_path: Path, disk: FaultyDisk) -> None:
    account = Account(tmp_path).serve()
    resting(account)
    before = len(account.venue.placed)
    disk.full = True
    account.move(29_980, 29_985)  # the resting order fills
    account.advance(1)
    trade_on(account, 200)
    assert account.rung("account") == "CANCEL_ONLY"
    assert len(account.venue.placed) == before, "no order leaves without its intent"
    assert account.books.positions[SYMBOL].amount > 0, "what happened is known"
    assert not account.of(OrderFilled), "and nobody hears of it before it is written"
    account.signal("0.01", signal_id="refused-on-a-full-disk")
    account.advance(1)
    disk.full = False
    account.until(lambda: account.rung("account") == "NORMAL")
    account.advance(2)
    kept = account.records()
    assert [each.client_id for each in kept if isinstance(each, OrderFilled)] == [
        account.venue.placed[before - 1].client_id
    ]
    assert "refused-on-a-full-disk" in {each.signal_id for each in kept if isinstance(each, OrderRefused)}
    account.signal("0.02", signal_id="after", strategy="s")
    account.advance(2)
    assert account.records(OrderIntended)[-1].signal_id == "after"
    assert_level(account)


def test_what_waits_for_room_is_bounded_and_what_does_not_fit_is_counted(
    tmp_path: Path, disk: FaultyDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_keeper, "OWED_MAX", 50)
    account = Account(tmp_path).serve()
    disk.full = True
    trade_on(account, 200)
    assert len(account.behaviour(KEEPER)._owed) == 50
    assert account.system.metrics.counters["journal_records_lost"] > 100
    disk.full = False
    account.until(lambda: account.rung("account") == "NORMAL")
    assert not account.behaviour(KEEPER)._owed
    assert_level(account)


def test_more_events_than_can_wait_restart_the_account_which_learns_them_from_the_venue(
    tmp_path: Path, disk: FaultyDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "OWED_MAX", 1)
    account = Account(tmp_path).serve()
    resting(account)
    disk.full = True
    account.move(29_980, 29_985)
    account.advance(5)
    assert account.system.metrics.counters["crashes"] >= 1
    assert account.venue.trades
    disk.full = False
    account.until(lambda: account.rung("account") == "NORMAL", within_s=120)
    account.quotes.quote()
    account.advance(3)
    assert [each.amount for each in account.records(OrderFilled)] == [trade.amount for trade in account.venue.trades]
    assert_level(account)


def test_a_disk_that_does_not_sync_leaves_only_what_shrinks_positions_until_it_does(
    tmp_path: Path, disk: FaultyDisk
) -> None:
    account = Account(tmp_path).serve()
    disk.sync_fails = True
    trade_on(account, 30)
    assert account.rung("account") == "REDUCING"
    disk.sync_fails = False
    account.until(lambda: account.rung("account") == "NORMAL")
    assert account.journal.path.name.endswith(".1"), "all of it was written anew"
    assert_level(account)
