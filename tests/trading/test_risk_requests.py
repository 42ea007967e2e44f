"""Every refusal of an explicit order with its numbers: what was compared, the bound, and where that comes from."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.trading.facts import NOW_NS, SYMBOL, accepted, books, fill, intent, market
from tests.trading.risk_facts import risk_view
from tradigrade.trading.limits import Limits
from tradigrade.trading.messages import OrderRequested, Terms
from tradigrade.trading.order_events import BalanceAdopted
from tradigrade.trading.risk import Draft, Refusal, RiskView, judge
from tradigrade.trading.risk.budgets import Bound, Grant
from tradigrade.trading.risk.compliance import Rule, make_rules
from tradigrade.trading.risk.view import Measured
from tradigrade.trading.rungs import Rung, Standing

CASH = BalanceAdopted("USDT", Decimal(10_000), NOW_NS)
STOP = Terms(stop_price=Decimal(29_000))


def request(side: Any = "buy", amount: str = "0.01", price: str | None = None, **changed: Any) -> OrderRequested:
    kind = "market" if price is None else "limit"
    limit = None if price is None else Decimal(price)
    made = OrderRequested("r1", "s", SYMBOL, side, kind, Decimal(amount), limit, NOW_NS, "by hand")
    return msgspec.structs.replace(made, **changed)


def stop_loss(amount: str = "0.02", **changed: Any) -> OrderRequested:
    return request("sell", amount, **{"type": "stop_loss", "terms": STOP, **changed})


def held(amount: str = "0.02") -> tuple[Any, ...]:
    made = intent("held", amount=amount)
    return *accepted(made), fill(made, "held", amount, "30000")


def resting(side: Any, price: str, amount: str = "0.01", strategy: str = "another") -> tuple[Any, ...]:
    return accepted(intent(f"resting {side}", side, amount, price=Decimal(price), strategy=strategy))


def view(*events: Any, **changed: Any) -> RiskView:
    return risk_view(books(CASH, *events), **changed)


def on(rung: Rung) -> dict[str, Any]:
    return {"standing": Standing(rung, "the test", ("FEED_STALE",))}


def bound(**changed: str) -> dict[str, Any]:
    return {"limits": Limits(**{name: Decimal(value) for name, value in changed.items()})}


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        (request(), {}),
        (request(price="30000"), {}),
        (request(price="25000"), {}),
        (request(price="29000", terms=Terms(post_only=True)), {}),
        (request(price="29000", terms=Terms(time_in_force="gtd", expires_ns=NOW_NS + 1)), {}),
        (request(price="29000", terms=Terms(display_amount=Decimal("0.001"))), {}),
        (stop_loss(), {}),
        (stop_loss(), on(Rung.REDUCING)),
        (stop_loss(), on(Rung.FALLBACK)),
        (stop_loss(terms=Terms(trail_bps=50, reduce_only=True)), on(Rung.REDUCING)),
        (stop_loss(type="stop_loss_limit", price=Decimal(28_900)), on(Rung.REDUCING)),
        (request("sell", "0.02", terms=Terms(reduce_only=True)), {}),
        (request(type="stop_loss", terms=Terms(stop_price=Decimal(31_000))), {}),
    ],
)
def test_an_order_is_approved_exactly_as_it_was_asked_for(asked: OrderRequested, known: dict[str, Any]) -> None:
    verdict = judge(asked, view(*held(), **known))
    assert isinstance(verdict, Draft), verdict
    assert (verdict.symbol, verdict.side, verdict.type, verdict.amount, verdict.price, verdict.terms) == (
        *(asked.symbol, asked.side, asked.type, asked.amount, asked.price),
        asked.terms,
    )


def test_a_sum_of_money_counts_with_the_most_that_it_may_buy() -> None:
    verdict = judge(request(amount="0", terms=Terms(quote_amount=Decimal(300))), view())
    assert isinstance(verdict, Draft)
    assert verdict.amount == Decimal("0.01011"), "300 at one per cent below the ask, and a step"
    assert verdict.worst_notional == 300


RULES = make_rules([Rule("no buying", side="buy", strategies=("s",))])

ROWS: list[tuple[str, dict[str, str], OrderRequested, dict[str, Any]]] = [
    ("RUNG", {"rung": "CANCEL_ONLY", "causes": "FEED_STALE"}, stop_loss(), on(Rung.CANCEL_ONLY)),
    ("RUNG", {"rung": "HALTED"}, stop_loss(), on(Rung.HALTED)),
    ("REDUCING", {"held": "0.02", "amount": "0.03"}, stop_loss("0.03"), on(Rung.REDUCING)),
    ("REDUCING", {"side": "buy"}, request(), on(Rung.REDUCING)),
    ("POSITION_NOT_FOUND", {"held": "0"}, stop_loss(strategy="none", terms=Terms(trail_bps=9, reduce_only=True)), {}),
    (
        "REDUCE_ONLY_WOULD_INCREASE_POSITION",
        {"held": "0.02"},
        request("sell", "0.03", terms=Terms(reduce_only=True)),
        {},
    ),
    (
        "REDUCE_ONLY_WOULD_INCREASE_POSITION",
        {"held": "0.02"},
        request("buy", "0.01", terms=Terms(reduce_only=True)),
        {},
    ),
    ("INSTRUMENT_NOT_FOUND", {"symbol": "NO/SUCH"}, request(symbol="NO/SUCH"), {"instrument": None}),
    ("INSTRUMENT_NOT_FOUND", {"symbol": ""}, request(symbol=""), {"instrument": None}),
    ("NO_MARKET", {}, request(), {"market": None}),
    ("STALE_MARKET", {"bound_s": "2"}, request(), {"market": market(age_ns=3_000_000_000)}),
    ("NO_CONVERSION", {}, request(), {"quote_rate": None}),
    ("VALIDATION_FAILED", {"field": "price"}, request(type="limit"), {}),
    ("VALIDATION_FAILED", {"field": "price"}, request(price="30000", type="market"), {}),
    ("VALIDATION_FAILED", {"field": "stop_price"}, request("sell", type="stop_loss"), {}),
    ("VALIDATION_FAILED", {"field": "stop_price"}, request(terms=STOP), {}),
    ("VALIDATION_FAILED", {"field": "trail_bps"}, stop_loss(terms=Terms(trail_bps=10_000)), {}),
    ("VALIDATION_FAILED", {"field": "trail_bps"}, stop_loss(terms=Terms(stop_price=Decimal(1), trail_bps=-1)), {}),
    ("VALIDATION_FAILED", {"field": "display_amount"}, request(terms=Terms(display_amount=Decimal(1))), {}),
    ("UNSUPPORTED_QUOTE_AMOUNT", {}, request(price="30000", terms=Terms(quote_amount=Decimal(9))), {}),
    ("UNSUPPORTED_POST_ONLY", {}, request(terms=Terms(post_only=True)), {}),
    ("UNSUPPORTED_POST_ONLY", {}, request(price="29000", terms=Terms(post_only=True, time_in_force="ioc")), {}),
    ("POST_ONLY_WOULD_TAKE", {"touch": "30001"}, request(price="30001", terms=Terms(post_only=True)), {}),
    ("PRICE_PRECISION", {"price": "30000.001", "step": "0.01"}, request(price="30000.001"), {}),
    ("PRICE_PRECISION", {"stop_price": "29000.001"}, stop_loss(terms=Terms(stop_price=Decimal("29000.001"))), {}),
    ("QUANTITY_PRECISION", {"amount": "0.0100001", "step": "0.00001"}, request(amount="0.0100001"), {}),
    ("QUANTITY_EXCEEDS_MAXIMUM", {"bound": "9000"}, request(amount="9001"), {}),
    ("NOTIONAL_BELOW_MINIMUM", {"bound": "5", "from": "the venue"}, request(amount="0.0001"), {}),
    ("MISSING_EXPIRE_TIME", {}, request(price="29000", terms=Terms(time_in_force="gtd")), {}),
    ("EXPIRE_TIME_IN_PAST", {}, request(price="29000", terms=Terms(time_in_force="gtd", expires_ns=NOW_NS)), {}),
    ("VALIDATION_FAILED", {"field": "expires_ns"}, request(terms=Terms(expires_ns=NOW_NS)), {}),
    ("STOP_PRICE_REACHED", {"touch": "29999"}, stop_loss(terms=Terms(stop_price=Decimal(30_000))), {}),
    ("STOP_PRICE_REACHED", {}, stop_loss(type="take_profit"), {}),
    ("PRICE_OFF_MARKET", {"bound": "100"}, request(price="30400"), {}),
    ("PRICE_OFF_MARKET", {"bound": "5000"}, request(price="14000"), {}),
    ("PRICE_OFF_MARKET", {"touch": "29000"}, stop_loss(type="stop_loss_limit", price=Decimal(28_000)), {}),
    ("RESTRICTED", {"rule": "no buying", "rules": RULES.version}, request(), {"rules": RULES}),
    (
        "NOTIONAL_EXCEEDS_MAX_PER_ORDER",
        {"from": "max_order_notional of the account, limits 1"},
        request(amount="1"),
        {},
    ),
    ("NOTIONAL_EXCEEDS_MAX_PER_ORDER", {"bound": "500.00"}, request(amount="0.02"), {"scale": Decimal("0.25")}),
    (
        "NOTIONAL_EXCEEDS_MAX_PER_ORDER",
        {"notional": "2272.57575"},
        request(amount="0.05", type="stop_loss", terms=Terms(trail_bps=5_000)),
        {},
    ),
    (
        "NOTIONAL_EXCEEDS_MAX_PER_ORDER",
        {"notional": "9000"},
        request(amount="0", terms=Terms(quote_amount=Decimal(9_000))),
        bound(max_price_deviation_bps="20000"),
    ),
    ("POSITION_LIMIT", {"bound": "700"}, request(), bound(max_order_notional="600", max_position_notional="700")),
    ("CONCENTRATION_LIMIT", {"bound": "500.00"}, request(), bound(max_concentration="0.05")),
    ("GROSS_EXPOSURE_LIMIT", {"gross": "900.0300000000"}, request(), bound(max_gross_notional="900")),
    ("NET_EXPOSURE_LIMIT", {"net": "900.0300000000"}, request(), bound(max_net_notional="900")),
    ("LEVERAGE_LIMIT", {"bound": "500.00"}, request(), bound(max_leverage="0.05")),
    ("STRATEGY_BUDGET", {"bound": "700"}, request(), bound(max_strategy_notional="700")),
    ("STRATEGY_BUDGET", {"bound": "500.00"}, request(), bound(max_strategy_fraction="0.05")),
    ("EQUITY_UNKNOWN", {}, request(), {"equity": None}),
    ("EQUITY_STALE", {"age_s": "60.000"}, request(), {"equity": Measured(Decimal(1), NOW_NS - 60_000_000_001)}),
    ("CONCENTRATION_LIMIT", {"bound": "0"}, request(), {"equity": Measured(Decimal(-1), NOW_NS)}),
    (
        "BUDGET_EXCEEDED",
        {"bound": "900", "from": "the budget granted to the account"},
        request(),
        {"grant": Grant(Bound(Decimal(900), Decimal(9), NOW_NS + 1), None)},
    ),
    ("BUDGET_EXCEEDED", {"bound": "9"}, request(), {"grant": Grant(Bound(Decimal(1_000), Decimal(9), NOW_NS), None)}),
    (
        "LOSS_BUDGET_EXCEEDED",
        {"lost": "101", "bound": "100"},
        request(),
        {"grant": Grant(None, Bound(Decimal(100), Decimal(9), NOW_NS + 1)), "lost": Decimal(101)},
    ),
    ("RATE_LIMIT_EXCEEDED", {"last_s": "20"}, request(), {"orders_last_s": 20}),
    (
        "RATE_LIMIT_EXCEEDED",
        {"last_s": "3", "from": "max_strategy_orders_per_s of the account, limits 1"},
        request(),
        {"strategy_orders_last_s": 3, **bound(max_strategy_orders_per_s="3")},
    ),
    ("NOTIONAL_EXCEEDS_FREE_BALANCE", {"currency": "BTC", "free": "0.02"}, request("sell", "0.03", strategy="x"), {}),
]


@pytest.mark.parametrize(("code", "numbers", "asked", "known"), ROWS)
def test_what_must_not_be_is_refused_with_its_code_and_numbers(
    code: str, numbers: dict[str, str], asked: OrderRequested, known: dict[str, Any]
) -> None:
    refusal = judge(asked, view(*held(), **known))
    assert isinstance(refusal, Refusal), refusal
    assert (refusal.code, {name: refusal.numbers.get(name) for name in numbers}) == (code, numbers), refusal


@pytest.mark.parametrize("field", ["amount", "price", "stop_price", "display_amount", "quote_amount"])
@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity", "-1", "0", "1E+16"])
def test_a_number_that_is_none_is_never_an_order(field: str, number: str) -> None:
    value = Decimal(number)
    if field in ("amount", "price"):
        asked = msgspec.structs.replace(request(price="30000"), **{field: value})
    else:
        asked = request(price="30000", terms=Terms(**{field: value}))
    refusal = judge(asked, view())
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.numbers["field"]) == ("VALIDATION_FAILED", field)
    assert refusal.numbers["found"] == number


def test_a_request_that_has_its_intent_is_refused() -> None:
    refusal = judge(request(), view(intent(signal_id="r1", strategy="another")))
    assert refusal == Refusal("DUPLICATE_SIGNAL", {"signal_id": "r1"})


def test_reducing_counts_what_the_strategys_own_orders_close_already() -> None:
    selling = accepted(intent("selling", "sell", "0.015", price=Decimal(31_000)))
    verdict = judge(stop_loss("0.01"), view(*held(), *selling, **on(Rung.REDUCING)))
    assert isinstance(verdict, Refusal)
    assert (verdict.code, verdict.numbers["held"]) == ("REDUCING", "0.005")


@pytest.mark.parametrize(
    ("events", "asked", "crosses"),
    [
        (resting("buy", "29999"), request("sell", "0.01"), True),
        (resting("buy", "29990"), request("sell", "0.01"), False),
        (resting("buy", "29990"), request("sell", "0.01", price="29990"), True),
        (resting("buy", "29990"), request("sell", "0.01", price="29990.01"), False),
        (resting("buy", "29990"), stop_loss("0.01"), False),
    ],
)
def test_an_order_that_would_meet_one_of_our_own_is_refused(
    events: tuple[Any, ...], asked: OrderRequested, crosses: bool
) -> None:
    verdict = judge(asked, view(*held(), *events))
    assert isinstance(verdict, Refusal) == crosses, verdict
    assert not crosses or verdict.code == "SELF_TRADE"  # type: ignore[union-attr]


def test_a_market_order_larger_than_the_touch_may_reach_further() -> None:
    thin = msgspec.structs.replace(market(), bid_size=Decimal("0.001"))
    verdict = judge(request("sell", "0.01"), view(*held(), *resting("buy", "29990"), market=thin))
    assert isinstance(verdict, Refusal)
    assert verdict.code == "SELF_TRADE"


@pytest.mark.parametrize(
    ("name", "whose"), [("max_open_orders", "x"), ("max_symbol_orders", "x"), ("max_strategy_orders", "s")]
)
def test_open_orders_are_bounded_but_for_what_shrinks_a_position(name: str, whose: str) -> None:
    known = view(*held(), *resting("buy", "20000", strategy=whose), **bound(**{name: "1"}))
    refusal = judge(request(), known)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.numbers["open"], refusal.numbers["bound"]) == ("TOO_MANY_OPEN_ORDERS", "1", "1")
    assert isinstance(judge(stop_loss(), known), Draft)


def test_an_exception_in_a_check_refuses() -> None:
    broken = view()._replace(quote_rate=Decimal("sNaN"))
    refusal = judge(request(), broken)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "CHECK_FAILED"
