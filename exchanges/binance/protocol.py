"""How Binance spot speaks of its market, as a `StreamProtocol`: diffs in the stream, snapshots over REST."""

import json

from ..book_sync import BookSnapshot, Synchronizer
from ..market_events import StreamEvent, TradeEvent
from ..stream_protocol import Subscription
from .decoder import decode_frame
from .snapshot import decode_snapshot
from .synchronizer import BookSynchronizer
from .trades import decode_trades

STREAM_URL = "wss://stream.binance.com:9443/ws"
SNAPSHOT_URL = "https://api.binance.com/api/v3/depth"
STREAMS = ("trade", "bookTicker", "depth@100ms")
STREAMS_PER_TEXT = 200
"""Of one SUBSCRIBE; the venue takes five texts a second, and 1,024 streams a connection."""


class BinanceSpot:
    """Spot's public streams. `urls` of streams and snapshots may be replaced, for benchmarks over plain sockets."""

    name = "binance"
    snapshots_in_stream = False
    keepalive: tuple[str, float] | None = None
    symbols_per_connection = 300
    trades_weight = 25

    def __init__(self, urls: tuple[str, str] = (STREAM_URL, SNAPSHOT_URL)) -> None:
        self._stream_url, self._snapshot_url = urls

    def venue_symbol(self, symbol: str) -> str:
        return symbol.replace("/", "")

    def subscribe(self, symbols: tuple[str, ...]) -> Subscription:
        names = [f"{self.venue_symbol(symbol).lower()}@{stream}" for symbol in symbols for stream in STREAMS]
        return subscription(self._stream_url, names)

    def resubscribe(self, symbol: str) -> tuple[str, ...]:
        return resubscription([f"{self.venue_symbol(symbol).lower()}@{stream}" for stream in STREAMS])

    def decode(self, payload: bytes) -> tuple[StreamEvent, ...]:
        return decode_frame(payload)

    def make_synchronizer(self) -> Synchronizer:
        return BookSynchronizer()

    def snapshot_url(self, symbol: str, levels: int) -> str:
        return f"{self._snapshot_url}?symbol={self.venue_symbol(symbol)}&limit={levels}"

    def decode_snapshot(self, payload: bytes) -> BookSnapshot:
        return decode_snapshot(payload)

    def trades_url(self, symbol: str, first_id: int, limit: int) -> str:
        """Beside the snapshots. Not verified live: once it wanted a key, by now its documentation names none."""
        url = f"{self._snapshot_url.rpartition('/')[0]}/historicalTrades"
        return f"{url}?symbol={self.venue_symbol(symbol)}&fromId={first_id}&limit={limit}"

    def decode_trades(self, payload: bytes) -> tuple[TradeEvent, ...]:
        return decode_trades(payload)


def subscription(url: str, names: list[str]) -> Subscription:
    """To all streams of these names: each text is acknowledged once."""
    parts = [names[start : start + STREAMS_PER_TEXT] for start in range(0, len(names), STREAMS_PER_TEXT)]
    requests = [{"method": "SUBSCRIBE", "params": part, "id": number} for number, part in enumerate(parts, 1)]
    return Subscription(url, tuple(map(json.dumps, requests)), len(requests))


def resubscription(names: list[str]) -> tuple[str, ...]:
    """To leave these streams and subscribe to them again."""
    methods = ("UNSUBSCRIBE", "SUBSCRIBE")
    return tuple(json.dumps({"method": method, "params": names, "id": method}) for method in methods)
