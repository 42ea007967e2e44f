"""How Kraken spot speaks of its market: WebSocket v2, with the book's snapshots in the stream. Not verified live."""

from typing import Any, Literal

import msgspec

from ..book_sync import BookSnapshot
from ..market_events import MalformedFrame, StreamEvent
from ..stream_protocol import Subscription
from .decoder import KrakenDecoder
from .synchronizer import KrakenBook

URL = "wss://ws.kraken.com/v2"
PING_S = 30.0
"""A connection on which nothing is said for a minute is closed."""
Depth = Literal[10, 25, 100, 500, 1000]


class KrakenSpot:
    """A `StreamProtocol`. The books made by it follow the precisions that its own decoder has heard."""

    name = "kraken"
    snapshots_in_stream = True
    keepalive: tuple[str, float] | None = ('{"method":"ping"}', PING_S)
    symbols_per_connection = 100

    def __init__(self, depth: Depth = 100, url: str = URL) -> None:
        self._url = url
        self._depth = depth
        self._decoder = KrakenDecoder()

    def venue_symbol(self, symbol: str) -> str:
        """Spelled as ccxt does."""
        return symbol

    def subscribe(self, symbols: tuple[str, ...]) -> Subscription:
        """Trades without those of before; every instrument's state and precision, which cannot be asked for singly."""
        texts = (
            _request("subscribe", channel="instrument"),
            self._book("subscribe", symbols),
            _request("subscribe", channel="ticker", symbol=symbols, event_trigger="bbo"),
            _request("subscribe", channel="trade", symbol=symbols, snapshot=False),
        )
        return Subscription(self._url, texts, 1 + 3 * len(symbols))

    def resubscribe(self, symbol: str) -> tuple[str, ...]:
        return self._book("unsubscribe", (symbol,)), self._book("subscribe", (symbol,))

    def decode(self, payload: bytes) -> tuple[StreamEvent, ...]:
        return self._decoder.decode(payload)

    def make_synchronizer(self) -> KrakenBook:
        return KrakenBook(self._decoder.precisions, self._depth)

    def snapshot_url(self, symbol: str, levels: int) -> str:
        """None over REST: its book has no checksum and no place in the stream."""
        return ""

    def decode_snapshot(self, payload: bytes) -> BookSnapshot:
        raise MalformedFrame(f"expected no book over REST, found {payload[:60]!r}")

    def _book(self, method: str, symbols: tuple[str, ...]) -> str:
        return _request(method, channel="book", symbol=symbols, depth=self._depth)


def _request(method: str, **params: Any) -> str:
    return msgspec.json.encode({"method": method, "params": params}).decode()
