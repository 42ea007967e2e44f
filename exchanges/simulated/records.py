"""Every change of the venue's state as a fact; folding the facts in order gives the state again."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

import msgspec

OrderSide = Literal["BUY", "SELL"]
OrderKind = Literal[
    "LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"
]
TimeInForce = Literal["GTC", "IOC", "FOK"]


class Record(msgspec.Struct, frozen=True, gc=False, tag_field="t", tag=True, forbid_unknown_fields=True):
    """Base of every record: immutable, tagged with its own name, strict when decoded."""


class BalanceCredited(Record, frozen=True, gc=False):
    asset: str
    amount: Decimal


class FundsTransferred(Record, frozen=True, gc=False):
    """Money came to the account, or left it where the amount is below zero, by no order. Two are at least a second
    apart: of some a venue tells no more."""

    asset: str
    amount: Decimal
    at_ms: int


class OrderOpened(Record, frozen=True, gc=False):
    """An order was accepted; `locked` of the asset it pays with is set aside until it is filled or closed."""

    order_id: int
    client_id: str
    symbol: str
    base: str
    quote: str
    side: OrderSide
    type: OrderKind
    time_in_force: TimeInForce
    price: Decimal
    """Zero for an order that takes any."""
    quantity: Decimal
    quote_quantity: Decimal
    locked: Decimal
    at_ms: int
    stop_price: Decimal = Decimal(0)
    """Where the order waits for it; else zero."""
    trailing_delta: int = 0
    """Above zero: the stop price follows the trades at this distance, in hundredths of a per cent."""
    iceberg: Decimal = Decimal(0)
    """What of it is on the book at once, where that is not all."""


class OrderTriggered(Record, frozen=True, gc=False):
    """The market reached the order's stop price: it works from now on."""

    order_id: int
    at_ms: int


class OrderTrailed(Record, frozen=True, gc=False):
    """The stop price of a trailing order followed the market."""

    order_id: int
    stop_price: Decimal


class OrderFilled(Record, frozen=True, gc=False):
    """A part of an order traded; the fee is taken from the asset received."""

    order_id: int
    trade_id: int
    price: Decimal
    quantity: Decimal
    fee: Decimal
    maker: bool
    at_ms: int


class OrderClosed(Record, frozen=True, gc=False):
    """An order ended with a rest unfilled, which is released; `request_id` names the cancel request, if any."""

    order_id: int
    status: Literal["CANCELED", "EXPIRED"]
    request_id: str
    at_ms: int


class PositionNoted(Record, frozen=True):
    """Where the market stands: `source` is its state, and no frame later than `horizon_ns` was published under it."""

    source: dict[str, Any]
    horizon_ns: int


AnyRecord = (
    BalanceCredited
    | FundsTransferred
    | OrderOpened
    | OrderTrailed
    | OrderTriggered
    | OrderFilled
    | OrderClosed
    | PositionNoted
)

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[AnyRecord])


def encode_batch(records: Sequence[AnyRecord]) -> bytes:
    """One request's records as one payload: they are durable together or not at all."""
    return _encoder.encode(records)


def decode_batch(payload: bytes) -> list[AnyRecord]:
    """Raises msgspec.DecodeError for what is not a batch of records."""
    return _decoder.decode(payload)
