"""Bybit's public streams (v5), decoded into typed events: `orderbook` of any depth and `publicTrade`."""

from typing import Literal
from uuid import UUID

import msgspec

from ..decoding import Malformed, refuse, to_id
from ..market_events import (
    ControlEvent,
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

TOUCH = "orderbook.1."
"""The topic of the best level: snapshots only."""


class _Head(msgspec.Struct):
    """What tells the kinds of frames apart."""

    topic: str = ""
    op: str = ""
    success: bool = True
    ret_msg: str = ""
    data: msgspec.Raw = msgspec.Raw()


class _Book(msgspec.Struct, gc=False):
    s: VenueSymbol
    b: tuple[tuple[str, str], ...]
    a: tuple[tuple[str, str], ...]
    u: Id


class _Books(msgspec.Struct, gc=False):
    type: Literal["snapshot", "delta"]
    ts: Milliseconds
    data: _Book


class _Trade(msgspec.Struct, gc=False):
    T: Milliseconds
    s: VenueSymbol
    S: Literal["Buy", "Sell"]
    v: str
    p: str
    i: str


class _Trades(msgspec.Struct, gc=False):
    ts: Milliseconds
    data: tuple[_Trade, ...]


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_books = msgspec.json.Decoder(_Books).decode
_decode_trades = msgspec.json.Decoder(_Trades).decode


def _trades(payload: bytes) -> tuple[StreamEvent, ...]:
    wire = _decode_trades(payload)
    return tuple([_trade(trade, wire.ts) for trade in wire.data])


def _trade(wire: _Trade, at_ms: int) -> TradeEvent:
    """The side is the taker's."""
    price, size = to_price(wire.p), to_price(wire.v)
    return TradeEvent(wire.s, at_ms, wire.T, to_trade_id(wire.i), price, size, wire.S == "Sell")


def to_trade_id(text: str) -> int:
    """Spot counts its trades; those of contracts have a UUID, of which the first 63 bits are taken."""
    if text.isdecimal():
        return int(text) if len(text) == 19 and text.isascii() and int(text) < 2**63 else to_id(text)
    try:
        return UUID(text).int >> 65
    except ValueError:
        raise MalformedFrame(f"expected a trade id, found {text[:40]!r}") from None


def _touch(payload: bytes) -> tuple[StreamEvent, ...]:
    """Where one side is empty there is no touch."""
    wire = _decode_books(payload)
    book = wire.data
    if wire.type != "snapshot" or not (book.b and book.a):
        return ()
    bid, bid_size, ask, ask_size = map(to_price, (*book.b[0], *book.a[0]))
    return (TickerEvent(book.s, book.u, bid, bid_size, ask, ask_size, wire.ts),)


def _book(payload: bytes) -> tuple[StreamEvent, ...]:
    """Also where the venue began to count anew, at 1, the whole book comes."""
    wire = _decode_books(payload)
    book = wire.data
    bids = tuple([(to_price(price), to_size(size)) for price, size in book.b])
    asks = tuple([(to_price(price), to_size(size)) for price, size in book.a])
    snapshot = wire.type == "snapshot" or book.u == 1
    return (DepthEvent(book.s, wire.ts, book.u, book.u, bids, asks, snapshot=snapshot),)


def decode(payload: bytes) -> tuple[StreamEvent, ...]:
    """The events of a raw frame, oldest first. Unknown fields are passed over: the venue may add some.

    Raises:
        MalformedFrame: not JSON, none of the topics, or a field that is missing, mistyped or out of range.
    """
    try:
        head = _decode_head(payload)
        if head.topic.startswith("publicTrade."):
            return _trades(payload)
        if head.topic.startswith(TOUCH):
            return _touch(payload)
        if head.topic.startswith("orderbook."):
            return _book(payload)
        if head.op:
            return (_control(head),)
        raise MalformedFrame(f"expected a frame of orderbook or publicTrade, found {head.topic[:40]!r}")
    except Malformed as error:
        refuse(payload, error)


def _control(head: _Head) -> ControlEvent:
    if head.op == "subscribe":
        return ControlEvent("subscribed" if head.success else "refused", head.ret_msg[:200])
    return ControlEvent("heartbeat", f"{head.op} {head.ret_msg}"[:200])
