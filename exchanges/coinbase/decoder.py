"""Coinbase Advanced Trade's public streams, decoded into typed events: `l2_data`, `market_trades` and `ticker`.

Every message of a connection has the next number, whatever its channel; a diff has no other.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from ...trading.messages import Level
from ..decoding import Malformed, refuse, since_epoch_ms, to_id
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

_find_sequence = re.compile(rb'"sequence_num":\s?(\d{1,18})').search
_ProductId = Annotated[str, msgspec.Meta(max_length=32)]


class _Head(msgspec.Struct):
    """What tells the kinds of frames apart."""

    channel: str = ""
    type: str = ""
    message: str = ""


class _Change(msgspec.Struct, gc=False):
    side: Literal["bid", "offer"]
    price_level: str
    new_quantity: str


class _Book(msgspec.Struct, gc=False):
    type: Literal["snapshot", "update"]
    product_id: VenueSymbol
    updates: tuple[_Change, ...]


class _Trade(msgspec.Struct, gc=False):
    trade_id: str
    product_id: VenueSymbol
    price: str
    size: str
    side: Literal["BUY", "SELL"]
    time: datetime


class _Trades(msgspec.Struct, gc=False):
    type: Literal["snapshot", "update"]
    trades: tuple[_Trade, ...]


class _Ticker(msgspec.Struct, gc=False):
    product_id: _ProductId
    best_bid: str = ""
    best_bid_quantity: str = ""
    best_ask: str = ""
    best_ask_quantity: str = ""


class _Tickers(msgspec.Struct, gc=False):
    tickers: tuple[_Ticker, ...]


class _BookFrame(msgspec.Struct, gc=False):
    timestamp: datetime
    sequence_num: Id
    events: tuple[_Book, ...]


class _TradeFrame(msgspec.Struct, gc=False):
    timestamp: datetime
    sequence_num: Id
    events: tuple[_Trades, ...]


class _TickerFrame(msgspec.Struct, gc=False):
    timestamp: datetime
    sequence_num: Id
    events: tuple[_Tickers, ...]


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_books = msgspec.json.Decoder(_BookFrame).decode
_decode_trades = msgspec.json.Decoder(_TradeFrame).decode
_decode_tickers = msgspec.json.Decoder(_TickerFrame).decode


def _books(payload: bytes) -> tuple[StreamEvent, ...]:
    wire = _decode_books(payload)
    at_ms, number = since_epoch_ms(wire.timestamp), wire.sequence_num
    return tuple([_diff(book, at_ms, number) for book in wire.events])


def _diff(book: _Book, at_ms: int, number: int) -> DepthEvent:
    """Of a snapshot's levels the times say nothing: they are of 1970."""
    bids: list[Level] = []
    asks: list[Level] = []
    for change in book.updates:
        level = (to_price(change.price_level), to_size(change.new_quantity))
        (bids if change.side == "bid" else asks).append(level)
    snapshot = book.type == "snapshot"
    return DepthEvent(book.product_id, at_ms, number, number, tuple(bids), tuple(asks), snapshot=snapshot)


def _trades(payload: bytes) -> tuple[StreamEvent, ...]:
    """Those of a snapshot are of before the subscription: nobody should take them for new."""
    wire = _decode_trades(payload)
    at_ms = since_epoch_ms(wire.timestamp)
    fresh = [_trade(trade, at_ms) for event in wire.events if event.type == "update" for trade in event.trades]
    return tuple(sorted(fresh, key=lambda trade: trade.trade_id))


def _trade(wire: _Trade, at_ms: int) -> TradeEvent:
    """The side is the maker's."""
    price, size = to_price(wire.price), to_price(wire.size)
    trade_ms, trade_id = since_epoch_ms(wire.time), to_id(wire.trade_id)
    return TradeEvent(wire.product_id, at_ms, trade_ms, trade_id, price, size, wire.side == "BUY")


def _tickers(payload: bytes) -> tuple[StreamEvent, ...]:
    """One without a product says nothing; the venue sends such."""
    wire = _decode_tickers(payload)
    at_ms, number = since_epoch_ms(wire.timestamp), wire.sequence_num
    named = [ticker for event in wire.events for ticker in event.tickers if ticker.product_id]
    return tuple([_ticker(ticker, at_ms, number) for ticker in named])


def _ticker(wire: _Ticker, at_ms: int, number: int) -> TickerEvent:
    bid, bid_size = to_price(wire.best_bid), to_price(wire.best_bid_quantity)
    ask, ask_size = to_price(wire.best_ask), to_price(wire.best_ask_quantity)
    return TickerEvent(wire.product_id, number, bid, bid_size, ask, ask_size, at_ms)


def _control(kind: str) -> Callable[[bytes], tuple[StreamEvent, ...]]:
    return lambda _: (ControlEvent(kind),)


_BY_CHANNEL: dict[str, Callable[[bytes], tuple[StreamEvent, ...]]] = {
    "l2_data": _books,
    "market_trades": _trades,
    "ticker": _tickers,
    "subscriptions": _control("subscribed"),
    "heartbeats": _control("heartbeat"),
}


def decode(payload: bytes) -> tuple[StreamEvent, ...]:
    """The events of a raw frame, oldest first. Unknown fields are passed over: the venue may add some.

    Raises:
        MalformedFrame: not JSON, none of the channels, or a field that is missing, mistyped or out of range.
    """
    try:
        head = _decode_head(payload)
        if head.type == "error":
            return (ControlEvent("refused", head.message[:200]),)
        if (decode_channel := _BY_CHANNEL.get(head.channel)) is None:
            raise MalformedFrame(f"expected a frame of {', '.join(_BY_CHANNEL)}, found {head.channel[:40]!r}")
        return decode_channel(payload)
    except Malformed as error:
        refuse(payload, error)


def sequence_of(payload: bytes) -> int | None:
    """The frame's number on its connection, found without decoding it all."""
    found = _find_sequence(payload)
    return int(found[1]) if found else None
