"""Binance's market streams, decoded into typed events: the hot path from a raw frame to exact numbers.

The frames are those of https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams: `trade`,
`depthUpdate` and `bookTicker` (which has no "e" field on spot), bare or in a combined stream's envelope.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import field

from ...trading.messages import Level
from ..decoding import Malformed, refuse
from ..market_events import (
    DepthEvent,
    Id,
    MalformedFrame,
    MarketEvent,
    Milliseconds,
    PriceRange,
    SizeRange,
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


class _Trade(TradeEvent, tag_field="e", tag="trade", frozen=True, gc=False):
    """The event in Binance's words."""

    symbol: VenueSymbol = field(name="s")
    event_ms: Milliseconds = field(name="E")
    trade_ms: Milliseconds = field(name="T")
    trade_id: Id = field(name="t")
    price: Decimal = field(name="p")
    size: Decimal = field(name="q")
    buyer_is_maker: bool = field(name="m")


class _TradeRanges(msgspec.Struct, gc=False):
    """The same numbers as floats, whose ranges are checked where Decimals' are not: NaN is in none."""

    p: PriceRange
    q: PriceRange


class _Depth(msgspec.Struct, tag_field="e", tag="depthUpdate", gc=False):
    s: VenueSymbol
    E: Milliseconds
    U: Id
    u: Id
    b: tuple[Level, ...]
    a: tuple[Level, ...]


class _DepthRanges(msgspec.Struct, gc=False):
    b: list[tuple[PriceRange, SizeRange]]
    a: list[tuple[PriceRange, SizeRange]]


class _Ticker(TickerEvent, frozen=True, gc=False):
    """The event in Binance's words. On spot it does not say what it is, nor when."""

    symbol: VenueSymbol = field(name="s")
    update_id: Id = field(name="u")
    bid: Decimal = field(name="b")
    bid_size: Decimal = field(name="B")
    ask: Decimal = field(name="a")
    ask_size: Decimal = field(name="A")
    event_ms: Milliseconds = field(name="E", default=0)


class _TickerRanges(msgspec.Struct, gc=False):
    b: PriceRange
    B: PriceRange
    a: PriceRange
    A: PriceRange
    e: Literal["bookTicker"] = "bookTicker"


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_trade = msgspec.json.Decoder(_Trade).decode
_decode_depth = msgspec.json.Decoder(_Depth).decode
_decode_ticker = msgspec.json.Decoder(_Ticker).decode
_check_trade = msgspec.json.Decoder(_TradeRanges, strict=False).decode
_check_depth = msgspec.json.Decoder(_DepthRanges, strict=False).decode
_check_ticker = msgspec.json.Decoder(_TickerRanges, strict=False).decode


def _trade(payload: bytes | msgspec.Raw) -> tuple[MarketEvent, ...]:
    _check_trade(payload)
    return (_decode_trade(payload),)


def _depth(payload: bytes | msgspec.Raw) -> tuple[MarketEvent, ...]:
    _check_depth(payload)
    if b"e-" in (text := bytes(payload)) or b"E-" in text:
        raise MalformedFrame("expected plain decimals, found one so small that as a float it is 0")
    wire = _decode_depth(payload)
    if wire.u < wire.U:
        raise MalformedFrame(f"expected a first update id (U) not above the last (u), found {wire.U} and {wire.u}")
    return (DepthEvent(wire.s, wire.E, wire.U, wire.u, wire.b, wire.a),)


def _ticker(payload: bytes | msgspec.Raw) -> tuple[MarketEvent, ...]:
    _check_ticker(payload)
    return (_decode_ticker(payload),)


_Decode = Callable[[bytes | msgspec.Raw], tuple[MarketEvent, ...]]
_BY_KIND: dict[str, _Decode] = {"trade": _trade, "depthUpdate": _depth, "bookTicker": _ticker, "": _ticker}
_BY_BEGINNING: dict[bytes, _Decode] = {b'{"e":"t': _trade, b'{"e":"d': _depth}
_BY_BEGINNING |= {b'{"u":%d' % digit: _ticker for digit in range(10)}
"""What a frame that begins so can only be, without a look at all of it."""


def decode_frame(payload: bytes) -> tuple[StreamEvent, ...]:
    """As `decode`, in the form of a `StreamProtocol`, and also of what the venue says to a SUBSCRIBE."""
    try:
        return _BY_BEGINNING.get(payload[:7], _by_kind)(payload)
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
