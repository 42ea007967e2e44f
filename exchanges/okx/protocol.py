"""How OKX speaks of its market, as a `StreamProtocol`: v5, books with snapshots in the stream. Not verified live."""

import json

from ..book_sync import BookSnapshot
from ..market_events import MalformedFrame, StreamEvent
from ..stream_protocol import Subscription
from .decoder import decode
from .synchronizer import OkxBook

URL = "wss://ws.okx.com:8443/ws/v5/public"
CHANNELS = ("books", "trades", "bbo-tbt")
PING_S = 20.0
"""A connection on which nothing is said for 30 s is closed."""
SYMBOLS_PER_TEXT = 20


class OkxSpot:
    """Also swaps, spelled `BTC/USDT:USDT`."""

    name = "okx"
    snapshots_in_stream = True
    keepalive: tuple[str, float] | None = ("ping", PING_S)
    symbols_per_connection = 100

    def __init__(self, url: str = URL) -> None:
        self._url = url

    def venue_symbol(self, symbol: str) -> str:
        pair, _, settled = symbol.partition(":")
        return pair.replace("/", "-") + ("-SWAP" if settled else "")

    def subscribe(self, symbols: tuple[str, ...]) -> Subscription:
        """Each channel of each symbol is acknowledged by itself."""
        parts = [symbols[start : start + SYMBOLS_PER_TEXT] for start in range(0, len(symbols), SYMBOLS_PER_TEXT)]
        texts = tuple([self._ask("subscribe", part, CHANNELS) for part in parts])
        return Subscription(self._url, texts, len(symbols) * len(CHANNELS))

    def resubscribe(self, symbol: str) -> tuple[str, ...]:
        return self._ask("unsubscribe", (symbol,), CHANNELS), self._ask("subscribe", (symbol,), CHANNELS)

    def decode(self, payload: bytes) -> tuple[StreamEvent, ...]:
        return decode(payload)

    def make_synchronizer(self) -> OkxBook:
        return OkxBook()

    def snapshot_url(self, symbol: str, levels: int) -> str:
        return ""

    def decode_snapshot(self, payload: bytes) -> BookSnapshot:
        raise MalformedFrame(f"expected no book over REST, found {payload[:60]!r}")

    def _ask(self, what: str, symbols: tuple[str, ...], channels: tuple[str, ...]) -> str:
        names = [self.venue_symbol(symbol) for symbol in symbols]
        return json.dumps({"op": what, "args": [{"channel": c, "instId": name} for name in names for c in channels]})
