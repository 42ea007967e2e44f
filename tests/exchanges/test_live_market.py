"""A real venue's market on the local one: whoever follows the local streams by the rules holds the real book."""

import asyncio
from collections.abc import Callable
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradigrade.exchanges.binance.decoder import decode
from tradigrade.exchanges.binance.protocol import BinanceSpot
from tradigrade.exchanges.binance.synchronizer import BookSynchronizer
from tradigrade.exchanges.book_sync import BookSnapshot, StreamOpened
from tradigrade.exchanges.market import (
    FrameArrived,
    MarketWord,
    SnapshotArrived,
    SnapshotUnavailable,
    StreamsClosed,
    StreamsOpened,
)
from tradigrade.exchanges.market_events import DepthEvent, TickerEvent, TradeEvent
from tradigrade.exchanges.simulated.live_market import LiveMarket, LivePump
from tradigrade.exchanges.simulated.market import Market
from tradigrade.exchanges.simulated.source import MarketFrame
from tradigrade.exchanges.simulated.synthetic import SyntheticMarket
from tradigrade.exchanges.tasks import PortBroke, PortFault
from tradigrade.trading.book import OrderBook
from tradigrade.trading.instruments import PAPER_INSTRUMENTS

SYMBOL = "BTC/USDT"
BEGIN_NS = 1_700_000_000 * 10**9


class RealVenue:
    """A market of its own, whose words reach the pump as a test wants; books are asked for through it."""

    protocol = BinanceSpot()

    def __init__(self, seed: int) -> None:
        self.market = Market(PAPER_INSTRUMENTS[SYMBOL])
        self.asked = 0
        self._source = SyntheticMarket([SYMBOL], seed)
        self._hear: Callable[[MarketWord], object] = lambda _: None

    def open(self, symbols: tuple[str, ...], deliver: Callable[[MarketWord], object]) -> None:
        self._hear = deliver

    def request_snapshot(self, symbol: str, delay_s: float) -> None:
        self.asked += 1

    def close(self) -> None:
        self._hear = lambda _: None

    def say(self, word: MarketWord) -> None:
        self._hear(word)

    def go_on(self, frames: int, lost: Callable[[], bool] = lambda: False) -> None:
        for _ in range(frames):
            payload = self._source.next().payload
            self.market.apply(decode(payload))
            if not lost():
                self.say(FrameArrived(payload, BEGIN_NS))

    def answer(self) -> None:
        while self.asked:
            self.asked -= 1
            book = self.market.book
            levels = {side: [[f"{p}", f"{s}"] for p, s in book.levels(side)] for side in ("bid", "ask")}
            body = {"lastUpdateId": self.market.last_update_id, "bids": levels["bid"], "asks": levels["ask"]}
            self.say(SnapshotArrived(SYMBOL, msgspec.json.encode(body)))


class Follower:
    """A client of the local streams, by the venue's published rules; it took an empty snapshot before the first."""

    def __init__(self) -> None:
        self.frames: list[MarketFrame] = []
        self.trades: list[TradeEvent] = []
        self.quote: TickerEvent | None = None
        self.book = BookSynchronizer()
        self.lost = 0

    def take(self, frame: MarketFrame) -> None:
        self.frames.append(frame)
        event = decode(frame.payload)
        if isinstance(event, DepthEvent):
            if len(self.frames) == 1:
                self.book.step(StreamOpened())
                self.book.step(BookSnapshot(event.first_id - 1, (), ()))
            self.lost += len(self.book.step(event))
        elif isinstance(event, TradeEvent):
            self.trades.append(event)
        else:
            self.quote = event


def make(seed: int = 1) -> tuple[RealVenue, Follower, LivePump, list[str]]:
    real, follower, told = RealVenue(seed), Follower(), []
    pump = LivePump(LiveMarket((SYMBOL,), real, told.append), lambda: BEGIN_NS, follower.take)
    real.open((SYMBOL,), pump.hear)
    return real, follower, pump, told


def levels(book: OrderBook) -> tuple[object, object]:
    return dict(book.levels("bid")), dict(book.levels("ask"))


def test_nothing_is_published_before_the_real_book_is_known() -> None:
    real, follower, _, _ = make()
    real.say(StreamsOpened())
    real.go_on(50)
    assert follower.frames == []


def test_the_local_book_is_the_real_one_and_so_is_the_quote() -> None:
    real, follower, pump, told = make()
    real.say(StreamsOpened())
    real.go_on(20)
    real.answer()
    real.go_on(2_000)
    assert levels(follower.book.book) == levels(real.market.book)
    assert real.market.quote is not None
    assert follower.quote is not None
    assert (follower.quote.bid, follower.quote.ask) == (real.market.quote.bid, real.market.quote.ask)
    assert [t.trade_id for t in follower.trades[-5:]] == [t.trade_id for t in list(real.market.tape.trades)[-5:]]
    assert told == ["connected"]
    assert pump.counts["published"] == len(follower.frames) > 500


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1_000), chance=st.sampled_from([0.002, 0.02, 0.2]))
def test_lost_frames_and_cut_connections_never_show_in_the_local_streams(seed: int, chance: float) -> None:
    real, follower, _, _ = make(seed)
    random = Random(seed)
    real.say(StreamsOpened())
    for _ in range(30):
        real.go_on(20, lambda: random.random() < chance)
        if random.random() < 0.1:
            real.say(StreamsClosed("cut"))
            real.go_on(7, lambda: True)
            real.say(StreamsOpened())
        if random.random() < 0.2:
            real.say(SnapshotUnavailable(SYMBOL, "busy"))
        real.answer()
    real.go_on(40)
    real.answer()
    real.go_on(10)
    assert follower.lost == 0, "the chain of ids broke, or the book crossed"
    assert levels(follower.book.book) == levels(real.market.book)


def test_silence_of_the_real_venue_is_silence_here_until_its_book_is_known_again() -> None:
    real, follower, _, told = make()
    real.say(StreamsOpened())
    real.go_on(20)
    real.answer()
    real.go_on(100)
    real.say(StreamsClosed("cut"))
    before = len(follower.frames)
    real.say(StreamsOpened())
    real.go_on(100)
    assert len(follower.frames) == before
    real.answer()
    real.go_on(10)
    assert levels(follower.book.book) == levels(real.market.book)
    assert told == ["connected", "not connected: cut", "connected"]


def test_a_venue_without_quotes_gets_those_of_its_book() -> None:
    real, follower, pump, _ = make()
    real.say(StreamsOpened())
    real.go_on(1)
    real.answer()
    for _ in range(500):
        payload = real._source.next().payload
        event = decode(payload)
        real.market.apply(event)
        if isinstance(event, DepthEvent):
            pump.hear(FrameArrived(payload, BEGIN_NS))
    best_bid, best_ask = real.market.book.best_bid, real.market.book.best_ask
    assert follower.quote is not None
    assert ((follower.quote.bid, follower.quote.bid_size), (follower.quote.ask, follower.quote.ask_size)) == (
        best_bid,
        best_ask,
    )


def test_trades_that_the_real_venue_repeats_pass_once() -> None:
    """As after a reconnect: many venues begin with their latest trades."""
    real, follower, pump, _ = make()
    real.say(StreamsOpened())
    real.answer()
    told: list[bytes] = []
    while len(told) < 30:
        payload = real._source.next().payload
        real.market.apply(event := decode(payload))
        pump.hear(FrameArrived(payload, BEGIN_NS))
        told += [payload] if isinstance(event, TradeEvent) else []
    real.say(StreamsClosed("cut"))
    real.say(StreamsOpened())
    real.go_on(20)
    real.answer()
    real.go_on(20)
    for payload in told:
        pump.hear(FrameArrived(payload, BEGIN_NS))
    ids = [trade.trade_id for trade in follower.trades]
    assert len(ids) == len(set(ids))
    assert pump.counts["repeated"] == 30


def test_ids_go_on_after_a_restart() -> None:
    real, follower, _, _ = make()
    real.say(StreamsOpened())
    real.answer()
    real.go_on(2_000)
    later = LivePump(LiveMarket((SYMBOL,), real, str), lambda: BEGIN_NS + 60 * 10**9, follower.take)
    later.hear(StreamsOpened())
    real.answer()
    last_id = follower.book.last_id
    later.hear(FrameArrived(real._source.next().payload, BEGIN_NS))
    assert last_id < (BEGIN_NS + 60 * 10**9) // 10**6 * 1_000


@pytest.mark.parametrize(
    ("payload", "counted"),
    [
        (b"{", "malformed"),
        (b'{"result":null,"id":1}', "control"),
        (b'{"e":"trade","E":1,"s":"XYZUSDT","t":1,"p":"1","q":"1","T":1,"m":true,"M":true}', "foreign"),
    ],
)
def test_what_is_no_market_of_ours_is_counted(payload: bytes, counted: str) -> None:
    _, follower, pump, _ = make()
    pump.hear(FrameArrived(payload, BEGIN_NS))
    assert pump.counts == {counted: 1}
    assert follower.frames == []


def test_a_port_that_breaks_ends_the_pump_with_its_fault() -> None:
    async def run() -> None:
        real, _, pump, _ = make()
        running = asyncio.create_task(pump.run())
        await asyncio.sleep(0)
        real.say(PortBroke("a bug"))
        with pytest.raises(PortFault, match="a bug"):
            await running

    asyncio.run(run())
