"""Trades that Binance tells over REST: the shape of its documentation, what the local venue says, and what is none."""

import contextlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.exchanges.test_simulated_engine import make_engine
from tests.exchanges.test_simulated_engine import trade as traded
from tradigrade.exchanges.binance.trades import decode_trades
from tradigrade.exchanges.market_events import MalformedFrame, TradeEvent, to_number
from tradigrade.exchanges.simulated import tickers

ROW = {
    "id": 28457, "price": "4.00000100", "qty": "12.00000000", "quoteQty": "48.000012", "time": 1_499_865_549_590,
    "isBuyerMaker": True, "isBestMatch": True,
}  # fmt: skip


def test_trades_are_told_by_rising_number() -> None:
    later = ROW | {"id": 28458, "isBuyerMaker": False}
    first, second = decode_trades(json.dumps([later, ROW]).encode())
    at_ms = ROW["time"]
    assert first == TradeEvent("", at_ms, at_ms, 28457, to_number("4.00000100"), to_number("12"), True)
    assert (second.trade_id, second.buyer_is_maker) == (28458, False)
    assert decode_trades(b"[]") == ()


def test_what_the_local_venue_says_is_read_as_it_was_traded() -> None:
    engine = make_engine()
    engine.observe("BTCUSDT", traded("20000", "0.5"), 1)
    (told,) = engine.market("BTCUSDT").tape.trades
    (read,) = decode_trades(msgspec.json.encode([tickers.trade(told)]))
    assert (read.trade_id, read.price, read.size) == (told.trade_id, told.price, told.size)
    assert (read.trade_ms, read.buyer_is_maker) == (told.trade_ms, told.buyer_is_maker)


@pytest.mark.parametrize(
    "change", [{"price": "NaN"}, {"price": "0"}, {"qty": "-1"}, {"time": -1}, {"time": 2**70}, {"id": "1"}, {"id": -1}]
)
def test_a_row_that_is_no_trade_spoils_the_answer(change: dict[str, object]) -> None:
    with pytest.raises(MalformedFrame):
        decode_trades(json.dumps([ROW, ROW | change]).encode())


@given(payload=st.binary(max_size=60))
def test_no_answer_breaks_the_reader(payload: bytes) -> None:
    with contextlib.suppress(MalformedFrame):
        assert decode_trades(payload) == ()
