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
Prevention = Literal["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"]
"""What becomes of an order that would trade with another one of its own account; the taker's word counts."""
Contingency = Literal["OCO", "OTO"]

MAIN = 1
"""The account that the venue always has."""
NO_LIST = -1


class Record(msgspec.Struct, frozen=True, gc=False, tag_field="t", tag=True, forbid_unknown_fields=True):
    """Base of every record: immutable, tagged with its own name, strict when decoded."""


class BalanceCredited(Record, frozen=True, gc=False):
    asset: str
    amount: Decimal
    uid: int = MAIN


class FundsTransferred(Record, frozen=True, gc=False):
    """Money came to the account, or left it where the amount is below zero, by no order. Two are at least a second
    apart: of some a venue tells no more."""

    asset: str
    amount: Decimal
    at_ms: int
    uid: int = MAIN


class Closing(msgspec.Struct, frozen=True, gc=False):
    """What every fill of an order places on the other side, of the fill's size."""

    type: OrderKind
    price: Decimal
    stop_price: Decimal


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
    uid: int = MAIN
    prevention: Prevention = "NONE"
    activation: Decimal = Decimal(0)
    """The price from which a trailing order follows the market, where that is not the market's at its opening."""
    list_id: int = NO_LIST
    fee_reserve: Decimal | None = None
    """None: fees are taken from the asset received. Else from the quote currency, and a buyer locks this rate more."""
    closing: Closing | None = None
    held: bool = False
    """Nothing happens to it, and nothing is set aside, before its list's working order is filled."""
    strategy_id: int | None = None
    strategy_type: int | None = None


class OrderReleased(Record, frozen=True, gc=False):
    """The working order of the list is filled: this one is placed now. `stop_price` is where a trail begins."""

    order_id: int
    locked: Decimal
    stop_price: Decimal
    at_ms: int


class OrderTriggered(Record, frozen=True, gc=False):
    """The market reached the order's stop price: it works from now on."""

    order_id: int
    at_ms: int


class OrderAmended(Record, frozen=True, gc=False):
    """An open order has other terms from now on, under its old ids: `locked` is what it sets aside then. Unless it
    `keeps_place` it stands behind all others of its price."""

    order_id: int
    price: Decimal
    quantity: Decimal
    stop_price: Decimal
    iceberg: Decimal
    locked: Decimal
    keeps_place: bool
    at_ms: int
    client_id: str = ""
    """Its own id from now on; empty: as before."""
    former_id: str = ""


class OrderTrailed(Record, frozen=True, gc=False):
    """The stop price of a trailing order followed the market, or the market reached its activation."""

    order_id: int
    stop_price: Decimal


class QueueMoved(Record, frozen=True, gc=False):
    """What strangers have standing before resting orders at their prices, by order id."""

    ahead: tuple[tuple[int, Decimal], ...]


class LockMoved(Record, frozen=True, gc=False):
    """One order of a pair takes over what the other one had set aside for both, and sets `locked` aside."""

    order_id: int
    from_id: int
    locked: Decimal


class OrderFilled(Record, frozen=True, gc=False):
    """A part of an order traded; the fee is taken from the asset received."""

    order_id: int
    trade_id: int
    price: Decimal
    quantity: Decimal
    fee: Decimal
    maker: bool
    at_ms: int
    counter_id: int = 0
    """The order of this venue that was the other side; zero where strangers were."""


class OrderClosed(Record, frozen=True, gc=False):
    """An order ended with a rest unfilled, which is released; `request_id` names the cancel request, if any."""

    order_id: int
    status: Literal["CANCELED", "EXPIRED"]
    request_id: str
    at_ms: int
    reason: str = ""
    """Binance's word for why it expired."""


class TradePrevented(Record, frozen=True, gc=False):
    """An order ended because it would have traded with one of its own account."""

    order_id: int
    counter_id: int
    prevented_id: int
    taker_id: int
    price: Decimal
    quantity: Decimal
    """What the two would have traded."""
    mode: Prevention
    at_ms: int


class ListOpened(Record, frozen=True, gc=False):
    """Orders just opened belong together: of the last two of an OCO or of three orders one works at most; the second
    and third of an OTO wait for the first."""

    list_id: int
    client_id: str
    uid: int
    symbol: str
    contingency: Contingency
    order_ids: tuple[int, ...]
    at_ms: int


class ListDone(Record, frozen=True, gc=False):
    """No order of the list is open any more."""

    list_id: int
    at_ms: int


class PositionNoted(Record, frozen=True):
    """Where the market stands: `source` is its state, and no frame later than `horizon_ns` was published under it."""

    source: dict[str, Any]
    horizon_ns: int


OrderRecord = OrderOpened | OrderReleased | OrderTriggered | OrderAmended | OrderFilled | OrderClosed | TradePrevented
"""What the account's own stream reports of an order."""
ListRecord = ListOpened | ListDone
AnyRecord = (
    OrderRecord
    | ListRecord
    | BalanceCredited
    | FundsTransferred
    | OrderTrailed
    | QueueMoved
    | LockMoved
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
