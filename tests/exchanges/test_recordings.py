"""Each recording goes through decoder, book and bars: no break, every frame used or counted with its reason.

The books are held against a plain rebuild from the raw frames by the venue's published rules, with nothing of ours.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pytest

from tests.kit.recordings import Recorded, read_days, read_session
from tradigrade.exchanges.binance.protocol import BinanceSpot
from tradigrade.exchanges.binance.usdm import BinanceUsdm
from tradigrade.exchanges.book_sync import BookReady, BookSnapshot, StreamOpened, Synchronizer
from tradigrade.exchanges.bybit.protocol import BybitSpot
from tradigrade.exchanges.coinbase.protocol import CoinbaseSpot
from tradigrade.exchanges.kraken.protocol import KrakenSpot
from tradigrade.exchanges.market_events import DepthEvent, MalformedFrame, TradeEvent
from tradigrade.exchanges.okx.protocol import OkxSpot
from tradigrade.exchanges.okx.synchronizer import DEPTH as OKX_DEPTH
from tradigrade.exchanges.stream_protocol import StreamProtocol
from tradigrade.trading.bars import BarBuilder
from tradigrade.trading.messages import BarClosed, MarketDataUpdate

MINUTE_NS = 60 * 10**9
COMPARE_EVERY = 400
ONE = Decimal(1)


class Rebuild:
    """A book as two dictionaries of texts, kept by what the venue publishes of its diffs."""

    def __init__(self) -> None:
        self.sides: tuple[dict[str, str], dict[str, str]] = ({}, {})
        self.last_id: int | None = None
        self.early: list[dict[str, Any]] = []

    def set(self, bids: Iterable[list[str]], asks: Iterable[list[str]]) -> None:
        for side, levels in zip(self.sides, (bids, asks), strict=True):
            for price, size, *_ in levels:
                if float(size):
                    side[price] = size
                else:
                    side.pop(price, None)

    def best(self, depth: int = 10**9) -> list[list[tuple[Decimal, Decimal]]]:
        sides = ([(Decimal(p), Decimal(s)) for p, s in side.items()] for side in self.sides)
        bids, asks = (sorted(side, reverse=number == 0) for number, side in enumerate(sides))
        return [bids[:depth], asks[:depth]]


def by_spot(book: Rebuild, diff: dict[str, Any]) -> None:
    """Drop what the snapshot holds; the first spans it; then each begins where the last ended."""
    if book.last_id is None:
        book.early.append(diff)
    elif diff["u"] > book.last_id:
        assert diff["U"] <= book.last_id + 1
        book.set(diff["b"], diff["a"])
        book.last_id = diff["u"]


def by_futures(book: Rebuild, diff: dict[str, Any]) -> None:
    """Drop what is older than the snapshot; from the second on each names the one before."""
    if book.last_id is None:
        book.early.append(diff)
    elif diff["u"] >= book.last_id:
        assert diff["U"] <= book.last_id or diff["pu"] == book.last_id
        book.set(diff["b"], diff["a"])
        book.last_id = diff["u"]


def by_okx(book: Rebuild, message: dict[str, Any]) -> None:
    if message["action"] == "snapshot":
        book.sides = ({}, {})
    for part in message["data"]:
        book.set(part["bids"], part["asks"])


Rule = Callable[[Rebuild, dict[str, Any]], None]


class Played:
    """A recording gone through ours and through the plain rebuild, side by side."""

    def __init__(self, protocol: StreamProtocol, rule: Rule, depth: int = 0) -> None:
        self.protocol, self.rule, self.depth = protocol, rule, depth or 10**9
        self.books: dict[str, Synchronizer] = {}
        self.plain: dict[str, Rebuild] = {}
        self.counts: Counter[str] = Counter()
        self.breaks: list[Any] = []
        self.compared = 0
        self.trades: list[tuple[int, str, str, str]] = []
        self.bars: list[BarClosed] = []
        self._builders: dict[str, BarBuilder] = {}
        self._now_ns = 0

    def play(self, recorded: Iterable[Recorded]) -> "Played":
        for one in recorded:
            self._now_ns = max(self._now_ns, one.at_ns)
            if one.symbol:
                self.snapshot(one.symbol, one.payload)
            else:
                self.frame(one.payload)
        for symbol in self.plain:
            self.compare(symbol)
        return self

    def snapshot(self, symbol: str, payload: bytes) -> None:
        self.counts["snapshot"] += 1
        self.step(symbol, self.protocol.decode_snapshot(payload))
        raw, plain = json.loads(payload), self.plain.setdefault(symbol, Rebuild())
        plain.set(raw["bids"], raw["asks"])
        plain.last_id = raw["lastUpdateId"]
        for diff in plain.early:
            self.rule(plain, diff)

    def step(self, symbol: str, event: DepthEvent | BookSnapshot) -> None:
        if symbol not in self.books:
            self.books[symbol] = self.protocol.make_synchronizer()
            self.books[symbol].step(StreamOpened())
        self.breaks += [e for e in self.books[symbol].step(event) if not isinstance(e, BookReady)]

    def frame(self, payload: bytes) -> None:
        try:
            events = self.protocol.decode(payload)
        except MalformedFrame as error:
            self.counts[str(error).partition("; ")[0].partition("found ")[2]] += 1
            return
        if not events:
            self.counts["no order's trade"] += 1
        for event in events:
            self.counts[event.kind] += 1
        if isinstance(events[0] if events else None, DepthEvent):
            self.book(payload, events)
        for event in events:
            if isinstance(event, TradeEvent):
                self.bar(event)

    def book(self, payload: bytes, events: tuple[Any, ...]) -> None:
        symbol = events[0].symbol
        for event in events:
            self.step(symbol, event)
        raw = json.loads(payload)
        self.rule(self.plain.setdefault(symbol, Rebuild()), raw.get("data", raw) if "stream" in raw else raw)
        if self.counts["book"] % COMPARE_EVERY == 0:
            self.compare(symbol)

    def compare(self, symbol: str) -> None:
        ours = self.books[symbol]
        assert ours.live
        assert [list(ours.book.levels("bid")), list(ours.book.levels("ask"))] == self.plain[symbol].best(self.depth)
        self.compared += 1

    def bar(self, event: TradeEvent) -> None:
        self.trades.append((self._now_ns // MINUTE_NS, event.symbol, str(event.price), str(event.size)))
        update = MarketDataUpdate(
            event.symbol, "trade", event.trade_ms * 10**6, self._now_ns, event.trade_id, ONE, ONE, ONE, ONE,
            price=event.price, size=event.size,
        )  # fmt: skip
        builder = self._builders.setdefault(event.symbol, BarBuilder(event.symbol, MINUTE_NS))
        self.bars += builder.update(update)

    def assert_bars_are_plain(self) -> None:
        minutes: dict[tuple[int, str], list[tuple[Decimal, Decimal]]] = {}
        for minute, symbol, price, size in self.trades:
            minutes.setdefault((minute, symbol), []).append((Decimal(price), Decimal(size)))
        for bar in self.bars:
            trades = minutes.get((bar.start_ns // MINUTE_NS, bar.symbol))
            if trades is None:
                assert (bar.trades, bar.volume) == (0, 0)
                continue
            prices, volume = [price for price, _ in trades], sum(size for _, size in trades)
            found = (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.trades)
            assert found == (prices[0], max(prices), min(prices), prices[-1], volume, len(trades))


FUTURES = "binance-usdm"
MARK = "'markPriceUpdate'"
CONTINUED = [
    pytest.param(
        ("btcusdt_20230404.dat.gz", "btcusdt_20230405.dat.gz"),
        {"book": 16_110, "quote": 44_205, "trade": 12_934, "no order's trade": 1, MARK: 514},
        id="btc 2023",
    ),
    pytest.param(
        ("btcusdt_20240718.gz", "btcusdt_20240719.gz"),
        {"book": 9_022, "quote": 52_260, "trade": 10_701},
        id="btc 2024",
    ),
    pytest.param(
        ("ethusdt_20240718.gz", "ethusdt_20240719.gz"),
        {"book": 8_929, "quote": 47_328, "trade": 13_655},
        id="eth 2024",
    ),
]


@pytest.mark.parametrize(("names", "counts"), CONTINUED)
def test_futures_of_two_days_that_go_on_over_midnight(names: tuple[str, ...], counts: dict[str, int]) -> None:
    played = Played(BinanceUsdm(), by_futures).play(read_days(*(f"{FUTURES}/{name}" for name in names)))
    assert (played.breaks, dict(played.counts)) == ([], {"snapshot": 1, **counts})
    assert played.compared > counts["book"] // COMPARE_EVERY
    assert len(played.bars) >= 5
    played.assert_bars_are_plain()


def test_spot_from_its_first_diff() -> None:
    """It has no snapshot: the book begins empty, before the first diff."""
    played = Played(BinanceSpot(), by_spot)
    recorded = list(read_days("binance-spot/btcusdt_20230405.dat.gz"))
    first_id = next(
        int(one.payload.partition(b'"U":')[2].partition(b",")[0]) for one in recorded if b'"U":' in one.payload
    )
    played.snapshot("BTCUSDT", b'{"lastUpdateId":%d,"bids":[],"asks":[]}' % (first_id - 1))
    played.play(recorded)
    assert played.breaks == []
    assert played.counts == {"snapshot": 1, "book": 3_929, "quote": 8_015, "trade": 3_144}
    played.assert_bars_are_plain()


SPOT_COUNTS = {"book": 177, "quote": 84, "snapshot": 4}
FUTURES_COUNTS = {"book": 764, "quote": 613, "snapshot": 4}
OKX_COUNTS = {"book": 290, "quote": 28, "trade": 74, "subscribed": 18}
SESSIONS = [
    pytest.param(BinanceSpot(), by_spot, "BINANCE", 0, SPOT_COUNTS, id="spot"),
    pytest.param(BinanceUsdm(), by_futures, "BINANCE_FUTURES", 0, FUTURES_COUNTS, id="futures"),
    pytest.param(OkxSpot(), by_okx, "OKX", OKX_DEPTH, OKX_COUNTS, id="okx"),
]
UNSUBSCRIBED = {"spot": {"'aggTrade'": 2, "'kline'": 2}, "futures": {"'aggTrade'": 91, "'kline'": 67}}
"""Kinds of frames that the recorder asked for, and we do not."""


@pytest.mark.parametrize(("protocol", "rule", "venue", "depth", "counts"), SESSIONS)
def test_a_session_of_several_symbols(
    protocol: StreamProtocol, rule: Rule, venue: str, depth: int, counts: dict[str, int], request: Any
) -> None:
    """OKX's has no sequence numbers, being of 2022: there each of the 290 books agrees with its checksum."""
    played = Played(protocol, rule, depth).play(read_session(venue, 1, http=venue != "OKX"))
    assert played.breaks == []
    assert dict(played.counts) == counts | UNSUBSCRIBED.get(request.node.callspec.id, {})
    assert played.compared >= len(played.books) >= 3
    played.assert_bars_are_plain()


OBSOLETE = [
    pytest.param(BybitSpot(), "BYBIT", 25, 3_330, id="bybit v2 of its streams, linear"),
    pytest.param(BybitSpot(), "BYBIT", 26, 1_090, id="bybit v2 of its streams, inverse"),
    pytest.param(CoinbaseSpot(), "COINBASE", 28, 9_900, id="coinbase pro, before Advanced Trade"),
    pytest.param(KrakenSpot(), "KRAKEN", 50, 1_000, id="kraken v1 of its streams"),
]


@pytest.mark.parametrize(("protocol", "venue", "number", "least"), OBSOLETE)
def test_a_session_in_a_protocol_of_the_past_is_refused_frame_by_frame(
    protocol: StreamProtocol, venue: str, number: int, least: int
) -> None:
    """No decoder takes a frame of another version for one of its own."""
    recorded = read_session(venue, number, http=False)
    assert len(recorded) >= least
    for one in recorded:
        with pytest.raises(MalformedFrame, match="not a market frame"):
            protocol.decode(one.payload)


def test_a_diff_that_is_missing_is_a_break() -> None:
    """What holds above is no accident of the judge."""
    recorded = read_session("OKX", 1, http=False)
    books = [number for number, one in enumerate(recorded) if b'"update"' in one.payload and b"BTC-USDT" in one.payload]
    del recorded[books[3]]
    with pytest.raises(AssertionError):
        Played(OkxSpot(), by_okx, OKX_DEPTH).play(recorded)
