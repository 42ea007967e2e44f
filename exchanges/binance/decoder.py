"""Binance's market streams, decoded into typed events: the hot path from a raw frame to exact numbers.

The frames are those of https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams: `trade`,
`depthUpdate` and `bookTicker` (which has no "e" field on spot), bare or in a combined stream's envelope.
"""

from collections.abc import Callable

import msgspec

from ..decoding import Malformed, refuse
from ..market_events import (
    DepthEvent,
    Id,
    MalformedFrame,
    MarketEvent,
    Milliseconds,
    TickerEvent,
    TradeEvent,
    VenueSymbol,
    to_price,
    to_size,
)


class _Head(msgspec.Struct):
    """What tells the kinds of frames apart."""

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


class _Depth(msgspec.Struct, gc=False):
    s: VenueSymbol
    E: Milliseconds
    U: Id
    u: Id
    b: tuple[tuple[str, str], ...]
    a: tuple[tuple[str, str], ...]


class _Ticker(msgspec.Struct, gc=False):
    s: VenueSymbol
    u: Id
    b: str
    B: str
    a: str
    A: str


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_trade = msgspec.json.Decoder(_Trade).decode
_decode_depth = msgspec.json.Decoder(_Depth).decode
_decode_ticker = msgspec.json.Decoder(_Ticker).decode


def _trade(payload: bytes | msgspec.Raw) -> TradeEvent:
    wire = _decode_trade(payload)
    return TradeEvent(wire.s, wire.E, wire.T, wire.t, to_price(wire.p), to_price(wire.q), wire.m)


def _depth(payload: bytes | msgspec.Raw) -> DepthEvent:
    wire = _decode_depth(payload)
    if wire.u < wire.U:
        raise MalformedFrame(f"expected a first update id (U) not above the last (u), found {wire.U} and {wire.u}")
    bids = tuple([(to_price(price), to_size(size)) for price, size in wire.b])
    asks = tuple([(to_price(price), to_size(size)) for price, size in wire.a])
    return DepthEvent(wire.s, wire.E, wire.U, wire.u, bids, asks)


def _ticker(payload: bytes | msgspec.Raw) -> TickerEvent:
    wire = _decode_ticker(payload)
    return TickerEvent(wire.s, wire.u, to_price(wire.b), to_price(wire.B), to_price(wire.a), to_price(wire.A))


_BY_KIND: dict[str, Callable[[bytes | msgspec.Raw], MarketEvent]] = {
    "trade": _trade,
    "depthUpdate": _depth,
    "bookTicker": _ticker,
    "": _ticker,
}


def decode(payload: bytes) -> MarketEvent:
    """The event of a raw frame, bare or in its envelope. Unknown fields are passed over: the venue may add some.

    Prices and trade sizes are above 0, sizes of levels at least 0, all finite and exact.

    Raises:
        MalformedFrame: not JSON, none of the three kinds, or a field that is missing, mistyped or out of range.
    """
    try:
        head = _decode_head(payload)
        body = head.data if head.stream else payload
        kind = _decode_head(body).e if head.stream else head.e
        if (decode_kind := _BY_KIND.get(kind)) is None:
            raise MalformedFrame(f"expected a frame of trade, depthUpdate or bookTicker, found {kind!r}")
        return decode_kind(body)
    except Malformed as error:
        refuse(payload, error)
