"""Money that comes and leaves by the venue's own doors: booked once, no profit, a difference where nobody says so."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.kit.account import EXECUTOR, LEDGER, RISK, Account, assert_level
from tradigrade.trading.order_events import FundsMoved
from tradigrade.transports.control import AcceptBalance, Acknowledged, Failed

USDT = "USDT"


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path).serve()


def test_a_deposit_is_booked_once_by_everybody_and_trading_goes_on(account: Account) -> None:
    before = account.books.balances[USDT]
    account.venue.transfer(USDT, Decimal(500))
    account.advance(1)
    (moved,) = account.records(FundsMoved)
    assert (moved.currency, moved.amount, moved.kind) == (USDT, Decimal(500), "deposit")
    assert account.books.balances[USDT] == before + 500
    for path in (LEDGER, RISK, "trader/portfolio"):
        assert account.behaviour(path).books.transferred == {USDT: Decimal(500)}
    account.advance(6)
    assert account.rung() == "NORMAL"
    assert_level(account)


def test_a_deposit_is_equity_and_no_profit(account: Account) -> None:
    account.signal("0.01")
    account.advance(1)
    before = account.behaviour("trader/portfolio")._snapshot()
    account.venue.transfer(USDT, Decimal(500))
    account.venue.transfer("BTC", Decimal("0.1"))
    account.advance(1)
    after = account.behaviour("trader/portfolio")._snapshot()
    assert after.equity == before.equity + 500 + Decimal("0.1") * 29_999
    assert after.profit == before.profit


def test_a_transfer_outlives_a_crash(account: Account) -> None:
    account.venue.transfer(USDT, Decimal(-500))
    account.advance(1)
    account.kill()
    account.boot(seed=2)
    account.serve()
    assert account.books.transferred == {USDT: Decimal(-500)}
    assert_level(account)


def test_a_balance_that_nothing_explains_is_found_at_once_and_stays_a_difference(account: Account) -> None:
    """The stream's total is compared with the books', long before the next look is due."""
    account.advance(5.1)
    account.venue.balances[USDT] += 500
    account.venue.report_balances(USDT)
    account.until(lambda: not account.verdict().equal, within_s=2.5)
    assert "balance USDT" in account.verdict().differences[0]
    account.advance(10)
    assert account.rung() == "CANCEL_ONLY"
    assert account.records(FundsMoved) == []


@pytest.mark.parametrize("away", [False, True], ids=["the stream lost it", "nobody was there"])
def test_a_transfer_that_was_not_told_is_found_in_the_venues_history(account: Account, away: bool) -> None:
    if away:
        account.kill()
    account.venue.transfer(USDT, Decimal(-500), told=False)
    if away:
        account.boot(seed=2)
    account.until(lambda: bool(account.records(FundsMoved)))
    account.until(lambda: account.rung() == "NORMAL")
    assert account.books.transferred == {USDT: Decimal(-500)}
    assert_level(account)


def test_a_balance_told_before_the_fill_that_explains_it_is_no_difference(account: Account) -> None:
    looks: list[object] = []
    gather = account.venue.gather
    account.venue.gather = lambda request: (looks.append(request), gather(request))[1]  # type: ignore[method-assign,func-returns-value]
    account.venue.stream_delay_s = lambda: 0.2
    account.signal("0.01")
    account.until(lambda: bool(account.venue.trades))
    account.venue.stream_delay_s = lambda: 0.02
    account.venue.report_balances(USDT, "BTC")
    account.advance(1.2)
    assert account.books.positions
    assert len(looks) <= 1, "only the look that is due anyway"


def test_a_difference_that_moved_since_it_was_seen_is_not_accepted_for_another(account: Account) -> None:
    """What is filled meanwhile must not be booked as an adjustment."""
    account.signal("0.01", limit="29900")
    account.advance(1)
    account.venue.balances[USDT] -= 100
    account.until(lambda: not account.verdict().equal)
    account.venue.looks_fail = True
    (order,) = account.venue.open_ids()
    account.venue.fill(order)
    account.advance(0.1)
    assert account.books.positions
    answers: list[Any] = []
    for looks_fail in (True, False):
        account.venue.looks_fail = looks_fail
        account.advance(0 if looks_fail else 4)
        account.system.ask(EXECUTOR, AcceptBalance(USDT, "a fee of the venue's", "a person"), 1.0).then(answers.append)
        account.advance(0.1)
    assert [type(answer.value) for answer in answers] == [Failed, Acknowledged]
    account.until(lambda: account.rung() == "NORMAL", 30)
    assert [moved.amount for moved in account.records(FundsMoved)] == [-100]
    assert_level(account)


def test_a_transfer_that_the_stream_tells_late_and_by_another_name_is_booked_once(account: Account) -> None:
    account.venue.transfer(USDT, Decimal(500), told=False)
    account.until(lambda: bool(account.records(FundsMoved)))
    (found,) = account.records(FundsMoved)
    account.venue._tell(msgspec.structs.replace(found, reference="as the stream has it", at_ns=found.at_ns + 2))
    account.advance(6)
    assert account.records(FundsMoved) == [found]
    account.venue.transfer(USDT, Decimal(500))
    account.advance(6)
    assert account.books.transferred == {USDT: Decimal(1_000)}, "another one of the same amount is another one"
    account.until(lambda: account.rung() == "NORMAL")
    assert_level(account)
