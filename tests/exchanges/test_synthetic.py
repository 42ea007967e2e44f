"""The synthetic market is consistent, repeatable to the byte, and moves enough to learn from."""

import hashlib
import json
import math
import os
import subprocess
import sys
from decimal import Decimal
from itertools import islice, pairwise
from random import Random

import pytest

from tradigrade.exchanges.binance.decoder import decode
from tradigrade.exchanges.binance.synchronizer import BookSynchronizer
from tradigrade.exchanges.book_sync import BookSnapshot, StreamOpened
from tradigrade.exchanges.market_events import DepthEvent, TickerEvent, TradeEvent
from tradigrade.exchanges.simulated.price_process import (
    REGIMES,
    MarketState,
    PriceState,
    advance_market,
    advance_price,
)
from tradigrade.exchanges.simulated.source import MarketFrame, MarketSource
from tradigrade.exchanges.simulated.synthetic import MarketFault, SyntheticMarket
from tradigrade.trading.paper_listing import LISTING, OPENING_PRICES

PAIR = ("BTC/USDT", "DOGE/USDT")


def play(source: MarketSource, seconds: float) -> list[MarketFrame]:
    frames = [source.next()]
    while frames[-1].offset_ns < seconds * 1e9:
        frames.append(source.next())
    return frames


@pytest.mark.parametrize("symbol", [*list(LISTING)[:8], "DOT/USDT", "FLOW/USDT", "YFI/USDT", "DENT/USDT"])
def test_books_trades_and_tickers_tell_one_story(symbol: str) -> None:
    instrument = LISTING[symbol]
    synchronizer = BookSynchronizer()
    synchronizer.step(StreamOpened())
    synchronizer.step(BookSnapshot(0, (), ()))
    ticker = TickerEvent("", 0, Decimal(0), Decimal(0), Decimal(0), Decimal(0))
    trade_id = tickers_of_diffs = 0
    for frame in play(SyntheticMarket([symbol], seed=3), 30):
        match decode(frame.payload):
            case TradeEvent() as trade:
                assert trade.trade_id == trade_id + 1
                assert trade.price == (ticker.bid if trade.buyer_is_maker else ticker.ask)
                assert trade.size <= (ticker.bid_size if trade.buyer_is_maker else ticker.ask_size)
                assert trade.price % instrument.tick_size == trade.size % instrument.step_size == 0
                trade_id = trade.trade_id
            case TickerEvent() as found:
                assert found.update_id > ticker.update_id
                assert found.bid < found.ask
                ticker = found
            case DepthEvent() as diff:
                assert synchronizer.step(diff) == ()
                book = synchronizer.book
                assert synchronizer.live
                assert [len(side) for side in book.top(99)] == [20, 20]
                assert (book.best_bid, book.best_ask) == ((ticker.bid, ticker.bid_size), (ticker.ask, ticker.ask_size))
                assert ticker.update_id <= diff.last_id
                tickers_of_diffs += ticker.update_id == diff.last_id
    usual = 30 * 10 if list(LISTING).index(symbol) < 10 else 30 * 2
    assert trade_id > usual / 3
    assert tickers_of_diffs > usual * 2 / 3


def test_frames_come_in_order_at_some_forty_a_second_and_symbol() -> None:
    frames = play(SyntheticMarket(PAIR, seed=1), 60)
    assert frames[0].offset_ns == 0
    assert all(one.offset_ns <= other.offset_ns for one, other in pairwise(frames))
    for symbol in PAIR:
        own = [frame for frame in frames if frame.symbol == symbol]
        assert 30 * 60 <= len(own) <= 60 * 60
        assert sum(frame.stream.endswith("@depth@100ms") for frame in own) in (600, 601)
    assert {frame.stream for frame in frames} == {
        f"{name}@{channel}" for name in ("btcusdt", "dogeusdt") for channel in ("trade", "bookTicker", "depth@100ms")
    }


def test_event_times_are_those_of_the_source() -> None:
    timed = [f for f in play(SyntheticMarket(["BTC/USDT"], seed=1), 5) if not f.stream.endswith("@bookTicker")]
    first_ms = decode(timed[0].payload).event_ms
    assert all(decode(f.payload).event_ms - first_ms == f.offset_ns // 1_000_000 for f in timed)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_second_moves_several_bps_and_leans_on_the_one_before(seed: int) -> None:
    middles: list[float] = []
    for frame in play(SyntheticMarket(["BTC/USDT"], seed), 600):
        if frame.stream.endswith("@bookTicker") and frame.offset_ns // 10**9 >= len(middles):
            ticker = decode(frame.payload)
            middles.append(math.log((ticker.bid + ticker.ask) / 2))
    moves = [(later - earlier) * 1e4 for earlier, later in pairwise(middles)]
    mean_square = sum(move * move for move in moves) / len(moves)
    momentum = sum(one * other for one, other in pairwise(moves)) / (len(moves) - 1) / mean_square
    assert 2 < math.sqrt(mean_square) < 10
    assert 0.1 < momentum < 0.6


def correlation(ones: list[float], others: list[float]) -> float:
    mean, other_mean = sum(ones) / len(ones), sum(others) / len(others)
    pairs = list(zip(ones, others, strict=True))
    shared = sum((one - mean) * (other - other_mean) for one, other in pairs)
    return shared / math.sqrt(sum((o - mean) ** 2 for o in ones) * sum((o - other_mean) ** 2 for o in others))


def moves_of_two(seconds: int) -> tuple[list[float], list[float], list[int]]:
    random = Random(3)
    market, prices = MarketState(), [PriceState(), PriceState()]
    moves: tuple[list[float], list[float], list[int]] = ([], [], [])
    for _ in range(seconds):
        market = advance_market(market, random, 1.0)
        moves[2].append(market.regime)
        for position in (0, 1):
            after = advance_price(prices[position], market, 1.0, random, 1.0)
            moves[position].append(after.deviation - prices[position].deviation)
            prices[position] = after
    return moves


def test_symbols_move_together_and_wild_seconds_come_in_spells() -> None:
    ones, others, regimes = moves_of_two(20_000)
    assert 0.2 < correlation(ones, others) < 0.7
    sizes = [abs(move) for move in ones]
    for lag_s in (1, 10, 30):
        assert correlation(sizes[lag_s:], sizes[:-lag_s]) > 0.05
    assert set(regimes) == set(range(len(REGIMES)))


def test_each_regime_is_what_its_name_says() -> None:
    ones, _, regimes = moves_of_two(20_000)
    by_regime = {
        regime.name: [m for m, r in zip(ones, regimes, strict=True) if REGIMES[r] is regime] for regime in REGIMES
    }
    mean = {name: sum(moves) / len(moves) for name, moves in by_regime.items()}
    size = {name: sum(map(abs, moves)) / len(moves) for name, moves in by_regime.items()}
    assert mean["falling"] < 0 < mean["rising"]
    assert size["calm"] < size["rising"] < size["wild"]


def test_takers_come_in_flocks_of_one_side() -> None:
    sides = [
        -1.0 if trade.buyer_is_maker else 1.0
        for frame in play(SyntheticMarket(["BTC/USDT"], seed=4), 300)
        if isinstance(trade := decode(frame.payload), TradeEvent)
    ]
    assert correlation(sides[1:], sides[:-1]) > 0.1


def test_a_hundred_symbols_are_one_market_of_steps_that_suit_their_prices() -> None:
    assert len(LISTING) == 100
    for symbol, instrument in LISTING.items():
        assert Decimal("1e-9") < instrument.tick_size / OPENING_PRICES[symbol] <= Decimal("0.0011")
        assert instrument.step_size * OPENING_PRICES[symbol] <= Decimal("1.5")
    frames = play(SyntheticMarket(LISTING, seed=1), 3)
    assert {frame.symbol for frame in frames} == set(LISTING)
    assert 3 * 800 < len(frames) < 3 * 2_500


def test_a_state_of_before_there_was_a_common_market_still_reads() -> None:
    market = SyntheticMarket(["BTC/USDT"], seed=9)
    state = market.state()
    del state["market"], state["symbols"]["BTC/USDT"]["excitement"], state["symbols"]["BTC/USDT"]["price"]["index"]
    market.restore(state)
    assert market.next().offset_ns == 0


def test_seeds_differ_and_a_symbol_does_not_depend_on_its_neighbours() -> None:
    alone, both = SyntheticMarket(["DOGE/USDT"], seed=5), SyntheticMarket(PAIR, seed=5)
    of_both = [frame for frame in play(both, 5) if frame.symbol == "DOGE/USDT"]
    assert list(islice(iter(alone.next, None), len(of_both))) == of_both
    assert play(SyntheticMarket(["DOGE/USDT"], seed=6), 5) != play(SyntheticMarket(["DOGE/USDT"], seed=5), 5)


@pytest.mark.parametrize("played", [0, 1, 5, 17, 400])
def test_a_restored_market_goes_on_where_it_was(played: int) -> None:
    market = SyntheticMarket(PAIR, seed=9)
    for _ in range(played):
        market.next()
    text = json.dumps(market.state())
    assert len(text) < 4_000
    other = SyntheticMarket(PAIR, seed=9)
    other.restore(json.loads(text))
    assert [other.next() for _ in range(300)] == [market.next() for _ in range(300)]


PROGRAM = """
import hashlib
from tradigrade.exchanges.simulated.synthetic import SyntheticMarket
market, digest = SyntheticMarket(("BTC/USDT", "DOGE/USDT"), seed=9), hashlib.sha256()
for _ in range(2_000):
    digest.update(repr(tuple(market.next())).encode())
print(digest.hexdigest())
"""


def test_another_process_with_another_hash_seed_makes_the_same_market() -> None:
    digest, market = hashlib.sha256(), SyntheticMarket(PAIR, seed=9)
    for _ in range(2_000):
        digest.update(repr(tuple(market.next())).encode())
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, check=True, text=True
        )
        assert run.stdout.strip() == digest.hexdigest()


@pytest.mark.parametrize(("symbols", "found"), [(["BTC/USDT", "NOPE/USDT"], "found NOPE/USDT"), ([], "found none")])
def test_unknown_symbols_are_a_fault_that_lists_the_known(symbols: list[str], found: str) -> None:
    with pytest.raises(MarketFault, match="expected symbols of BTC/USDT, ETH/USDT") as caught:
        SyntheticMarket(symbols, seed=1)
    assert str(caught.value).endswith(found)


@pytest.mark.parametrize(
    "change", [{"seed": 8}, {"symbols": {}}, {"index": 99}, {"index": -1}, {"step": None}, {"x": 1}]
)
def test_a_state_of_another_market_is_refused_and_changes_nothing(change: dict[str, object]) -> None:
    market = SyntheticMarket(PAIR, seed=9)
    market.next()
    before = market.state()
    with pytest.raises(MarketFault, match="expected a state"):
        market.restore({**before, **change})
    assert market.state() == before
