from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradigrade.trading.instruments import PAPER_INSTRUMENTS

BTC = PAPER_INSTRUMENTS["BTC/USDT"]
POSITIVE = st.decimals(min_value=0, max_value=10**9, places=12)
PAIRS = st.sampled_from(sorted(PAPER_INSTRUMENTS.values(), key=lambda instrument: instrument.symbol))


@pytest.mark.parametrize(
    ("price", "side", "rounded"),
    [
        ("19000.129", "buy", "19000.12"),
        ("19000.129", "sell", "19000.13"),
        ("19000.12", "buy", "19000.12"),
        ("19000.12", "sell", "19000.12"),
    ],
)
def test_a_price_is_rounded_to_the_owners_advantage(price, side, rounded):
    assert BTC.round_price(Decimal(price), side) == Decimal(rounded)


@given(PAIRS, POSITIVE)
def test_rounded_prices_bracket_the_price_within_one_tick(instrument, price):
    low, high = instrument.round_price(price, "buy"), instrument.round_price(price, "sell")
    assert low <= price <= high
    assert high - low in (0, instrument.tick_size)
    assert low % instrument.tick_size == 0


@given(PAIRS, POSITIVE)
def test_a_rounded_amount_is_on_the_step_and_never_larger(instrument, amount):
    rounded = instrument.round_amount(amount)
    assert 0 <= amount - rounded < instrument.step_size
    assert rounded % instrument.step_size == 0


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1"])
def test_what_is_no_amount_is_refused(value):
    with pytest.raises(ValueError, match="finite, non-negative"):
        BTC.round_amount(Decimal(value))
    with pytest.raises(ValueError, match="finite, non-negative"):
        BTC.round_price(Decimal(value), "buy")


def test_the_paper_pairs_are_spelled_consistently():
    for symbol, instrument in PAPER_INSTRUMENTS.items():
        assert symbol == instrument.symbol == f"{instrument.base}/{instrument.quote}"
        assert instrument.venue_symbol == instrument.base + instrument.quote
