"""How Bybit speaks of its market, as a `StreamProtocol`: v5, books with snapshots in the stream. Not verified live."""

import json

from ..book_sync import BookSnapshot
from ..market_events import DepthEvent, MalformedFrame, StreamEvent
from ..stream_books import StreamedBook
from ..stream_protocol import Subscription
from .decoder import decode

URL = "wss://stream.bybit.com/v5/public/spot"
DEPTH = 50
PING_S = 20.0
TOPICS_PER_TEXT = 10
"""The most that spot takes at once."""


class BybitBook(StreamedBook):
    """As `StreamedBook`: each update has the next number."""

    def breaks(self, diff: DepthEvent) -> str:
        if diff.first_id == self.last_id + 1:
            return ""
        return f"expected update {self.last_id + 1}, found {diff.first_id}"


class BybitSpot:
    """Also linear contracts, spelled `BTC/USDT:USDT`, with the address of theirs."""

    name = "bybit"
    snapshots_in_stream = True
    keepalive: tuple[str, float] | None = ('{"op":"ping"}', PING_S)
    symbols_per_connection = 50

    def __init__(self, url: str = URL) -> None:
        self._url = url

    def venue_symbol(self, symbol: str) -> str:
        return symbol.partition(":")[0].replace("/", "")

    def subscribe(self, symbols: tuple[str, ...]) -> Subscription:
        topics = [topic for symbol in symbols for topic in self._topics(symbol)]
        parts = [topics[start : start + TOPICS_PER_TEXT] for start in range(0, len(topics), TOPICS_PER_TEXT)]
        return Subscription(self._url, tuple([_ask("subscribe", part) for part in parts]), len(parts))

    def resubscribe(self, symbol: str) -> tuple[str, ...]:
        topics = self._topics(symbol)
        return _ask("unsubscribe", topics), _ask("subscribe", topics)

    def decode(self, payload: bytes) -> tuple[StreamEvent, ...]:
        return decode(payload)

    def make_synchronizer(self) -> BybitBook:
        return BybitBook(DEPTH)

    def snapshot_url(self, symbol: str, levels: int) -> str:
        return ""

    def decode_snapshot(self, payload: bytes) -> BookSnapshot:
        raise MalformedFrame(f"expected no book over REST, found {payload[:60]!r}")

    def _topics(self, symbol: str) -> list[str]:
        name = self.venue_symbol(symbol)
        return [f"orderbook.{DEPTH}.{name}", f"orderbook.1.{name}", f"publicTrade.{name}"]


def _ask(what: str, topics: list[str]) -> str:
    return json.dumps({"op": what, "args": topics})
