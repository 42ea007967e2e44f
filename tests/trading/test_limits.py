"""Limits as data: what is no limit is refused with its field, and a change makes another version or nothing."""

from decimal import Decimal
from typing import Any

import pytest

from tradigrade.config.limits import configured_limits
from tradigrade.config.risk_settings import OverrideSettings, RiskSettings
from tradigrade.trading.limit_book import LimitBook, change, make_book, make_scope
from tradigrade.trading.limits import SPECS, LimitFault, Limits, make_limits, values_of

SYMBOL, STRATEGY = "symbol BTC/USDT", "strategy s"


def test_every_limit_has_its_unit_its_scope_and_its_words() -> None:
    assert list(SPECS) == list(values_of(Limits()))


def test_the_configuration_has_the_defaults_of_the_limits() -> None:
    assert configured_limits(RiskSettings()).account == Limits()


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-1", "0", "1E+16", "many", ""])
def test_a_value_that_is_no_bound_is_refused_with_its_field(name: str, value: str) -> None:
    with pytest.raises(LimitFault, match=f"^{name}: expected .*, found") as caught:
        make_limits({name: value})
    assert caught.value.field == name


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"max_order_notional": 3, "max_position_notional": 2}, "max_order_notional: .* at most max_position_notional"),
        ({"max_position_notional": 5_000, "max_gross_notional": 4_000}, r"max_gross_notional \(4000\), found 5000"),
        ({"max_symbol_orders": 5, "max_open_orders": 4}, "max_symbol_orders"),
        ({"max_strategy_orders_per_s": 21}, "max_orders_per_s"),
        ({"daily_loss_warning": 0.05, "max_daily_loss": 0.04}, "daily_loss_warning"),
        ({"scale_from_drawdown": 0.2}, "max_drawdown"),
        ({"max_open_orders": 1.5}, "a whole number"),
        ({"max_drawdown": None}, "a bound"),
        ({"max_concentration": "1.1"}, "at most 1"),
    ],
)
def test_limits_that_contradict_each_other_are_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(LimitFault, match=words):
        make_limits(values)


@pytest.mark.parametrize(
    ("name", "scope", "value", "words"),
    [
        ("max_ordr_notional", "account", "1", "expected one of max_order_notional"),
        ("max_order_notional", "account", "5001", "at most max_position_notional"),
        ("max_order_notional", SYMBOL, "5001", f"max_order_notional of {SYMBOL}"),
        ("max_position_notional", SYMBOL, "1999", "max_order_notional of"),
        ("max_leverage", SYMBOL, "1", "no override: it is a limit of the account"),
        ("max_position_notional", STRATEGY, "3000", "no override: it is a limit of the symbol"),
        ("max_strategy_notional", SYMBOL, "3000", "no override: it is a limit of the strategy"),
        ("max_order_notional", SYMBOL, None, "an override to end"),
        ("max_order_notional", "account", None, "a bound"),
    ],
)
def test_a_change_that_does_not_fit_changes_nothing(name: str, scope: str, value: str | None, words: str) -> None:
    with pytest.raises(LimitFault, match=words):
        change(LimitBook(), name, scope, None if value is None else Decimal(value))


def test_the_nearest_scope_counts_and_of_two_the_smaller() -> None:
    book = make_book({}, {SYMBOL: {"max_order_notional": 1_000}, STRATEGY: {"max_order_notional": 500}})
    resolved = {own: book.resolve(*own).max_order_notional for own in (("x", "ETH/USDT"), ("x", "BTC/USDT"))}
    assert resolved == {("x", "ETH/USDT"): 2_000, ("x", "BTC/USDT"): 1_000}
    assert book.resolve("s", "BTC/USDT").max_order_notional == 500
    assert book.source("max_order_notional", "s", "BTC/USDT") == f"max_order_notional of {STRATEGY}, limits 1"
    assert book.source("max_order_notional", "x", "BTC/USDT") == f"max_order_notional of {SYMBOL}, limits 1"
    assert book.source("max_order_notional", "x", "ETH/USDT") == "max_order_notional of the account, limits 1"


def test_a_change_makes_the_next_version_and_back_again_another() -> None:
    first = LimitBook()
    second = change(first, "max_order_notional", "account", Decimal(1_000))
    third = change(second, "max_order_notional", "account", Decimal(2_000))
    assert [book.number for book in (first, second, third)] == [1, 2, 3]
    assert len({first.version, second.version, third.version}) == 3
    assert third.account == first.account


def test_an_override_that_ends_leaves_nothing() -> None:
    book = change(LimitBook(), "max_symbol_orders", SYMBOL, Decimal(3))
    assert book.resolve("s", "BTC/USDT").max_symbol_orders == 3
    assert change(book, "max_symbol_orders", SYMBOL, None).overrides == {}


def test_a_symbol_and_a_strategy_at_once_are_no_scope() -> None:
    assert (make_scope(), make_scope("BTC/USDT"), make_scope("", "s")) == ("account", SYMBOL, STRATEGY)
    with pytest.raises(LimitFault, match="a symbol or a strategy"):
        make_scope("BTC/USDT", "s")


def test_overrides_of_the_configuration_are_of_the_first_version() -> None:
    overrides = (
        OverrideSettings(symbol="BTC/USDT", limits={"max_order_notional": 900}),
        OverrideSettings(symbol="BTC/USDT", limits={"max_concentration": 0.5}),
    )
    limits = configured_limits(RiskSettings(overrides=overrides)).resolve("s", "BTC/USDT")
    assert (limits.max_order_notional, limits.max_concentration) == (900, Decimal("0.5"))
