"""What an account is worth: conversions and their ages, statements that add up, returns that transfers do not touch."""

import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.facts import NOW_NS, SYMBOL, books
from tests.trading.test_positions import BEGINNING, draw_fills, moved
from tradigrade.trading.equity import adjust_for_flows, equity
from tradigrade.trading.messages import MarketDataUpdate
from tradigrade.trading.positions import EXACT
from tradigrade.trading.valuation import Statement, rate, rates, state

ONE_S = 1_000_000_000


def quote(symbol: str, bid: str, ask: str, age_s: float = 0.0) -> MarketDataUpdate:
    at_ns, size = NOW_NS - round(age_s * ONE_S), Decimal(1)
    return MarketDataUpdate(symbol, "quote", at_ns, at_ns, 1, Decimal(bid), size, Decimal(ask), size)


def known(*markets: MarketDataUpdate) -> dict[str, MarketDataUpdate]:
    return {market.symbol: market for market in markets}


MARKETS = known(
    quote("BTC/USDT", "50000", "50010", 2),
    quote("ETH/BTC", "0.05", "0.06", 1),
    quote("BNB/BTC", "0.01", "0.02", 3),
    quote("BNB/EUR", "500", "510", 1),
    quote("EUR/USDT", "1.1", "1.2", 1),
)


@pytest.mark.parametrize(
    ("held", "currency", "owed", "value", "path", "age_s"),
    [
        ("USDT", "USDT", False, "1", (), None),
        ("BTC", "USDT", False, "50000", ("BTC/USDT",), 2),
        ("BTC", "USDT", True, "50010", ("BTC/USDT",), 2),
        ("BTC", "ETH", False, "16.666667", ("ETH/BTC",), 1),
        ("BTC", "ETH", True, "20", ("ETH/BTC",), 1),
        ("ETH", "USDT", False, "2500", ("ETH/BTC", "BTC/USDT"), 2),
        ("BNB", "USDT", False, "550", ("BNB/EUR", "EUR/USDT"), 1),
    ],
    ids=["itself", "direct", "owed", "turned round", "turned round, owed", "over a bridge", "the younger bridge"],
)
def test_a_rate_is_the_shortest_way_and_as_old_as_its_oldest_market(
    held: str, currency: str, owed: bool, value: str, path: tuple[str, ...], age_s: int | None
) -> None:
    found = rate(MARKETS, held, currency, owed=owed)
    assert found is not None
    assert round(found.value, 6) == Decimal(value)
    assert found.path == path
    assert found.at_ns == (None if age_s is None else NOW_NS - age_s * ONE_S)


@pytest.mark.parametrize(
    ("markets", "held", "words"),
    [
        ({}, "BTC", "no market leads from BTC to USDT"),
        (known(quote("ETH/BTC", "1", "2"), quote("SOL/ETH", "1", "2")), "SOL", "no market leads from SOL to USDT"),
        (known(quote("BTC/USDT", "0", "1")), "BTC", "no market leads from BTC to USDT"),
        (known(quote("BTC/USDT", "1", "2", age_s=6)), "BTC", "BTC/USDT is 6.000 s old, above 5.0 s"),
        (known(quote("BTC/USDT", "1", "2", age_s=-1)), "BTC", "BTC/USDT is -1.000 s old, above 5.0 s"),
    ],
    ids=["unknown", "too far", "without a bid", "too old", "of the future"],
)
def test_without_a_good_rate_nothing_is_told_and_the_reason_is(markets: Any, held: str, words: str) -> None:
    found = rates({held: Decimal(1)}, markets, "USDT", now_ns=NOW_NS, max_age_ns=5 * ONE_S)
    assert found.missing == words


def test_equity_is_cash_and_holdings_at_the_bid_and_nothing_where_one_has_no_price() -> None:
    balances = {"USDT": Decimal(100), "BTC": Decimal("0.5"), "DOGE": Decimal(7)}
    assert equity(balances, MARKETS, (SYMBOL,), "USDT") == Decimal(25_100)
    assert equity(balances, {}, (SYMBOL,), "USDT") is None
    assert equity(balances, MARKETS, (SYMBOL, "DOGE/USDT"), "USDT") is None
    assert equity({}, MARKETS, (SYMBOL,), "USDT") is None


@pytest.mark.parametrize("fifo", [False, True])
@given(st.integers(0, 2**32), st.integers(1, 10**9), st.sampled_from(["USDT", "BTC", "EUR"]))
def test_a_statement_adds_up_to_the_last_decimal(fifo: bool, seed: int, price: int, currency: str) -> None:
    """Opening + transfers + realised + unrealised - fees = equity, in any currency, whatever was traded and moved."""
    draw = random.Random(seed)
    events = [*draw_fills(draw, draw.randrange(1, 15)), moved("500"), moved("-123.456", "r2", "withdrawal")]
    draw.shuffle(events)
    btc = quote(SYMBOL, str(Decimal(price) / 100), str(Decimal(price + 1) / 100))
    markets = MARKETS | known(btc, quote("ETH/EUR", "2000", "2100"))
    told = state(books(*BEGINNING, *events), markets, currency, fifo=fifo)
    assert isinstance(told, Statement)
    sums = (told.opening, told.transferred, told.realised, told.unrealised, EXACT.minus(told.fees))
    total = Decimal(0)
    for each in sums:
        total = EXACT.add(total, each)
    assert total == told.equity


def test_a_statement_of_what_has_no_price_says_so() -> None:
    assert state(books(*BEGINNING), {}, "USDT") == "no market leads from BTC to USDT"


@pytest.mark.parametrize(
    ("level", "equity_now", "flow", "expected"),
    [
        ("100", "90", "0", "100"),
        ("100", "190", "100", "211.1111"),
        ("100", "10", "-80", "11.1111"),
        ("100", "50", "50", "50"),
        ("100", "0", "-90", "0"),
    ],
    ids=["nothing moved", "doubled", "nearly all taken", "into nothing", "all taken"],
)
def test_a_transfer_moves_a_level_so_that_the_fraction_lost_stays(
    level: str, equity_now: str, flow: str, expected: str
) -> None:
    adjusted = adjust_for_flows(Decimal(level), Decimal(equity_now), Decimal(flow))
    assert round(adjusted, 4) == Decimal(expected)
