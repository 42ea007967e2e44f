"""Stopping with every position closed."""

from decimal import Decimal
from pathlib import Path

from tests.kit.account import SYMBOL, Account
from tradigrade.config.risk_settings import RiskSettings


def test_more_positions_than_orders_a_second_are_closed_all(tmp_path: Path) -> None:
    account = Account(tmp_path, risk=RiskSettings(max_orders_per_s=5)).serve()
    for number in range(8):
        account.signal("0.004", strategy=f"s{number}")
        account.advance(0.3)
    assert len(account.books.strategy_positions) == 8
    account.drain("flatten")
    assert account.codes() == []
    assert account.books.positions[SYMBOL].amount < Decimal("0.0001"), "what fees left over"


def test_a_position_that_grew_past_the_limit_of_one_order_is_closed(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.066")
    account.advance(0.5)
    account.move(31_000, 31_001)
    account.drain("flatten")
    assert account.codes() == []
    assert account.books.positions[SYMBOL].amount < Decimal("0.0001")
