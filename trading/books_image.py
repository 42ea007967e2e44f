"""The books as one value: to be written down, read back, and copied. `restore(take(books))` equals the books."""

from collections import OrderedDict, deque
from decimal import Decimal, localcontext
from typing import Any

import msgspec

from .books import ADOPTED, Books, currencies
from .messages import ZERO, Message
from .order import Order
from .order_events import OrderIntended
from .order_states import OrderState
from .positions import EXACT, Position, part_of


class OrderImage(Message, frozen=True, gc=False):
    intent: OrderIntended
    state: OrderState
    filled: Decimal
    venue_id: str
    cancel_wanted: bool
    unknown_since_ns: int
    reason: str


class PositionImage(Message, frozen=True, gc=False):
    """Images of version 1 end with `fees`."""

    amount: Decimal
    cost: Decimal
    realised: Decimal
    fees: Decimal
    fifo_realised: Decimal | None = None
    lots: tuple[tuple[Decimal, Decimal], ...] = ()
    fees_paid: dict[str, Decimal] = msgspec.field(default_factory=dict)


class BooksImage(Message, frozen=True, gc=False):
    """Sequences keep the order in which things happened. Images of version 1 end with `adopted`."""

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
    holdings: tuple[tuple[str, str, PositionImage], ...] = ()
    transferred: dict[str, Decimal] = msgspec.field(default_factory=dict)
    transfers: tuple[str, ...] = ()


def take(books: Books) -> BooksImage:
    """Everything the books hold."""
    return BooksImage(
        orders=tuple(OrderImage(**vars(order)) for order in books.orders.values()),
        closed=tuple(books._closed),
        balances=dict(books.balances),
        opening=dict(books.opening),
        positions={symbol: _take_position(held) for symbol, held in books.positions.items()},
        strategy_positions=tuple((*key, amount) for key, amount in books.strategy_positions.items()),
        used_signals=tuple(books.used_signals),
        trades=tuple(books._trades),
        last_trade_id=dict(books.last_trade_id),
        last_epoch=books.last_epoch,
        adopted=books.adopted,
        holdings=tuple((*key, _take_position(held)) for key, held in books.holdings.items()),
        transferred=dict(books.transferred),
        transfers=tuple(books._transfers),
    )


def restore(image: BooksImage) -> Books:
    """Books of their own: they share nothing that changes with those the image was taken of."""
    orders = {order.intent.client_id: Order(**_fields(order)) for order in image.orders}
    positions = {symbol: _restore_position(held) for symbol, held in image.positions.items()}
    holdings = {(strategy, symbol): _restore_position(held) for strategy, symbol, held in image.holdings}
    if not holdings:
        with localcontext(EXACT):
            holdings = _holdings_of_version_1(image, positions)
    return Books(
        orders=orders,
        balances=dict(image.balances),
        opening=dict(image.opening),
        positions=positions,
        strategy_positions={key: held.amount for key, held in holdings.items()},
        holdings=holdings,
        capital=_capital(holdings),
        transferred=dict(image.transferred),
        used_signals=OrderedDict.fromkeys(image.used_signals),
        adopted=image.adopted,
        last_epoch=image.last_epoch,
        last_trade_id=dict(image.last_trade_id),
        _open={client_id: order for client_id, order in orders.items() if order.open},
        _unknown={client_id: order for client_id, order in orders.items() if order.state is OrderState.UNKNOWN},
        _closed=OrderedDict.fromkeys(image.closed),
        _trades=OrderedDict.fromkeys(image.trades),
        _transfers=OrderedDict.fromkeys(image.transfers),
    )


def _take_position(held: Position) -> PositionImage:
    return PositionImage(
        held.amount, held.cost, held.realised, held.fees, held.fifo_realised, tuple(held.lots), dict(held.fees_paid)
    )


def _restore_position(image: PositionImage) -> Position:
    """One of version 1 becomes one lot, and what it realised counts for both methods."""
    fifo = image.realised if image.fifo_realised is None else image.fifo_realised
    lots = deque(image.lots) if image.lots or not image.amount else deque([(image.amount, image.cost)])
    return Position(image.amount, image.cost, image.realised, image.fees, fifo, lots, dict(image.fees_paid))


def _holdings_of_version_1(image: BooksImage, positions: dict[str, Position]) -> dict[tuple[str, str], Position]:
    """Version 1 knew what strategies held, not what it had cost: each holds at the account's average. What cannot be
    given to anyone, past profit above all, is `ADOPTED`'s, so that strategies add up to the account."""
    amounts = {(strategy, symbol): amount for strategy, symbol, amount in image.strategy_positions}
    holdings: dict[tuple[str, str], Position] = {}
    for (strategy, symbol), amount in amounts.items():
        account = positions[symbol]
        cost = part_of(account.cost, amount, account.amount) if account.amount else ZERO
        lots = deque([(amount, cost)] if amount else ())
        holdings[strategy, symbol] = Position(amount, cost, lots=lots)
    for symbol, account in positions.items():
        _give_rest(symbol, account, holdings)
    return holdings


def _give_rest(symbol: str, account: Position, holdings: dict[tuple[str, str], Position]) -> None:
    parts = [held for (_, name), held in holdings.items() if name == symbol]
    earned = account.realised - account.cost + sum((held.cost for held in parts), ZERO)
    if not parts or earned or account.fees:
        rest = holdings.setdefault((ADOPTED, symbol), Position())
        rest.realised, rest.fifo_realised, rest.fees = earned, earned, account.fees


def _capital(holdings: dict[tuple[str, str], Position]) -> dict[tuple[str, str], Decimal]:
    capital: dict[tuple[str, str], Decimal] = {}
    for (strategy, symbol), held in holdings.items():
        budget = (strategy, currencies(symbol)[1])
        capital[budget] = EXACT.add(capital.get(budget, ZERO), abs(held.cost))
    return capital


def _fields(image: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(image, name) for name in image.__struct_fields__}
