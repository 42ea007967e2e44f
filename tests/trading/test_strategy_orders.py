"""The bracketed example strategy, bar by bar."""

from decimal import Decimal
from typing import Any

import pytest

from tradigrade.trading.messages import BarClosed
from tradigrade.trading.strategies.momentum import Momentum
from tradigrade.trading.strategy import StrategyFault
from tradigrade.trading.strategy_orders import Bracket

D = Decimal


def bar(number: int, close: str) -> BarClosed:
    return BarClosed("BTC/USDT", number, number + 1, D(close), D(close), D(close), D(close), D(1), 1)


def test_it_buys_after_a_bar_that_rose_and_says_where_it_will_be_out() -> None:
    strategy = Momentum("BTC/USDT", {"stop_bps": 100.0, "profit_bps": 200.0})
    assert [strategy.on_bar(bar(number, close)) for number, close in enumerate(("20000", "20001"))] == [None, None]
    order = strategy.on_bar(bar(2, "20100"))
    assert order == Bracket("buy", D("0.02487562"), D("19899.00"), D("20502.00"), id="3")


def test_it_waits_while_it_holds_something_and_for_some_bars_after_each_order() -> None:
    strategy = Momentum("BTC/USDT", {"pause_bars": 3})
    rising = [strategy.on_bar(bar(number, str(20_000 + 100 * number))) is not None for number in range(8)]
    assert rising == [False, True, False, False, True, False, False, True]
    strategy.position = D("0.01")
    assert [strategy.on_bar(bar(number, str(30_000 + 100 * number))) for number in range(4)] == [None] * 4


@pytest.mark.parametrize("parameters", [{"stop_bps": 0.0}, {"profit_bps": 5000.0}, {"entry_bps": float("nan")}])
def test_parameters_out_of_bounds_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(StrategyFault, match="must be above 0 and below 5000"):
        Momentum("BTC/USDT", parameters)
