"""Binance's USD-margined futures: their frames, the chain of their books, and how they speak as a `StreamProtocol`.

The frames differ from spot's: every one has its time, a diff names the one before it (`pu`), since update ids are the
venue's and not the symbol's, and a trade says of what kind it is.
"""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from ..book_sync import BookSnapshot
from ..decoding import Malformed, refuse
from ..market_events import (
    DepthEvent,
    Id,
    MalformedFrame,
    Milliseconds,
    StreamEvent,
    TickerEvent,
    TradeEvent,
    VenueSymbol,
    to_price,
    to_size,
)
from ..stream_protocol import Subscription
from .answers import read_answer
from .protocol import resubscription, subscription
from .snapshot import decode_snapshot
from .synchronizer import BookSynchronizer

STREAM_URL = "wss://fstream.binance.com/ws"
SNAPSHOT_URL = "https://fapi.binance.com/fapi/v1/depth"
STREAMS = ("trade", "bookTicker", "depth@100ms")
TRADED = "MARKET"
"""The kind of trade that the book made; others (INSURANCE_FUND, ADL, NA) have prices of nobody's order."""


class _Head(msgspec.Struct):
    e: str = ""
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()


class _Trade(msgspec.Struct, gc=False):
    s: VenueSymbol
    E: Milliseconds
    T: Milliseconds
    t: Id
    p: str
    q: str
    m: bool
    X: str = TRADED


class _Depth(msgspec.Struct, gc=False):
    s: VenueSymbol
    E: Milliseconds
    U: Id
    u: Id
    pu: Id
    b: tuple[tuple[str, str], ...]
    a: tuple[tuple[str, str], ...]


class _Ticker(msgspec.Struct, gc=False):
    s: VenueSymbol
    E: Milliseconds
    T: Milliseconds
    u: Id
    b: str
    B: str
    a: str
    A: str


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_trade = msgspec.json.Decoder(_Trade).decode
_decode_depth = msgspec.json.Decoder(_Depth).decode
_decode_ticker = msgspec.json.Decoder(_Ticker).decode


def _trade(payload: bytes | msgspec.Raw) -> tuple[StreamEvent, ...]:
    wire = _decode_trade(payload)
    if wire.X != TRADED:
        return ()
    return (TradeEvent(wire.s, wire.E, wire.T, wire.t, to_price(wire.p), to_price(wire.q), wire.m),)


def _depth(payload: bytes | msgspec.Raw) -> tuple[StreamEvent, ...]:
    wire = _decode_depth(payload)
    if not wire.pu < wire.U <= wire.u:
        raise MalformedFrame(f"expected update ids that rise (pu, U, u), found {wire.pu}, {wire.U}, {wire.u}")
    bids = tuple([(to_price(price), to_size(size)) for price, size in wire.b])
    asks = tuple([(to_price(price), to_size(size)) for price, size in wire.a])
    return (DepthEvent(wire.s, wire.E, wire.U, wire.u, bids, asks, wire.pu),)


def _ticker(payload: bytes | msgspec.Raw) -> tuple[StreamEvent, ...]:
    wire = _decode_ticker(payload)
    bid, bid_size, ask, ask_size = to_price(wire.b), to_price(wire.B), to_price(wire.a), to_price(wire.A)
    return (TickerEvent(wire.s, wire.u, bid, bid_size, ask, ask_size, wire.E),)


_BY_KIND: dict[str, Callable[[bytes | msgspec.Raw], tuple[StreamEvent, ...]]] = {
    "trade": _trade,
    "depthUpdate": _depth,
    "bookTicker": _ticker,
}


def decode(payload: bytes) -> tuple[StreamEvent, ...]:
    """The events of a raw frame, bare or in its envelope; none of a trade that no order made.

    Raises:
        MalformedFrame: not JSON, none of the three kinds, or a field that is missing, mistyped or out of range.
    """
    try:
        head = _decode_head(payload)
        body = head.data if head.stream else payload
        kind = _decode_head(body).e if head.stream else head.e
        if (decode_kind := _BY_KIND.get(kind)) is not None:
            return decode_kind(body)
        if not kind and (answer := read_answer(payload)) is not None:
            return (answer,)
        raise MalformedFrame(f"expected a frame of {', '.join(_BY_KIND)}, found {kind[:40]!r}")
    except Malformed as error:
        refuse(payload, error)


class UsdmBook(BookSynchronizer):
    """As spot's, but for the chain: each diff names the one before it, and the first spans the snapshot."""

    def _breaks(self, diff: DepthEvent) -> str:
        previous_id = -1 if diff.previous_id is None else diff.previous_id
        if previous_id == self.last_id or (previous_id < self.last_id and not self._chained):
            return ""
        return f"expected a diff that follows on update {self.last_id}, found one on {previous_id}"


class Urls(NamedTuple):
    stream: str = STREAM_URL
    snapshot: str = SNAPSHOT_URL


class BinanceUsdm:
    """Perpetual futures, spelled `BTC/USDT:USDT`."""

    name = "binanceusdm"
    snapshots_in_stream = False
    keepalive: tuple[str, float] | None = None
    symbols_per_connection = 60
    """Of the 200 streams a connection takes."""

    def __init__(self, urls: tuple[str, str] = Urls()) -> None:
        self._stream_url, self._snapshot_url = urls

    def venue_symbol(self, symbol: str) -> str:
        return symbol.partition(":")[0].replace("/", "")

    def subscribe(self, symbols: tuple[str, ...]) -> Subscription:
        names = [f"{self.venue_symbol(symbol).lower()}@{stream}" for symbol in symbols for stream in STREAMS]
        return subscription(self._stream_url, names)

    def resubscribe(self, symbol: str) -> tuple[str, ...]:
        return resubscription([f"{self.venue_symbol(symbol).lower()}@{stream}" for stream in STREAMS])

    def decode(self, payload: bytes) -> tuple[StreamEvent, ...]:
        return decode(payload)

    def make_synchronizer(self) -> UsdmBook:
        return UsdmBook()

    def snapshot_url(self, symbol: str, levels: int) -> str:
        return f"{self._snapshot_url}?symbol={self.venue_symbol(symbol)}&limit={levels}"

    def decode_snapshot(self, payload: bytes) -> BookSnapshot:
        return decode_snapshot(payload)
