"""OKX's public streams (v5), decoded into typed events: `trades`, `bbo-tbt`, `tickers` and the diffs of `books`."""

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

from ..decoding import Malformed, refuse, to_id, to_ms
from ..market_events import (
    ControlEvent,
    DepthEvent,
    Id,
    MalformedFrame,
    StreamEvent,
    TickerEvent,
    TradeEvent,
    VenueSymbol,
    to_price,
    to_size,
)

PONG = b"pong"
_Level = tuple[str, str, str, str]
"""Price, size, a field out of use, number of orders."""


class _Stream(msgspec.Struct):
    channel: str
    instId: VenueSymbol  # noqa: N815 - the venue's name


class _Head(msgspec.Struct):
    """What tells the kinds of frames apart."""

    arg: _Stream | None = None
    event: str = ""
    code: str = ""
    msg: str = ""


class _Trade(msgspec.Struct, gc=False):
    tradeId: str  # noqa: N815
    px: str
    sz: str
    side: Literal["buy", "sell"]
    ts: str


class _Ticker(msgspec.Struct, gc=False):
    askPx: str  # noqa: N815
    askSz: str  # noqa: N815
    bidPx: str  # noqa: N815
    bidSz: str  # noqa: N815
    ts: str


class _Book(msgspec.Struct, gc=False):
    """`prevSeqId` is -1 in a snapshot. Recordings of before 2023 have no sequence, those of late no checksum."""

    asks: tuple[_Level, ...]
    bids: tuple[_Level, ...]
    ts: str
    checksum: Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)] | None = None
    seqId: Id = 0  # noqa: N815
    prevSeqId: Annotated[int, msgspec.Meta(ge=-1, le=2**63 - 1)] | None = None  # noqa: N815


class _Trades(msgspec.Struct, gc=False):
    arg: _Stream
    data: tuple[_Trade, ...]


class _Tickers(msgspec.Struct, gc=False):
    arg: _Stream
    data: tuple[_Ticker, ...]


class _Books(msgspec.Struct, gc=False):
    arg: _Stream
    data: tuple[_Book, ...]
    action: Literal["snapshot", "update", ""] = ""


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_trades = msgspec.json.Decoder(_Trades).decode
_decode_tickers = msgspec.json.Decoder(_Tickers).decode
_decode_books = msgspec.json.Decoder(_Books).decode


def _trades(payload: bytes) -> tuple[StreamEvent, ...]:
    wire = _decode_trades(payload)
    return tuple([_trade(wire.arg.instId, trade) for trade in wire.data])


def _trade(symbol: str, wire: _Trade) -> TradeEvent:
    """The side is the taker's."""
    at_ms = to_ms(wire.ts)
    price, size = to_price(wire.px), to_price(wire.sz)
    return TradeEvent(symbol, at_ms, at_ms, to_id(wire.tradeId), price, size, wire.side == "sell")


def _tickers(payload: bytes) -> tuple[StreamEvent, ...]:
    wire = _decode_tickers(payload)
    return tuple([_ticker(wire.arg.instId, ticker) for ticker in wire.data])


def _ticker(symbol: str, wire: _Ticker) -> TickerEvent:
    """It has no number of its own: its time is one that rises."""
    bid, bid_size, ask, ask_size = map(to_price, (wire.bidPx, wire.bidSz, wire.askPx, wire.askSz))
    return TickerEvent(symbol, to_ms(wire.ts), bid, bid_size, ask, ask_size, to_ms(wire.ts))


def _touches(payload: bytes) -> tuple[StreamEvent, ...]:
    """Where one side is empty there is no touch."""
    wire = _decode_books(payload)
    return tuple([_touch(wire.arg.instId, book) for book in wire.data if book.bids and book.asks])


def _touch(symbol: str, wire: _Book) -> TickerEvent:
    at_ms = to_ms(wire.ts)
    bid, bid_size, ask, ask_size = map(to_price, (*wire.bids[0][:2], *wire.asks[0][:2]))
    return TickerEvent(symbol, wire.seqId or at_ms, bid, bid_size, ask, ask_size, at_ms)


def _books(payload: bytes) -> tuple[StreamEvent, ...]:
    wire = _decode_books(payload)
    if not wire.action:
        raise MalformedFrame("expected a book that is a snapshot or an update, found neither")
    return tuple([_diff(wire.arg.instId, book, snapshot=wire.action == "snapshot") for book in wire.data])


def _diff(symbol: str, wire: _Book, *, snapshot: bool) -> DepthEvent:
    bids = tuple([(to_price(price), to_size(size)) for price, size, *_ in wire.bids])
    asks = tuple([(to_price(price), to_size(size)) for price, size, *_ in wire.asks])
    previous_id = None if snapshot or wire.prevSeqId == -1 else wire.prevSeqId
    checksum = wire.checksum & 0xFFFFFFFF if wire.checksum else None
    return DepthEvent(symbol, to_ms(wire.ts), wire.seqId, wire.seqId, bids, asks, previous_id, checksum, snapshot)


_BY_CHANNEL: dict[str, Callable[[bytes], tuple[StreamEvent, ...]]] = {
    "trades": _trades,
    "tickers": _tickers,
    "bbo-tbt": _touches,
    "books": _books,
}
_CONTROLS = {"subscribe": "subscribed", "error": "refused"}


def decode(payload: bytes) -> tuple[StreamEvent, ...]:
    """The events of a raw frame, oldest first. Unknown fields are passed over: the venue may add some.

    Raises:
        MalformedFrame: not JSON, none of the channels, or a field that is missing, mistyped or out of range.
    """
    if payload == PONG:
        return (ControlEvent("heartbeat", "pong"),)
    try:
        head = _decode_head(payload)
        if head.event:
            return (ControlEvent(_CONTROLS.get(head.event, "heartbeat"), _tell(head)),)
        channel = head.arg.channel if head.arg else ""
        if (decode_channel := _BY_CHANNEL.get(channel)) is None:
            raise MalformedFrame(f"expected a frame of {', '.join(_BY_CHANNEL)}, found {channel[:40]!r}")
        return decode_channel(payload)
    except Malformed as error:
        refuse(payload, error)


def _tell(head: _Head) -> str:
    stream = f"{head.arg.channel} {head.arg.instId}" if head.arg else ""
    return f"{head.event} {stream} {head.code} {head.msg}".strip()[:200]
