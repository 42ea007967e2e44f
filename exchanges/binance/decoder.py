"""Binance's market streams, decoded into typed events: the hot path from a raw frame to exact numbers.

The frames are those of https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams: `trade`,
`depthUpdate` and `bookTicker` (which has no "e" field on spot), bare or in a combined stream's envelope.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, NoReturn

import msgspec

from ...trading.messages import Level

# Plain digits only: no sign, exponent, NaN or infinity, and below 1e15.
_is_plain = re.compile(r"[0-9]{1,15}(\.[0-9]{1,18})?").fullmatch

Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
VenueSymbol = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]


class MalformedFrame(ValueError):
    """The venue sent a frame that is not what its stream promises; the message says what was expected and found."""


class TradeEvent(msgspec.Struct, frozen=True, gc=False):
    """One trade. `symbol` is spelled `BTCUSDT`; `buyer_is_maker` means that a seller was the aggressor."""

    symbol: str
    event_ms: int
    trade_ms: int
    trade_id: int
    price: Decimal
    size: Decimal
    buyer_is_maker: bool


class DepthEvent(msgspec.Struct, frozen=True, gc=False):
    """All changes of a book between two update ids, both included; a size of 0 means that the level is gone."""

    symbol: str
    event_ms: int
    first_id: int
    last_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class TickerEvent(msgspec.Struct, frozen=True, gc=False):
    """The best bid and ask as they stand after one update id."""

    symbol: str
    update_id: int
    bid: Decimal
    bid_size: Decimal
    ask: Decimal
    ask_size: Decimal


MarketEvent = TradeEvent | DepthEvent | TickerEvent


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


def _number(text: str) -> Decimal:
    if not _is_plain(text):
        raise MalformedFrame(f"expected a number like 0.00123, found {text!r}")
    return Decimal(text)


# Levels are set and set again: most numbers of a busy book were seen a moment ago, and a look-up costs a third.
_size = lru_cache(maxsize=16_384)(_number)


@lru_cache(maxsize=16_384)
def _price(text: str) -> Decimal:
    number = _number(text)
    if not number:
        raise MalformedFrame(f"expected a number above 0, found {text!r}")
    return number


def to_level(level: tuple[str, str]) -> Level:
    """Price and size of one level, checked; `MalformedFrame` where they are not plain decimals in range."""
    return _price(level[0]), _size(level[1])


def _trade(payload: bytes | msgspec.Raw) -> TradeEvent:
    wire = _decode_trade(payload)
    return TradeEvent(wire.s, wire.E, wire.T, wire.t, _price(wire.p), _price(wire.q), wire.m)


def _depth(payload: bytes | msgspec.Raw) -> DepthEvent:
    wire = _decode_depth(payload)
    if wire.u < wire.U:
        raise MalformedFrame(f"expected a first update id (U) not above the last (u), found {wire.U} and {wire.u}")
    bids = tuple([(_price(price), _size(size)) for price, size in wire.b])
    asks = tuple([(_price(price), _size(size)) for price, size in wire.a])
    return DepthEvent(wire.s, wire.E, wire.U, wire.u, bids, asks)


def _ticker(payload: bytes | msgspec.Raw) -> TickerEvent:
    wire = _decode_ticker(payload)
    return TickerEvent(wire.s, wire.u, _price(wire.b), _price(wire.B), _price(wire.a), _price(wire.A))


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
    except (msgspec.DecodeError, MalformedFrame, UnicodeDecodeError, RecursionError) as error:
        _refuse(payload, error)


def _refuse(payload: bytes, error: Exception) -> NoReturn:
    raise MalformedFrame(f"not a market frame: {error}; the frame begins {bytes(payload[:120])!r}") from error
