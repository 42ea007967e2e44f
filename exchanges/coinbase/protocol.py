"""How Coinbase Advanced Trade speaks of its market, as a `StreamProtocol`: snapshots in the stream, and one count of
messages for a connection. Not verified live."""

import json

from ..book_sync import BookSnapshot
from ..market_events import DepthEvent, MalformedFrame, StreamEvent
from ..stream_books import StreamedBook
from ..stream_protocol import Subscription
from .decoder import decode, sequence_of

URL = "wss://advanced-trade-ws.coinbase.com"
CHANNELS = ("level2", "market_trades", "ticker")


class CoinbaseBook(StreamedBook):
    """As `StreamedBook`; that no message was missed is for the connection to know."""

    def breaks(self, diff: DepthEvent) -> str:
        if diff.last_id >= self.last_id:
            return ""
        return f"expected a message after number {self.last_id}, found number {diff.last_id}"


class CoinbaseSpot:
    """Heartbeats keep a quiet connection open."""

    name = "coinbase"
    snapshots_in_stream = True
    keepalive: tuple[str, float] | None = None
    symbols_per_connection = 20

    def __init__(self, url: str = URL) -> None:
        self._url = url

    def venue_symbol(self, symbol: str) -> str:
        return symbol.replace("/", "-")

    def subscribe(self, symbols: tuple[str, ...]) -> Subscription:
        """The heartbeats are of no symbol."""
        texts = [self._ask("subscribe", channel, symbols) for channel in CHANNELS]
        return Subscription(self._url, (*texts, self._ask("subscribe", "heartbeats", ())), len(texts) + 1)

    def resubscribe(self, symbol: str) -> tuple[str, ...]:
        methods = ("unsubscribe", "subscribe")
        return tuple([self._ask(method, channel, (symbol,)) for method in methods for channel in CHANNELS])

    def decode(self, payload: bytes) -> tuple[StreamEvent, ...]:
        return decode(payload)

    def sequence_of(self, payload: bytes) -> int | None:
        return sequence_of(payload)

    def make_synchronizer(self) -> CoinbaseBook:
        return CoinbaseBook()

    def snapshot_url(self, symbol: str, levels: int) -> str:
        return ""

    def decode_snapshot(self, payload: bytes) -> BookSnapshot:
        raise MalformedFrame(f"expected no book over REST, found {payload[:60]!r}")

    def _ask(self, what: str, channel: str, symbols: tuple[str, ...]) -> str:
        products = {"product_ids": [self.venue_symbol(symbol) for symbol in symbols]} if symbols else {}
        return json.dumps({"type": what, "channel": channel, **products})
