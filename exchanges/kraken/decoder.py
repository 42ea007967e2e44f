"""Kraken's market streams (WebSocket v2), decoded into typed events with exact numbers.

The frames are those of https://docs.kraken.com/api/docs/websocket-v2: `book`, `trade`, `ticker`, `instrument`,
`status`, `heartbeat`, and the answers to requests. Numbers come as JSON numbers: they are read from their digits, never
through a float.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec

from ...trading.messages import Level
from ..decoding import Malformed, refuse, since_epoch_ms
from ..market_events import (
    ControlEvent,
    DepthEvent,
    Id,
    MalformedFrame,
    StatusEvent,
    StreamEvent,
    TickerEvent,
    TradeEvent,
    VenueSymbol,
)
from .checksum import Precision

ABOVE = Decimal("1e15")
LEAST = Decimal("1e-18")
ZERO = Decimal(0)
PLACES_MAX = 18
PAIRS_MAX = 20_000
STATES = {
    "online": "online",
    "limit_only": "online",
    "reduce_only": "online",
    "post_only": "halted",
    "cancel_only": "halted",
    "maintenance": "halted",
    "work_in_progress": "halted",
    "delisted": "gone",
}
"""`post_only` takes orders but matches none."""

Places = Annotated[int, msgspec.Meta(ge=0, le=PLACES_MAX)]
Time = Annotated[datetime, msgspec.Meta(tz=True)]


class _Frame(msgspec.Struct):
    channel: str = ""
    type: str = ""
    data: msgspec.Raw = msgspec.Raw()
    method: str = ""
    success: bool = True
    error: str = ""


class _Level(msgspec.Struct, gc=False):
    price: Decimal
    qty: Decimal


class _Book(msgspec.Struct, gc=False):
    symbol: VenueSymbol
    bids: tuple[_Level, ...]
    asks: tuple[_Level, ...]
    checksum: Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
    timestamp: Time | None = None


class _Trade(msgspec.Struct, gc=False):
    symbol: VenueSymbol
    side: str
    price: Decimal
    qty: Decimal
    trade_id: Id
    timestamp: Time


class _Ticker(msgspec.Struct, gc=False):
    symbol: VenueSymbol
    bid: Decimal
    bid_qty: Decimal
    ask: Decimal
    ask_qty: Decimal


class _Pair(msgspec.Struct, gc=False):
    symbol: VenueSymbol
    status: str
    price_precision: Places
    qty_precision: Places


class _Instruments(msgspec.Struct):
    pairs: tuple[_Pair, ...] = ()


class _Status(msgspec.Struct):
    system: str


_decode_frame = msgspec.json.Decoder(_Frame).decode
_decode_books = msgspec.json.Decoder(tuple[_Book, ...]).decode
_decode_trades = msgspec.json.Decoder(tuple[_Trade, ...]).decode
_decode_tickers = msgspec.json.Decoder(tuple[_Ticker, ...]).decode
_decode_instruments = msgspec.json.Decoder(_Instruments).decode
_decode_status = msgspec.json.Decoder(tuple[_Status, ...]).decode


class KrakenDecoder:
    """Remembers one thing: the `precisions` which the instrument channel tells, by symbol."""

    def __init__(self) -> None:
        self.precisions: dict[str, Precision] = {}
        self._by_channel: dict[str, Callable[[_Frame], tuple[StreamEvent, ...]]] = {
            "book": _books,
            "trade": _trades,
            "ticker": _tickers,
            "instrument": self._instruments,
            "status": _system,
            "heartbeat": lambda _: (ControlEvent("heartbeat"),),
        }

    def decode(self, payload: bytes) -> tuple[StreamEvent, ...]:
        """The events of a raw frame. Unknown fields are passed over: the venue may add some.

        Raises:
            MalformedFrame: not JSON, of no known channel, or a field that is missing, mistyped or out of range.
        """
        try:
            frame = _decode_frame(payload)
            if frame.method:
                return (_answer(frame),)
            if (events_of := self._by_channel.get(frame.channel)) is None:
                raise MalformedFrame(f"expected a frame of a market channel, found {frame.channel!r}")
            return events_of(frame)
        except (*Malformed, ArithmeticError) as error:
            refuse(payload, error)

    def _instruments(self, frame: _Frame) -> tuple[StreamEvent, ...]:
        events: list[StreamEvent] = []
        for pair in _decode_instruments(frame.data).pairs:
            if pair.symbol not in self.precisions and len(self.precisions) >= PAIRS_MAX:
                raise MalformedFrame(f"expected at most {PAIRS_MAX} instruments, found more")
            self.precisions[pair.symbol] = Precision(pair.price_precision, pair.qty_precision)
            if (state := STATES.get(pair.status)) is None:
                raise MalformedFrame(f"expected a state of an instrument, found {pair.status!r}")
            events.append(StatusEvent(pair.symbol, state))
        return tuple(events)


def _books(frame: _Frame) -> tuple[StreamEvent, ...]:
    snapshot = _is_snapshot(frame)
    return tuple(
        DepthEvent(
            book.symbol,
            0 if book.timestamp is None else since_epoch_ms(book.timestamp),
            0,
            0,
            tuple([_level(level) for level in book.bids]),
            tuple([_level(level) for level in book.asks]),
            checksum=book.checksum,
            snapshot=snapshot,
        )
        for book in _decode_books(frame.data)
    )


def _trades(frame: _Frame) -> tuple[StreamEvent, ...]:
    return tuple(map(_trade, _decode_trades(frame.data)))


def _trade(trade: _Trade) -> TradeEvent:
    """Its side is the aggressor's."""
    if trade.side not in ("buy", "sell"):
        raise MalformedFrame(f"expected a side buy or sell, found {trade.side!r}")
    at_ms, price, size = since_epoch_ms(trade.timestamp), _price(trade.price), _price(trade.qty)
    return TradeEvent(trade.symbol, at_ms, at_ms, trade.trade_id, price, size, trade.side == "sell")


def _tickers(frame: _Frame) -> tuple[StreamEvent, ...]:
    return tuple(
        TickerEvent(each.symbol, 0, _price(each.bid), _price(each.bid_qty), _price(each.ask), _price(each.ask_qty))
        for each in _decode_tickers(frame.data)
    )


def _system(frame: _Frame) -> tuple[StreamEvent, ...]:
    """The engine's own state; what it means for an instrument is told by the instrument's."""
    return tuple(ControlEvent("heartbeat", each.system) for each in _decode_status(frame.data))


def _answer(frame: _Frame) -> ControlEvent:
    if frame.method == "subscribe":
        return ControlEvent("subscribed") if frame.success else ControlEvent("refused", frame.error)
    return ControlEvent("heartbeat", frame.error or frame.method)


def _is_snapshot(frame: _Frame) -> bool:
    if frame.type not in ("snapshot", "update"):
        raise MalformedFrame(f"expected a snapshot or an update, found {frame.type!r}")
    return frame.type == "snapshot"


def _level(level: _Level) -> Level:
    return _price(level.price), _price(level.qty) if level.qty else ZERO


def _price(number: Decimal) -> Decimal:
    """Also of a size that is none of an empty level. A text NaN does not compare: an ArithmeticError."""
    if not LEAST <= number < ABOVE:
        raise MalformedFrame(f"expected a number from {LEAST} to {ABOVE}, found {number}")
    return number
