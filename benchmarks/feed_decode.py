"""From a raw market frame to what strategies are told, with its book, beside ccxt.pro's own way of the same frames."""

import gzip
import json
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from tradigrade.actors.feed_market import FeedMarket
from tradigrade.exchanges.binance.protocol import BinanceSpot
from tradigrade.exchanges.book_sync import BookSnapshot, StreamOpened
from tradigrade.exchanges.market_events import DepthEvent, TickerEvent, TradeEvent
from tradigrade.kernel.tuning import tune
from tradigrade.trading.quality_prices import PriceBand

from .measure import Result, result, summarise

NAMES = ("feed.decode.trade", "feed.decode.book_ticker", "feed.decode.depth")
REFERENCE = "ccxt.pro's handle_message, orjson included"
RECORDING = Path(__file__).parents[2] / "shared" / "data" / "streams" / "binance-spot" / "btcusdt_20230405.dat.gz"
SYMBOL = "BTC/USDT"
FRAMES, TURN, BATCH = 3_000, 300, 5
"""Of a kind; how many before the other way's turn; how many are timed together."""
# A book of 1,000 levels around the recorded prices, which no recorded diff touches: those are of whole cents.
FAR_BIDS = tuple(Decimal("20000.005") - step for step in range(500))
FAR_ASKS = tuple(Decimal("36330.005") + step for step in range(500))


def run() -> Iterator[Result]:
    """Yields nothing, and says why on standard error, where the recording is absent."""
    if not RECORDING.exists():
        print(f"feed.decode: skipped, for there is no recording {RECORDING}", file=sys.stderr)
        return
    frames = read_frames()
    last_id = json.loads(frames["depth@100ms"][0])["U"] - 1
    reference = Reference(last_id)
    tune()  # as every trader does once it is up
    for name, channel in zip(NAMES, ("trade", "bookTicker", "depth@100ms"), strict=True):
        own, theirs = take_turns(frames[channel][:FRAMES], make_feed(frames, last_id), reference.handle)
        yield result(name, summarise(own, BATCH), REFERENCE, summarise(theirs, BATCH))


def take_turns(frames: list[bytes], *ways: Callable[[bytes], None]) -> tuple[list[int], ...]:
    """The ns that each way took for each batch of frames. All see every frame once, and none long after another."""
    samples: tuple[list[int], ...] = tuple([] for _ in ways)
    for start in range(0, len(frames), TURN):
        for handle, taken in zip(ways, samples, strict=True):
            for first in range(start, start + TURN, BATCH):
                batch, begun_ns = frames[first : first + BATCH], time.perf_counter_ns()
                for payload in batch:
                    handle(payload)
                taken.append(time.perf_counter_ns() - begun_ns)
    return samples


class Reference:
    """ccxt's whole way of a frame, knowing one symbol: JSON, dispatch, parse, cache. Also its own idea of a client."""

    url = "wss://stream.binance.com:9443/stream"  # the path tells ccxt that it is spot

    def __init__(self, last_id: int) -> None:
        import orjson
        from ccxt.pro import binance

        self.loads = orjson.loads
        self.exchange: Any = binance()
        names = {"id": "BTCUSDT", "lowercaseId": "btcusdt", "symbol": SYMBOL, "base": "BTC", "quote": "USDT"}
        market = self.exchange.safe_market_structure(names | {"type": "spot", "spot": True})
        self.exchange.set_markets([market])
        bids, asks = ([[float(price), 1.0] for price in side] for side in (FAR_BIDS, FAR_ASKS))
        self.exchange.orderbooks[SYMBOL] = self.exchange.order_book({"bids": bids, "asks": asks, "nonce": last_id})
        self.subscriptions: dict[str, Any] = {}

    def handle(self, payload: bytes) -> None:
        self.exchange.handle_message(self, self.loads(payload))

    def resolve(self, result: object, message_hash: str) -> None:
        """Nobody waits for it."""


def make_feed(frames: dict[str, list[bytes]], last_id: int) -> Callable[[bytes], None]:
    """The feed's own way of a frame of one symbol: decoded, judged, the book brought up to it, and told in its form."""
    protocol = BinanceSpot()
    market = FeedMarket(SYMBOL, protocol.make_synchronizer(), PriceBand(), lambda _: None)
    utc_ms = json.loads(frames["trade"][0])["E"]
    market.open(0, utc_ms)
    market.synchronizer.step(StreamOpened())
    bids, asks = ([(price, Decimal(1)) for price in side] for side in (FAR_BIDS, FAR_ASKS))
    market.synchronizer.step(BookSnapshot(last_id, tuple(bids), tuple(asks)))
    (quote,) = protocol.decode(frames["bookTicker"][0])
    assert isinstance(quote, TickerEvent)
    market.band.centre(quote.bid)
    assert market.quote(quote, 0) is not None
    decode, received_ns = protocol.decode, utc_ms * 1_000_000

    def handle(payload: bytes) -> None:
        for event in decode(payload):
            if isinstance(event, TickerEvent):
                update = market.quote(event, received_ns)
            elif isinstance(event, TradeEvent):
                update = market.trade(event, received_ns)
            else:
                assert isinstance(event, DepthEvent)
                assert market.is_timely(event, received_ns)
                assert not market.synchronizer.step(event), "the recording has no gaps"
                update = market.book(event, received_ns)
            assert update is not None, "every frame is told"

    return handle


def read_frames() -> dict[str, list[bytes]]:
    """The recorded frames by channel, unwrapped."""
    frames: dict[str, list[bytes]] = {}
    with gzip.open(RECORDING) as lines:
        for line in lines:
            stream, _, data = line.rstrip().partition(b'","data":')
            frames.setdefault(stream.rpartition(b"btcusdt@")[2].decode(), []).append(data[:-1])
    return frames
