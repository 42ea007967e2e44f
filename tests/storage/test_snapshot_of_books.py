"""Snapshots of an account's books: those of version 1 must be readable for ever."""

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from tests.trading.facts import NOW_NS, SYMBOL, fill, intent
from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.account_journal import AccountJournal
from tradigrade.trading.books import ADOPTED, Books
from tradigrade.trading.order_events import BalanceAdopted, FundsMoved, HistoryAdopted

GOLDEN = Path(__file__).with_name("account_snapshot_v1.bin")
"""Written by version 1, never again. Two strategies: `one` bought 2 BTC at 100 and sold 0.5 at 150, with fees of 0.2
and 0.075 USDT; `two` bought 1 BTC at 110 with a fee of 0.001 BTC."""

REALISED = Decimal("23.20776092030676892297432477")


def opened(path: Path) -> AccountJournal:
    journal = AccountJournal(SystemDisk(), path)
    journal.open()
    return journal


@pytest.fixture
def books(tmp_path: Path) -> Books:
    shutil.copy(GOLDEN, tmp_path / "j.snapshot")
    journal = opened(tmp_path / "j")
    found = journal.books()
    journal.close()
    return found


def test_a_snapshot_of_version_1_still_reads(books: Books) -> None:
    held = books.positions[SYMBOL]
    assert books.balances == {"USDT": Decimal("9764.725"), "BTC": Decimal("2.499")}
    assert (held.amount, held.realised, held.fees) == (Decimal("2.499"), REALISED, Decimal("0.385"))
    assert books.strategy_positions == {("one", SYMBOL): Decimal("1.5"), ("two", SYMBOL): Decimal("0.999"),
                                        (ADOPTED, SYMBOL): Decimal(0)}  # fmt: skip
    assert len(books.open_orders()) == 1


def test_what_version_1_did_not_know_of_strategies_is_made_so_that_they_add_up_to_the_account(books: Books) -> None:
    account = books.positions[SYMBOL]
    parts = list(books.holdings.values())
    assert sum(held.realised - held.cost for held in parts) == account.realised - account.cost
    assert sum(held.fifo_realised - held.fifo_cost for held in parts) == account.realised - account.cost
    assert books.holdings[ADOPTED, SYMBOL].fees == account.fees
    one = books.holdings["one", SYMBOL]
    assert one.cost == books.capital["one", "USDT"] == pytest.approx(account.cost * one.amount / account.amount)
    assert list(one.lots) == [(one.amount, one.cost)]
    assert list(account.lots) == [(account.amount, account.cost)]


def test_a_snapshot_keeps_everything_of_the_books(tmp_path: Path) -> None:
    bought, sold = intent("b", amount="3"), intent("s", "sell", "1")
    journal = opened(tmp_path / "j")
    for event in (
        BalanceAdopted("USDT", Decimal(1000), NOW_NS),
        HistoryAdopted(SYMBOL, 0, NOW_NS),
        bought,
        fill(bought, "1", "3", "100", "0.001", "BNB"),
        sold,
        fill(sold, "2", "1", "150"),
        FundsMoved("USDT", Decimal(-50), "withdrawal", "r1", NOW_NS),
    ):
        journal.append(event)
    before = journal.books()
    journal.rotate()
    journal.close()
    journal = opened(tmp_path / "j")
    assert journal.books() == before
    assert not journal.books().apply(FundsMoved("USDT", Decimal(-50), "withdrawal", "r1", NOW_NS))
    journal.close()
