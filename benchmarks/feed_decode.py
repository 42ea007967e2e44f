"""From a raw market frame to exact numbers and an updated book, beside ccxt.pro's own parse of the same frames."""

import gzip
import json
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import cycle
from pathlib import Path
from typing import Any

from tradigrade.exchanges.binance.decoder import decode
from tradigrade.exchanges.binance.synchronizer import BookSynchronizer
from tradigrade.exchanges.book_sync import BookSnapshot, StreamOpened
from tradigrade.exchanges.market_events import DepthEvent

from .measure import Result, compare

NAMES = ("feed.decode.trade", "feed.decode.book_ticker", "feed.decode.depth")
REFERENCE = "ccxt.pro's handle_message, orjson included"
RECORDING = Path(__file__).parents[2] / "shared" / "data" / "streams" / "binance-spot" / "btcusdt_20230405.dat.gz"
SYMBOL = "BTC/USDT"
CALLS = 3_000
# A book of 1,000 levels around the recorded prices, which no recorded diff touches, so both sides keep equal books.
FAR_BIDS = tuple(Decimal(20_000) - step for step in range(500))
FAR_ASKS = tuple(Decimal(40_000) + step for step in range(500))


def run() -> Iterator[Result]:
    """Yields nothing, and says why on standard error, where the recording is absent."""
    if not RECORDING.exists():
        print(f"feed.decode: skipped, for there is no recording {RECORDING}", file=sys.stderr)
        return
    frames = read_frames()
    last_id = json.loads(frames["depth@100ms"][0])["U"] - 1
    reference = Reference(last_id)
    own = (decode, decode, make_book_feed(last_id))
    for name, channel, handle in zip(NAMES, ("trade", "bookTicker", "depth@100ms"), own, strict=True):
        yield compare(name, _over(frames[channel], handle), REFERENCE, _over(frames[channel], reference.handle), CALLS)


class Reference:
    """ccxt's whole way of a frame, knowing one symbol: JSON, dispatch, parse, cache. Also its own idea of a client."""

    url = "wss://stream.binance.com:9443/stream"  # the path tells ccxt that it is spot

    def __init__(self, last_id: int) -> None:
        import orjson
        from ccxt.pro import binance

        self._loads = orjson.loads
        self._exchange: Any = binance()
        names = {"id": "BTCUSDT", "symbol": SYMBOL, "base": "BTC", "quote": "USDT", "type": "spot", "spot": True}
        self._exchange.set_markets([self._exchange.safe_market_structure(names)])
        bids, asks = ([[float(price), 1.0] for price in side] for side in (FAR_BIDS, FAR_ASKS))
        self._exchange.orderbooks[SYMBOL] = self._exchange.order_book({"bids": bids, "asks": asks, "nonce": last_id})
        self.subscriptions: dict[str, Any] = {}

    def handle(self, payload: bytes) -> None:
        self._exchange.handle_message(self, self._loads(payload))

    def resolve(self, result: object, message_hash: str) -> None:
        """Nobody waits for it."""


def make_book_feed(last_id: int) -> Callable[[bytes], None]:
    """Our way of a diff: decode, check the chain of ids, update the book."""
    synchronizer = BookSynchronizer()
    synchronizer.step(StreamOpened())
    bids, asks = ([(price, Decimal(1)) for price in side] for side in (FAR_BIDS, FAR_ASKS))
    synchronizer.step(BookSnapshot(last_id, tuple(bids), tuple(asks)))

    def handle(payload: bytes) -> None:
        event = decode(payload)
        assert isinstance(event, DepthEvent)
        assert not synchronizer.step(event), "the recording has no gaps"

    return handle


def read_frames() -> dict[str, list[bytes]]:
    """The recorded frames by channel, unwrapped."""
    frames: dict[str, list[bytes]] = {}
    with gzip.open(RECORDING) as lines:
        for line in lines:
            stream, _, data = line.rstrip().partition(b'","data":')
            frames.setdefault(stream.rpartition(b"btcusdt@")[2].decode(), []).append(data[:-1])
    return frames


def _over(frames: list[bytes], handle: Callable[[bytes], object]) -> Callable[[], object]:
    """Handles the next frame at each call, and begins anew after the last."""
    following = cycle(frames)
    return lambda: handle(next(following))
