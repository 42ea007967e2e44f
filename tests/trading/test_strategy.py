from decimal import Decimal
from typing import Any, ClassVar

import pytest

from tests.trading.facts import fill, intent, market
from tradigrade.trading.strategy import Strategy, StrategyFault


class Example(Strategy):
    defaults: ClassVar[dict[str, Any]] = {"bars": 20, "share": 0.5, "name": "x", "eager": False}


def test_defaults_stand_where_nothing_is_given() -> None:
    assert Example("BTC/USDT").parameters == {"bars": 20, "share": 0.5, "name": "x", "eager": False}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"bars": 5}, 5),
        ({"share": 0.25}, 0.25),
        ({"share": 1}, 1.0),
        ({"name": "y"}, "y"),
        ({"eager": True}, True),
    ],
)
def test_a_parameter_has_the_type_of_its_default(given: dict[str, Any], expected: object) -> None:
    (name,) = given
    value = Example("BTC/USDT", given).parameters[name]
    assert (value, type(value)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"bar": 5}, r"parameter 'bar' is unknown, expected one of \['bars', 'share', 'name', 'eager'\]"),
        ({"bars": 5.5}, "'bars' must be int, got 5.5"),
        ({"bars": "5"}, "'bars' must be int, got '5'"),
        ({"bars": True}, "'bars' must be int, got True"),
        ({"eager": 1}, "'eager' must be bool, got 1"),
        ({"share": "much"}, "'share' must be float, got 'much'"),
        ({"name": 3}, "'name' must be str, got 3"),
        ({"share": None}, "'share' must be float, got None"),
    ],
)
def test_a_wrong_parameter_is_a_fault_that_says_what_was_expected(given: dict[str, Any], words: str) -> None:
    with pytest.raises(StrategyFault, match=words):
        Example("BTC/USDT", given)


def test_a_strategy_that_overrides_nothing_wants_nothing() -> None:
    strategy = Strategy("BTC/USDT")
    assert strategy.on_market(market()) is None
    strategy.on_fill(fill(intent()))
    assert strategy.position == Decimal(0)
