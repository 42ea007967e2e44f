"""Bars become a market that would have made them: within the spread, repeatable, and never crossed."""

import gzip
import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradigrade.exchanges.binance.decoder import decode
from tradigrade.exchanges.binance.synchronizer import BookSynchronizer
from tradigrade.exchanges.book_sync import BookSnapshot, StreamOpened
from tradigrade.exchanges.market_events import DepthEvent, TradeEvent
from tradigrade.exchanges.simulated.bar_file import BarFileFault, read_bars, symbol_of
from tradigrade.exchanges.simulated.bar_path import PriceBar, make_path
from tradigrade.exchanges.simulated.bars_market import BarsMarket
from tradigrade.exchanges.simulated.synthetic import MarketFault

HOUR_MS = 3_600_000
BARS = [
    PriceBar(0, 20_000.0, 20_200.0, 19_900.0, 20_100.0, 50.0),
    PriceBar(HOUR_MS, 20_100.0, 20_150.0, 19_700.0, 19_800.0, 80.0),
    PriceBar(3 * HOUR_MS, 19_800.0, 19_800.0, 19_800.0, 19_800.0, 0.0),
    PriceBar(4 * HOUR_MS, 19_800.0, 20_500.0, 19_800.0, 20_500.0, 200.0),
]
prices = st.floats(0.001, 1e6)


@settings(max_examples=200, deadline=None)
@given(st.lists(prices, min_size=4, max_size=4), st.integers(4, 600), st.integers(0, 99), st.booleans())
def test_a_path_touches_both_extremes_stays_between_them_and_ends_at_the_close(
    four: list[float], steps: int, seed: int, swapped: bool
) -> None:
    low, one, other, high = sorted(four)
    bar = PriceBar(0, *((other, high, low, one) if swapped else (one, high, low, other)), volume=1.0)
    path = make_path(bar, steps, Random(seed))
    assert len(path) == steps
    assert min(path) == low or bar.open == low
    assert max(path) == high or bar.open == high
    assert all(low <= price <= high for price in path)
    assert path[-1] == bar.close


def test_books_follow_the_bars_and_trades_fold_into_them_again() -> None:
    market, book = BarsMarket("BTC/USDT", BARS, seed=1), BookSynchronizer()
    book.step(StreamOpened())
    book.step(BookSnapshot(0, (), ()))
    folded: dict[int, list[float]] = {}
    while (frame := market.next()).offset_ns < 4 * HOUR_MS * 1_000_000:
        event = decode(frame.payload)
        if isinstance(event, DepthEvent):
            assert book.step(event) == ()
            assert book.live
        elif isinstance(event, TradeEvent):
            folded.setdefault(frame.offset_ns // (HOUR_MS * 1_000_000), []).append(float(event.price))
    assert len(folded) == 4, "a bar that is missing takes no time"
    for position, bar in enumerate(BARS):
        trades = folded[position]
        for found, expected in ((max(trades), bar.high), (min(trades), bar.low), (trades[-1], bar.close)):
            assert found == pytest.approx(expected, rel=0.002)


@pytest.mark.parametrize("played", [0, 1, 700, 3_000])
def test_restored_it_goes_on_where_it_was(played: int) -> None:
    market = BarsMarket("BTC/USDT", BARS, seed=1)
    for _ in range(played):
        market.next()
    other = BarsMarket("BTC/USDT", BARS, seed=1)
    other.restore(json.loads(json.dumps(market.state())))
    assert [other.next() for _ in range(200)] == [market.next() for _ in range(200)]


def test_after_the_last_bar_comes_the_first_and_ids_go_on() -> None:
    market = BarsMarket("BTC/USDT", BARS[:2], seed=1)
    last_id = 0
    while market.loop < 2:
        event = decode(market.next().payload)
        if isinstance(event, DepthEvent):
            assert event.first_id == last_id + 1
            last_id = event.last_id


@pytest.mark.parametrize("state", [{}, {"bars": 9, "bar": 0, "step": 0, "index": 0, "book": {}}, {"x": 1}])
def test_a_state_of_another_market_is_refused(state: dict[str, object]) -> None:
    with pytest.raises(MarketFault, match="expected a state"):
        BarsMarket("BTC/USDT", BARS, seed=1).restore(state)


HEADER = "time_ms,open,high,low,close,volume\n"


@pytest.mark.parametrize("name", ["binance_BTC-USDT_1h.csv", "BTCUSD.csv", "coinbase_BTC-USD_4h.csv.gz"])
def test_a_file_of_bars_is_read_and_its_name_tells_the_pair(tmp_path: Path, name: str) -> None:
    text = (HEADER + "0,1,2,0.5,1.5,10\n60000,1.5,2,1,1,3\n").encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    assert symbol_of(path) == "BTC/USDT"
    assert read_bars(path) == [PriceBar(0, 1, 2, 0.5, 1.5, 10), PriceBar(60_000, 1.5, 2, 1, 1, 3)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: expected time_ms"),
        ("a,b\n", "line 1: expected time_ms"),
        (HEADER, "at least two bars, found 0"),
        (HEADER + "0,1,1,1,1,1\n", "at least two bars, found 1"),
        (HEADER + "0,1,1,1,1,1\n0,1,1,1,1,1\n", "line 3: expected a bar later"),
        (HEADER + "0,1,1,1,x,1\n", "line 2: expected six numbers"),
        (HEADER + "0,1,1\n", "line 2: expected six numbers"),
        (HEADER + "0,1,nan,1,1,1\n", "line 2: expected prices between"),
        (HEADER + "0,1,2,0,1,1\n", "line 2: expected prices between"),
        (HEADER + "0,3,2,1,1,1\n", "line 2: expected prices between"),
        (HEADER + "0,1,2,1,1,-1\n", "line 2: expected prices between"),
        (HEADER + "0,1,inf,1,1,1\n", "line 2: expected prices between"),
    ],
    ids=str,
)
def test_a_bad_file_is_refused_by_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "BTC-USDT_1h.csv"
    path.write_text(text)
    with pytest.raises(BarFileFault, match=said):
        read_bars(path)


@pytest.mark.parametrize("name", ["bars.csv", "NOPE-USDT.csv"])
def test_a_name_without_a_known_pair_is_refused(name: str) -> None:
    with pytest.raises(BarFileFault, match="expected a name with a pair"):
        symbol_of(Path(name))
