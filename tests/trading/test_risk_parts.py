"""What stands beside the checks: losses, scales, rules, throttles, and looks at fills."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.facts import books, fill, intent
from tradigrade.trading.limits import Limits
from tradigrade.trading.messages import Terms
from tradigrade.trading.risk.compliance import Rule, decide, make_rules
from tradigrade.trading.risk.dynamic import Volatility, scale
from tradigrade.trading.risk.losses import Marks, stop, warn
from tradigrade.trading.risk.post_trade import inspect_fill
from tradigrade.trading.risk.throttle import Throttle

DAY_NS, HOUR_NS = 86_400_000_000_000, 3_600_000_000_000

STOPS = Limits(max_daily_loss=Decimal("0.05"), max_weekly_loss=Decimal("0.08"), max_drawdown=Decimal("0.10"))


@pytest.mark.parametrize(
    ("marks", "equity", "words"),
    [
        ((100, 100, 100), "95.01", ""),
        ((100, 100, 100), "95", "daily loss stop"),
        ((90, 100, 100), "92", "weekly loss stop"),
        ((90, 90, 100), "90", "drawdown stop"),
        ((100, 100, 100), "90", "drawdown stop"),
        ((0, 0, 0), "1", ""),
        ((100, 100, 100), "-5", "drawdown stop"),
    ],
)
def test_the_largest_loss_that_is_past_its_bound_stops(marks: tuple[int, ...], equity: str, words: str) -> None:
    found = stop(Marks(*map(Decimal, marks)), Decimal(equity), STOPS)
    assert found.startswith(words)
    assert bool(found) == bool(words)


def test_a_warning_comes_exactly_at_its_bound() -> None:
    marks = Marks(Decimal(10_000), Decimal(0), Decimal(0))
    assert warn(marks, Decimal("9700.01"), Limits()) == ""
    assert warn(marks, Decimal(9_700), Limits()) == "the day's loss reached 3.00% of 10000.00"
    assert warn(marks, Decimal(9_000), Limits(daily_loss_warning=None)) == ""


SCALED = Limits(calm_volatility_bps=Decimal(20), scale_from_drawdown=Decimal("0.02"))


@pytest.mark.parametrize(
    ("limits", "bps", "drawdown", "expected"),
    [
        (Limits(), 500.0, 0.09, "1"),
        (SCALED, 20.0, 0.02, "1"),
        (SCALED, 40.0, 0.0, "0.5"),
        (SCALED, 1e9, 0.0, "0.25"),
        (SCALED, 0.0, 0.06, "0.625"),
        (SCALED, 0.0, 0.5, "0.25"),
        (SCALED, 40.0, 0.06, "0.5"),
    ],
)
def test_limits_shrink_with_volatility_and_drawdown(limits: Limits, bps: float, drawdown: float, expected: str) -> None:
    assert scale(limits, bps, drawdown) == Decimal(expected)


@given(st.lists(st.tuples(st.floats(), st.integers(-(10**12), 10**15)), max_size=30))
def test_no_price_or_time_makes_a_volatility_that_is_none(steps: list[tuple[float, int]]) -> None:
    held = Volatility()
    for price, at_ns in steps:
        held = held.fold(price, at_ns)
        assert 0.0 <= held.minute_bps < float("inf")
        assert Decimal("0.25") <= scale(SCALED, held.minute_bps, 0.0) <= 1


def test_a_market_that_moves_ten_bps_a_second_is_one_of_77_a_minute() -> None:
    held, price = Volatility(), 100.0
    for second in range(1_000):
        price *= 1.001 if second % 2 else 1 / 1.001
        held = held.fold(price, (second + 1) * 10**9)
    assert held.minute_bps == pytest.approx(77.4, rel=0.01)


NIGHT = Rule("night", since="22:00", until="06:00", weekdays=(4,))
"""From Friday to Saturday."""


@pytest.mark.parametrize(
    ("rule", "asked", "now_ns", "forbids"),
    [
        (Rule("all"), ("s", "BTC/USDT", "buy"), 0, True),
        (Rule("one", symbols=("ETH/USDT",)), ("s", "BTC/USDT", "buy"), 0, False),
        (Rule("one", symbols=("BTC/USDT",), side="sell"), ("s", "BTC/USDT", "buy"), 0, False),
        (Rule("one", strategies=("s",)), ("s", "BTC/USDT", "sell"), 0, True),
        (Rule("noon", since="12:00", until="13:00"), ("s", "BTC/USDT", "buy"), 12 * HOUR_NS, True),
        (Rule("noon", since="12:00", until="13:00"), ("s", "BTC/USDT", "buy"), 13 * HOUR_NS, False),
        (Rule("thursday", weekdays=(3,)), ("s", "BTC/USDT", "buy"), 5, True),
        (NIGHT, ("s", "BTC/USDT", "buy"), DAY_NS + 21 * HOUR_NS, False),
        (NIGHT, ("s", "BTC/USDT", "buy"), DAY_NS + 22 * HOUR_NS, True),
        (NIGHT, ("s", "BTC/USDT", "buy"), 2 * DAY_NS + 5 * HOUR_NS, True),
        (NIGHT, ("s", "BTC/USDT", "buy"), 2 * DAY_NS + 6 * HOUR_NS, False),
        (NIGHT, ("s", "BTC/USDT", "buy"), 2 * DAY_NS + 22 * HOUR_NS, False),
    ],
)
def test_a_rule_forbids_what_all_of_it_applies_to(rule: Rule, asked: Any, now_ns: int, forbids: bool) -> None:
    assert (decide(make_rules([rule]), *asked, now_ns) is not None) == forbids


@pytest.mark.parametrize(
    "rule", [Rule("x", since="12:00", until="12:00"), Rule("x", since="noon"), Rule("x", weekdays=(7,))]
)
def test_a_rule_that_could_never_apply_is_refused(rule: Rule) -> None:
    with pytest.raises(ValueError, match=r"never applies|expected a time"):
        make_rules([rule])


def test_other_rules_are_another_version() -> None:
    assert make_rules([NIGHT]).version != make_rules([Rule("all")]).version == make_rules([Rule("all")]).version


def test_a_throttle_counts_the_last_second_of_all_and_of_each() -> None:
    throttle = Throttle()
    for at_ns, strategy in ((0, "one"), (1, "two"), (500_000_000, "one")):
        throttle.note(strategy, at_ns)
    assert throttle.count("one", 999_999_999) == (3, 2)
    assert throttle.count("one", 1_000_000_000) == (2, 1)
    assert throttle.count("two", 1_000_000_001) == (1, 0)
    assert throttle.count("one", 2_000_000_000) == (0, 0)


def look(price: str = "30000", fee: str = "0.3", side: Any = "buy", held: str = "0.01", **changed: Any) -> list[str]:
    made = intent("o", side, "0.01", **{"price": None, "type": "market", "reference_price": Decimal(30_000), **changed})
    order = books(made).orders["o"]
    told = fill(made, amount="0.01", price=price, fee=fee)
    return [breach.code for breach in inspect_fill(told, order, Limits(), Decimal(held))]


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({}, []),
        ({"price": "30300"}, []),
        ({"price": "30300.01"}, ["FILL_PRICE_OFF"]),
        ({"price": "29699", "side": "sell"}, ["FILL_PRICE_OFF"]),
        ({"price": "20000", "fee": "0"}, []),
        ({"fee": "3.01"}, ["FEE_TOO_HIGH"]),
        ({"fee": "-3.01"}, ["FEE_TOO_HIGH"]),
        ({"held": "0.17"}, ["POSITION_OVER_LIMIT"]),
        ({"held": "0.17", "side": "sell"}, []),
        ({"type": "stop_loss", "terms": Terms(stop_price=Decimal(29_000)), "price": "28800", "side": "sell"}, []),
    ],
)
def test_a_fill_past_its_bounds_is_a_breach(changed: dict[str, Any], codes: list[str]) -> None:
    assert look(**changed) == codes


def test_a_fill_worse_than_its_own_limit_is_a_breach() -> None:
    made = intent("o", "buy", "0.01", price=Decimal(100))
    order = books(made).orders["o"]
    assert not inspect_fill(fill(made, amount="0.01", price="100"), order, Limits(), Decimal("0.01"))
    (breach,) = inspect_fill(fill(made, amount="0.01", price="100.01"), order, Limits(), Decimal("0.01"))
    assert breach.code == "FILL_PRICE_OFF"
