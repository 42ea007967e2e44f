"""The feed before a scripted market port: frames in, updates out, and the truth about being live."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.kit.account import Listener
from tradigrade.actors import topics
from tradigrade.actors.feed import CONFLATE_AFTER_NS, Feed
from tradigrade.actors.feed_books import RETRY_MAX_S
from tradigrade.exchanges.binance.protocol import BinanceSpot
from tradigrade.exchanges.market import (
    FrameArrived,
    MarketWord,
    SnapshotArrived,
    SnapshotUnavailable,
    StreamsClosed,
    StreamsOpened,
)
from tradigrade.exchanges.tasks import PortBroke
from tradigrade.kernel.clock import ManualClock
from tradigrade.kernel.identity import SeededEntropy
from tradigrade.kernel.loop import VirtualLoop
from tradigrade.kernel.system import System
from tradigrade.trading.messages import FeedChanged, MarketDataUpdate, StateAsked
from tradigrade.transports.control import FeedAsked

SYMBOLS = ("BTC/USDT", "ETH/USDT")
PATH = "trader/feeds/binance"


class Market:
    """A `MarketPort` that does nothing by itself."""

    def __init__(self, protocol: BinanceSpot) -> None:
        self.protocol = protocol
        self.asked: list[tuple[str, float]] = []
        self.opened = 0
        self.closed = False
        self.resubscribed: list[str] = []
        self.searched: list[tuple[str, int, int]] = []
        self.deliver: Callable[[MarketWord], object] = lambda _: None

    def open(self, symbols: tuple[str, ...], deliver: Callable[[MarketWord], object]) -> None:
        assert symbols == SYMBOLS
        self.opened += 1
        self.deliver = deliver

    def request_snapshot(self, symbol: str, delay_s: float) -> None:
        self.asked.append((symbol, delay_s))

    def request_trades(self, symbol: str, first_id: int, limit: int) -> None:
        self.searched.append((symbol, first_id, limit))

    def resubscribe(self, symbol: str) -> None:
        self.resubscribed.append(symbol)

    def close(self) -> None:
        self.closed = True


class Stand:
    """One feed, its port and what it published."""

    def __init__(self, protocol: BinanceSpot | None = None) -> None:
        self.loop = VirtualLoop(ManualClock())
        self.system = System("trader", self.loop, self.loop.clock, SeededEntropy(1))
        self.market = Market(protocol or BinanceSpot())
        self.system.ports = {"market": self.market}
        self.heard: list[Any] = []
        heard_topics = (topics.FEEDS, *map(topics.market, SYMBOLS))
        self.system.spawn("trader/listener", lambda: Listener(self.heard, heard_topics))
        self.feed = Feed(SYMBOLS)
        self.system.spawn(PATH, lambda: self.feed)
        self.loop.run()

    def tell(self, *words: MarketWord) -> None:
        for word in words:
            self.market.deliver(word)
            self.loop.run()

    def frame(self, payload: bytes | dict[str, Any]) -> None:
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.tell(FrameArrived(data, self.loop.clock.now_ns()))

    def live(self) -> "Stand":
        self.tell(StreamsOpened(), snapshot(100))
        self.frame(depth(99, 101))
        self.heard.clear()
        return self

    def updates(self) -> list[MarketDataUpdate]:
        return [message for message in self.heard if isinstance(message, MarketDataUpdate)]

    def changes(self, symbol: str = SYMBOLS[0]) -> list[tuple[bool, str]]:
        words = [message for message in self.heard if isinstance(message, FeedChanged) and message.symbol == symbol]
        return [(word.live, word.reason) for word in words]

    def ask(self, question: Any) -> Any:
        reply = self.system.ask(PATH, question, 1.0)
        self.loop.run()
        return reply.value

    def counter(self, name: str) -> int:
        return self.system.metrics.counters.get(name, 0)


def snapshot(last_id: int, symbol: str = SYMBOLS[0]) -> SnapshotArrived:
    book = {"lastUpdateId": last_id, "bids": [["99.0", "2"]], "asks": [["101.0", "3"]]}
    return SnapshotArrived(symbol, json.dumps(book).encode())


def depth(first: int, last: int, bids: Any = (), asks: Any = (), symbol: str = "BTCUSDT") -> dict[str, Any]:
    return {"e": "depthUpdate", "E": 1_700_000_000_123, "s": symbol, "U": first, "u": last, "b": bids, "a": asks}


def ticker(bid: str = "99.5", ask: str = "100.5", symbol: str = "BTCUSDT") -> dict[str, Any]:
    return {"u": 400, "s": symbol, "b": bid, "B": "1.5", "a": ask, "A": "2.5"}


def trade(maker: bool = True, symbol: str = "BTCUSDT") -> dict[str, Any]:
    return {
        "e": "trade",
        "E": 1_700_000_000_124,
        "s": symbol,
        "t": 77,
        "p": "99.5",
        "q": "0.25",
        "T": 1_700_000_000_122,
        "m": maker,
        "M": True,
    }


def test_a_ticker_becomes_a_quote() -> None:
    stand = Stand().live()
    stand.frame({"stream": "btcusdt@bookTicker", "data": ticker()})
    (update,) = stand.updates()
    now_ns = stand.loop.clock.now_ns()
    assert (update.symbol, update.kind, update.sequence) == ("BTC/USDT", "quote", 400)
    assert (update.bid, update.bid_size, update.ask, update.ask_size) == tuple(
        map(Decimal, ("99.5", "1.5", "100.5", "2.5"))
    )
    assert (update.venue_ns, update.received_ns) == (now_ns, now_ns)


@pytest.mark.parametrize(("maker", "aggressor"), [(True, "sell"), (False, "buy")])
def test_a_trade_carries_the_touch_and_its_aggressor(maker: bool, aggressor: str) -> None:
    stand = Stand().live()
    stand.frame(ticker())
    stand.frame(trade(maker))
    update = stand.updates()[-1]
    assert (update.kind, update.sequence, update.aggressor) == ("trade", 77, aggressor)
    assert (update.price, update.size, update.bid) == (Decimal("99.5"), Decimal("0.25"), Decimal("99.5"))
    assert update.venue_ns == 1_700_000_000_122_000_000


def test_a_diff_becomes_the_best_levels_of_the_book() -> None:
    stand = Stand().live()
    stand.frame(depth(102, 103, bids=[["98.0", "7"], ["99.0", "0"]], asks=[["100.0", "1"]]))
    (update,) = stand.updates()
    assert (update.kind, update.sequence) == ("book", 103)
    assert update.bids == ((Decimal("98.0"), Decimal(7)),)
    assert update.asks == ((Decimal("100.0"), Decimal(1)), (Decimal("101.0"), Decimal(3)))


def test_a_trade_before_any_touch_is_not_told() -> None:
    stand = Stand()
    stand.tell(StreamsOpened())
    stand.frame(trade())
    assert stand.updates() == []


def test_a_symbol_is_live_once_its_book_is_in_sync_and_only_that_symbol() -> None:
    stand = Stand()
    stand.tell(StreamsOpened())
    assert stand.market.asked == [("BTC/USDT", 0.0), ("ETH/USDT", 0.0)]
    begun = (False, "no market data yet")  # told at the start: an incarnation that was killed took nothing back
    assert stand.changes() == [begun]
    stand.tell(snapshot(100))
    assert stand.changes() == [begun, (True, "the book is in sync")]
    assert stand.changes("ETH/USDT") == [begun]


def test_a_gap_ends_being_live_and_a_new_snapshot_brings_it_back() -> None:
    stand = Stand().live()
    stand.market.asked.clear()
    stand.frame(ticker())
    stand.frame(depth(105, 106))
    assert stand.changes() == [
        (False, "the book lost sync: expected a diff that begins at update 102, found 105 to 106")
    ]
    assert stand.counter("feed_resynchronisations") == 1
    stand.heard.clear()
    stand.frame(trade())
    stand.frame(depth(107, 108))
    assert stand.updates() == [], "nothing is told of a market whose touch is not known"
    stand.tell(snapshot(105))
    assert stand.changes() == [(True, "the book is in sync")]
    stand.frame(depth(109, 110, bids=[["99.2", "1"]]))
    assert stand.updates()[-1].bids[0] == (Decimal("99.2"), Decimal(1))
    assert stand.market.asked == [("BTC/USDT", 0.0)]


def test_snapshots_that_fail_are_asked_for_again_ever_later_up_to_a_bound() -> None:
    stand = Stand()
    stand.tell(StreamsOpened())
    for number in range(12):
        broken = SnapshotArrived(SYMBOLS[0], b"<html>busy</html>")
        stand.tell(SnapshotUnavailable(SYMBOLS[0], "HTTP 418") if number % 2 else broken)
    delays = [delay_s for symbol, delay_s in stand.market.asked if symbol == SYMBOLS[0]]
    assert delays[:4] == [0.0, 0.2, 0.4, 0.8]
    assert delays == sorted(delays)
    assert delays[-1] == RETRY_MAX_S
    stand.tell(snapshot(100))
    stand.frame(depth(105, 106))
    assert stand.market.asked[-1] == (SYMBOLS[0], 0.0), "a book that was live starts over"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b'{"e":"kline"}',
        b'{"e":"trade","s":"BTCUSDT"}',
        json.dumps(ticker(bid="NaN")).encode(),
    ],
)
def test_a_malformed_frame_is_counted_and_changes_nothing(payload: bytes) -> None:
    stand = Stand().live()
    stand.frame(payload)
    assert stand.counter("frames_malformed") == 1
    assert stand.heard == []
    stand.frame(ticker())
    assert len(stand.updates()) == 1


def test_a_frame_of_another_symbol_is_counted() -> None:
    stand = Stand().live()
    stand.frame(ticker(symbol="XRPUSDT"))
    assert stand.counter("frames_foreign") == 1
    assert stand.heard == []


def test_a_disconnect_is_told_of_every_symbol_and_the_streams_bring_them_back() -> None:
    stand = Stand().live()
    stand.market.asked.clear()
    stand.frame(ticker())
    stand.heard.clear()
    stand.tell(StreamsClosed("reset by peer"))
    for symbol in SYMBOLS:
        assert stand.changes(symbol)[-1] == (False, "disconnected: reset by peer")
    stand.tell(StreamsOpened())
    assert [symbol for symbol, _ in stand.market.asked] == list(SYMBOLS)
    stand.frame(trade())
    assert stand.updates() == [], "the touch from before the disconnect is forgotten"
    stand.tell(snapshot(200))
    assert stand.changes()[-1] == (True, "the book is in sync")
    assert stand.counter("feed_connections") == 2


def test_a_snapshot_that_comes_after_the_disconnect_makes_nothing_live() -> None:
    stand = Stand()
    stand.tell(StreamsOpened(), StreamsClosed("reset by peer"), snapshot(100))
    assert [live for live, _ in stand.changes()] == [False, False]


def test_whoever_asks_is_told_the_state_of_every_symbol() -> None:
    stand = Stand().live()
    stand.system.publish(topics.STATE_ASKED, StateAsked())
    stand.loop.run()
    assert stand.changes() == [(True, "the book is in sync")]
    assert stand.changes("ETH/USDT") == [(False, "no market data yet")]


def test_a_broken_port_ends_the_feed_with_its_reason() -> None:
    stand = Stand().live()
    stand.tell(PortBroke("TypeError: a bug"))
    assert PATH not in stand.system.actors
    assert stand.market.closed


def test_useful_output_counts_as_progress_and_malformed_frames_do_not() -> None:
    stand = Stand().live()
    context = stand.system.actors[PATH].context
    stand.loop.advance(5)
    stand.frame(b"{")
    assert context.progressed_ns < stand.loop.clock.monotonic_ns()
    stand.frame(ticker())
    assert context.progressed_ns == stand.loop.clock.monotonic_ns()


# -- load -------------------------------------------------------------------------------------------------------------


def late_frames(stand: Stand, count: int) -> list[FrameArrived]:
    old_ns = stand.loop.clock.now_ns() - CONFLATE_AFTER_NS - 1
    quotes = [ticker(f"99.{number:02}") | {"u": 500 + number} for number in range(count)]
    trades = [trade() | {"t": 100 + number} for number in range(count)]
    frames = [frame for pair in zip(quotes, trades, strict=True) for frame in pair]
    return [FrameArrived(json.dumps(frame).encode(), old_ns) for frame in frames]


def test_of_data_told_late_only_the_newest_quote_waits_and_every_trade() -> None:
    stand = Stand().live()
    for frame in late_frames(stand, 20):
        stand.market.deliver(frame)
    stand.loop.run()
    kinds = [update.kind for update in stand.updates()]
    assert kinds.count("trade") == 20
    assert [update.sequence for update in stand.updates() if update.kind == "trade"] == list(range(100, 120))
    assert stand.updates()[-1].bid == Decimal("99.19"), "the touch is the newest"
    listener = stand.system.actors["trader/listener"]
    assert kinds.count("quote") + listener.conflated == 20
    assert listener.conflated > 0
    (view, _) = stand.ask(FeedAsked()).symbols
    assert (view.late, view.updates) == (20, 41)


def old_quotes(stand: Stand, symbol: str, count: int) -> list[FrameArrived]:
    old_ns = stand.loop.clock.now_ns() - CONFLATE_AFTER_NS - 1
    quotes = [ticker(f"99.{number:02}") | {"u": 500 + number, "s": symbol} for number in range(count)]
    return [FrameArrived(json.dumps(frame).encode(), old_ns) for frame in quotes]


def test_what_newer_quotes_replaced_before_they_could_be_told_is_not_told_but_counted() -> None:
    stand = Stand().live()
    before = len(stand.updates())
    for frame in old_quotes(stand, "BTCUSDT", 60):
        stand.market.deliver(frame)
    stand.loop.run()
    told = stand.updates()[before:]
    assert told[-1].bid == Decimal("99.59")
    listener = stand.system.actors["trader/listener"]
    assert len(told) + listener.conflated + stand.counter("updates_conflated") == 60
    assert stand.counter("updates_conflated") == 59, "all that waited was seen first"


def test_what_is_late_is_told_before_anything_newer_of_its_symbol() -> None:
    stand = Stand().live()
    before = len(stand.updates())
    stand.market.deliver(old_quotes(stand, "BTCUSDT", 1)[0])
    late_trade = trade() | {"t": 100}
    stand.market.deliver(FrameArrived(json.dumps(late_trade).encode(), stand.loop.clock.now_ns()))
    stand.loop.run()
    assert [update.kind for update in stand.updates()[before:]] == ["quote", "trade"]


def test_a_frame_for_which_there_is_no_room_is_counted_and_its_gap_is_found() -> None:
    stand = Stand().live()
    stand.system.actors[PATH].mailbox.limit = 2
    for number in range(3):
        frame = depth(102 + number, 102 + number, bids=[[f"98.{number}", "1"]])
        stand.market.deliver(FrameArrived(json.dumps(frame).encode(), stand.loop.clock.now_ns()))
    stand.loop.run()
    assert stand.counter("frames_dropped") == 1
    stand.frame(depth(105, 105, bids=[["98.9", "1"]]))
    assert stand.changes()[-1] == (
        False,
        "the book lost sync: expected a diff that begins at update 104, found 105 to 105",
    )
