"""The books as one value: to be written down, read back, and copied. `restore(take(books))` equals the books."""

from collections import OrderedDict
from decimal import Decimal
from typing import Any

import msgspec

from .books import Books, Order, Position
from .messages import Message
from .order_events import OrderIntended
from .order_states import OrderState


class OrderImage(Message, frozen=True, gc=False):
    intent: OrderIntended
    state: OrderState
    filled: Decimal
    venue_id: str
    cancel_wanted: bool
    unknown_since_ns: int
    reason: str


class PositionImage(Message, frozen=True, gc=False):
    amount: Decimal
    cost: Decimal
    realised: Decimal
    fees: Decimal


class BooksImage(Message, frozen=True, gc=False):
    """Sequences keep the order in which things happened."""

    orders: tuple[OrderImage, ...]
    closed: tuple[str, ...]
    balances: dict[str, Decimal]
    opening: dict[str, Decimal]
    positions: dict[str, PositionImage]
    strategy_positions: tuple[tuple[str, str, Decimal], ...]
    used_signals: tuple[str, ...]
    trades: tuple[tuple[str, str], ...]
    last_trade_id: dict[str, int]
    last_epoch: int
    adopted: bool


def take(books: Books) -> BooksImage:
    """Everything the books hold."""
    return BooksImage(
        orders=tuple(OrderImage(**vars(order)) for order in books.orders.values()),
        closed=tuple(books._closed),
        balances=dict(books.balances),
        opening=dict(books.opening),
        positions={symbol: PositionImage(**vars(held)) for symbol, held in books.positions.items()},
        strategy_positions=tuple((*key, amount) for key, amount in books.strategy_positions.items()),
        used_signals=tuple(books.used_signals),
        trades=tuple(books._trades),
        last_trade_id=dict(books.last_trade_id),
        last_epoch=books.last_epoch,
        adopted=books.adopted,
    )


def restore(image: BooksImage) -> Books:
    """Books of their own: they share nothing that changes with those the image was taken of."""
    orders = {order.intent.client_id: Order(**_fields(order)) for order in image.orders}
    return Books(
        orders=orders,
        balances=dict(image.balances),
        opening=dict(image.opening),
        positions={symbol: Position(**_fields(held)) for symbol, held in image.positions.items()},
        strategy_positions={(strategy, symbol): amount for strategy, symbol, amount in image.strategy_positions},
        used_signals=OrderedDict.fromkeys(image.used_signals),
        adopted=image.adopted,
        last_epoch=image.last_epoch,
        last_trade_id=dict(image.last_trade_id),
        _open={client_id: order for client_id, order in orders.items() if order.open},
        _closed=OrderedDict.fromkeys(image.closed),
        _trades=OrderedDict.fromkeys(image.trades),
    )


def _fields(image: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(image, name) for name in image.__struct_fields__}
