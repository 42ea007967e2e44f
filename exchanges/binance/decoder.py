"""Binance's market streams, decoded into typed events: the hot path from a raw frame to exact numbers.

The frames are those of https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams: `trade`,
`depthUpdate` and `bookTicker` (which has no "e" field on spot), bare or in a combined stream's envelope.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from ..decoding import Malformed, refuse
from ..market_events import (
    PRICES,
    SIZES,
    DepthEvent,
    Id,
    MalformedFrame,
    MarketEvent,
    Milliseconds,
    StreamEvent,
    TickerEvent,
    TradeEvent,
    VenueSymbol,
)
from .answers import read_answer


class _Head(msgspec.Struct):
    """What tells the kinds of frames apart."""

    e: str = ""
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()


class _Trade(msgspec.Struct, tag_field="e", tag="trade", gc=False):
    s: VenueSymbol
    E: Milliseconds
    T: Milliseconds
    t: Id
    p: str
    q: str
    m: bool


class _Depth(msgspec.Struct, tag_field="e", tag="depthUpdate", gc=False):
    s: VenueSymbol
    E: Milliseconds
    U: Id
    u: Id
    b: list[tuple[str, str]]
    a: list[tuple[str, str]]


class _Ticker(msgspec.Struct, gc=False):
    """On spot it does not say what it is."""

    s: VenueSymbol
    u: Id
    b: str
    B: str
    a: str
    A: str
    e: Literal["bookTicker"] = "bookTicker"


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_trade = msgspec.json.Decoder(_Trade).decode
_decode_depth = msgspec.json.Decoder(_Depth).decode
_decode_ticker = msgspec.json.Decoder(_Ticker).decode


def _trade(payload: bytes | msgspec.Raw) -> tuple[MarketEvent, ...]:
    wire = _decode_trade(payload)
    return (TradeEvent(wire.s, wire.E, wire.T, wire.t, PRICES[wire.p], PRICES[wire.q], wire.m),)


def _depth(payload: bytes | msgspec.Raw) -> tuple[MarketEvent, ...]:
    wire, prices, sizes = _decode_depth(payload), PRICES, SIZES
    if wire.u < wire.U:
        raise MalformedFrame(f"expected a first update id (U) not above the last (u), found {wire.U} and {wire.u}")
    bids = tuple([(prices[price], sizes[size]) for price, size in wire.b])
    asks = tuple([(prices[price], sizes[size]) for price, size in wire.a])
    return (DepthEvent(wire.s, wire.E, wire.U, wire.u, bids, asks),)


def _ticker(payload: bytes | msgspec.Raw) -> tuple[MarketEvent, ...]:
    wire = _decode_ticker(payload)
    return (TickerEvent(wire.s, wire.u, PRICES[wire.b], PRICES[wire.B], PRICES[wire.a], PRICES[wire.A]),)


_Decode = Callable[[bytes | msgspec.Raw], tuple[MarketEvent, ...]]
_BY_KIND: dict[str, _Decode] = {"trade": _trade, "depthUpdate": _depth, "bookTicker": _ticker, "": _ticker}
_BY_BEGINNING: dict[bytes, _Decode] = {b'{"e":"trad': _trade, b'{"e":"dept': _depth}
"""Frames that need no look at what they are; of those with another beginning a ticker's is the most frequent."""
_TICKER = b'{"u":'


def decode_frame(payload: bytes) -> tuple[StreamEvent, ...]:
    """As `decode`, in the form of a `StreamProtocol`, and also of what the venue says to a SUBSCRIBE."""
    try:
        if (decode_kind := _BY_BEGINNING.get(payload[:10])) is not None:
            return decode_kind(payload)
        return _ticker(payload) if payload[:5] == _TICKER else _by_kind(payload)
    except Malformed as error:
        if (answer := read_answer(payload)) is not None:
            return (answer,)
        refuse(payload, error)


def decode(payload: bytes) -> MarketEvent:
    """The event of a raw frame, bare or in its envelope. Unknown fields are passed over: the venue may add some.

    Prices and trade sizes are above 0, sizes of levels at least 0, all finite and exact.

    Raises:
        MalformedFrame: not JSON, none of the three kinds, or a field that is missing, mistyped or out of range.
    """
    try:
        return _by_kind(payload)[0]
    except Malformed as error:
        refuse(payload, error)


def _by_kind(payload: bytes) -> tuple[MarketEvent, ...]:
    head = _decode_head(payload)
    body = head.data if head.stream else payload
    kind = _decode_head(body).e if head.stream else head.e
    if (decode_kind := _BY_KIND.get(kind)) is None:
        raise MalformedFrame(f"expected a frame of trade, depthUpdate or bookTicker, found {kind!r}")
    return decode_kind(body)
