"""Every refusal of a target with its numbers."""

from decimal import Decimal
from typing import Any

import pytest

from tests.trading.facts import NOW_NS, SYMBOL, accepted, books, fill, intent, market, placed, signal
from tests.trading.risk_facts import risk_view
from tradigrade.trading.books import Books
from tradigrade.trading.limits import Limits
from tradigrade.trading.order_events import BalanceAdopted, OrderUnknown
from tradigrade.trading.risk import MARKET_SLACK, Draft, Refusal, RiskView, judge
from tradigrade.trading.rungs import Rung, Standing

LIMITS = Limits(max_orders_per_s=Decimal(5))
CASH = BalanceAdopted("USDT", Decimal(10_000), NOW_NS)


def holding(amount: str, strategy: str = "s") -> tuple[Any, ...]:
    """Events after which a strategy holds this much."""
    made = intent(f"held by {strategy}", amount=amount, strategy=strategy)
    return *accepted(made), fill(made, f"held by {strategy}", amount, "30000")


def view(*events: Any, **changed: Any) -> RiskView:
    return risk_view(books(CASH, *events), **{"limits": LIMITS, **changed})


def standing(rung: Rung) -> Standing:
    return Standing(rung, "the test")


def draft(side: Any = "buy", amount: str = "0.01", price: str | None = None) -> Draft:
    limit = None if price is None else Decimal(price)
    reference = Decimal(30_001) if side == "buy" else Decimal(29_999)
    return Draft(SYMBOL, side, "limit" if limit else "market", Decimal(amount), limit, reference)


@pytest.mark.parametrize(
    ("target", "limit", "events", "expected"),
    [
        ("0.01", None, (), draft()),
        ("0.01", "30000", (), draft(price="30000")),
        ("0.0123456789", None, (), draft(amount="0.01234")),
        ("0.01", "29999.999", (), draft(price="29999.99")),
        ("0.03", None, holding("0.02"), draft(amount="0.01")),
        ("0", None, holding("0.02"), draft("sell", "0.02")),
        ("0.01", "30000.001", holding("0.02"), draft("sell", "0.01", "30000.01")),
        ("0.01", None, holding("0.02", "another"), draft()),
    ],
)
def test_an_order_brings_the_strategy_to_its_target(
    target: str, limit: str | None, events: tuple[Any, ...], expected: Draft
) -> None:
    assert judge(signal(target, limit), view(*events)) == expected


@pytest.mark.parametrize(
    ("target", "limit", "events"),
    [
        ("0", None, ()),
        ("0", None, holding("1", "another")),
        ("0.02", None, holding("0.02")),
        ("0.000009", None, ()),
        ("0.0001", None, ()),
        ("0.00016", "29999", ()),
        ("0.02001", None, holding("0.02")),
    ],
    ids=["flat", "not mine", "met", "below the step", "3 USDT", "4.80 USDT", "nearly met"],
)
def test_a_target_met_as_nearly_as_the_smallest_order_allows_needs_nothing(
    target: str, limit: str | None, events: tuple[Any, ...]
) -> None:
    assert judge(signal(target, limit), view(*events)) is None


@pytest.mark.parametrize(
    ("code", "numbers", "asked", "known"),
    [
        ("RUNG", {"rung": "CANCEL_ONLY"}, {}, {"standing": standing(Rung.CANCEL_ONLY)}),
        ("RUNG", {"rung": "HALTED"}, {}, {"standing": standing(Rung.HALTED)}),
        ("RUNG", {"rung": "FENCED"}, {}, {"standing": standing(Rung.FENCED)}),
        ("REDUCING", {"side": "buy"}, {}, {"standing": standing(Rung.REDUCING)}),
        ("NEGATIVE_TARGET", {"target": "-1"}, {"target": "-1"}, {}),
        ("INSTRUMENT_NOT_FOUND", {"symbol": SYMBOL}, {}, {"instrument": None}),
        ("NO_MARKET", {"symbol": SYMBOL}, {}, {"market": None}),
        ("NO_MARKET", {"symbol": SYMBOL}, {}, {"market": market("0", "30001")}),
        ("NO_MARKET", {"symbol": SYMBOL}, {}, {"market": market("29999", "0")}),
        ("STALE_MARKET", {"age_s": "2.000", "bound_s": "2"}, {}, {"market": market(age_ns=2_000_000_001)}),
        ("STALE_MARKET", {"age_s": "-0.001"}, {}, {"market": market(age_ns=-1_000_000)}),
        ("CROSSED_MARKET", {"bid": "30002", "ask": "30001"}, {}, {"market": market("30002")}),
        ("CROSSED_MARKET", {"bid": "30001", "ask": "30001"}, {}, {"market": market("30001")}),
        ("PRICE_OFF_MARKET", {"touch": "30001", "deviation_bps": "100.3"}, {"limit": "29700"}, {}),
        ("PRICE_OFF_MARKET", {"touch": "30001", "deviation_bps": "1666.3"}, {"limit": "35000"}, {}),
        ("NOTIONAL_EXCEEDS_MAX_PER_ORDER", {"notional": "2030.1676700", "bound": "2000"}, {"target": "0.067"}, {}),
        (
            "NOTIONAL_EXCEEDS_MAX_PER_ORDER",
            {"bound": "1E+3"},
            {"target": "0.05"},
            {"standing": standing(Rung.FALLBACK)},
        ),
        ("RATE_LIMIT_EXCEEDED", {"last_s": "5", "bound": "5"}, {}, {"orders_last_s": 5}),
    ],
)
def test_what_must_not_be_is_refused_with_its_code_and_numbers(
    code: str, numbers: dict[str, str], asked: dict[str, Any], known: dict[str, Any]
) -> None:
    refusal = judge(signal(**asked), view(**known))
    assert isinstance(refusal, Refusal)
    assert refusal.code == code
    assert {key: Decimal(v) if key == "bound" else v for key, v in refusal.numbers.items() if key in numbers} == {
        key: Decimal(v) if key == "bound" else v for key, v in numbers.items()
    }


def test_a_signal_that_has_its_intent_is_refused() -> None:
    used = intent(signal_id="signal", strategy="another")
    refusal = judge(signal(), view(used))
    assert refusal == Refusal("DUPLICATE_SIGNAL", {"signal_id": "signal"})


@pytest.mark.parametrize("target", ["NaN", "Infinity", "sNaN"])
def test_a_number_that_is_none_is_never_an_order(target: str) -> None:
    refusal = judge(signal(target), view())
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.numbers["found"]) == ("VALIDATION_FAILED", target)


def test_reducing_lets_a_sale_through() -> None:
    verdict = judge(signal("0"), view(*holding("0.02"), standing=standing(Rung.REDUCING)))
    assert verdict == draft("sell", "0.02")


OPEN = accepted(
    intent("open", amount="0.06", strategy="another", price=Decimal(29_000), reference_price=Decimal(30_000))
)
SENT = (OPEN[0], OPEN[1])
DOUBT = (*SENT, OrderUnknown("open", "?", NOW_NS))
PARTLY = (*OPEN, fill(OPEN[0], "p", "0.03", "29000"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("events", "reserved"),
    [(OPEN, ()), (SENT, ()), (DOUBT, ()), (PARTLY, ()), ((), (draft(amount="0.06"),))],
    ids=["open", "submitted", "unknown", "partly filled", "approved"],
)
def test_everything_that_may_still_fill_counts_toward_the_position(
    events: tuple[Any, ...], reserved: tuple[Draft, ...]
) -> None:
    roomy = Limits(max_order_notional=Decimal(5_000))
    assert isinstance(judge(signal("0.10"), view(*events, reserved=reserved, limits=roomy)), Draft | Refusal)
    refusal = judge(signal("0.107"), view(*events, reserved=reserved, limits=roomy))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "POSITION_LIMIT"
    worst = Decimal(refusal.numbers["worst"])
    assert worst == Decimal("0.167") * 30_001


@pytest.mark.parametrize(
    ("events", "reserved"),
    [(OPEN, ()), (DOUBT, ()), (PARTLY, ())],
    ids=["open", "unknown", "partly filled"],
)
def test_everything_that_may_still_fill_counts_toward_the_balance(
    events: tuple[Any, ...], reserved: tuple[Draft, ...]
) -> None:
    poor = books(BalanceAdopted("USDT", Decimal(2_000), NOW_NS), *events)
    refusal = judge(signal("0.01"), risk_view(poor, reserved=reserved))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "NOTIONAL_EXCEEDS_FREE_BALANCE"
    assert Decimal(refusal.numbers["free"]) == 2_000 - Decimal("0.06") * 29_000
    assert Decimal(refusal.numbers["needed"]) == Decimal("0.01") * 30_001 * MARKET_SLACK


def test_a_market_order_is_reserved_with_slack_until_it_fills() -> None:
    sent = intent("m", amount="0.05", strategy="x", type="market", price=None, reference_price=Decimal(30_000))
    poor = books(BalanceAdopted("USDT", Decimal(2_000), NOW_NS), sent, placed(sent))
    refusal = judge(signal("0.02"), risk_view(poor))
    assert isinstance(refusal, Refusal)
    assert Decimal(refusal.numbers["free"]) == 2_000 - Decimal("0.05") * 30_000 * MARKET_SLACK


def test_a_sale_counts_the_sales_that_are_under_way() -> None:
    selling = intent("selling", "sell", "0.015", strategy="another", symbol=SYMBOL)
    events = (*holding("0.02"), *accepted(selling))
    refusal = judge(signal("0"), view(*events))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "NOTIONAL_EXCEEDS_FREE_BALANCE"
    assert (refusal.numbers["needed"], refusal.numbers["free"], refusal.numbers["currency"]) == (
        "0.02000",
        "0.005",
        "BTC",
    )


def test_an_account_without_a_balance_buys_nothing() -> None:
    refusal = judge(signal(), risk_view(Books()))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "ACCOUNT_NOT_FOUND"


def test_an_order_under_way_of_the_same_strategy_counts_as_filled() -> None:
    mine = accepted(intent("mine", amount="0.01", price=Decimal(29_900)))
    assert judge(signal("0.01"), view(*mine)) is None
    assert judge(signal("0.03"), view(*mine)) == draft(amount="0.02")


def test_an_order_in_doubt_is_not_sold_before_it_arrived() -> None:
    mine = intent("mine", amount="0.01")
    assert judge(signal("0"), view(mine, placed(mine), OrderUnknown("mine", "?", NOW_NS))) is None
