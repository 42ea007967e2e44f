"""All that a snapshot of the venue holds, and how it is read: of this version, or of the one before."""

from decimal import Decimal
from typing import TypeVar

import msgspec

from .accounts import ZERO, Account
from .orders import Fill, Order, OrderList, PreventedMatch
from .records import (
    MAIN,
    FundsTransferred,
    ListOpened,
    OrderFilled,
    OrderOpened,
    PositionNoted,
    TradePrevented,
)

VERSION = 2
Row = TypeVar("Row")


class Books(msgspec.Struct):
    """Orders and lists are by id; closed ones, fills and the like are kept within twice the bounds of the state."""

    version: int = VERSION
    accounts: dict[int, Account] = msgspec.field(default_factory=lambda: {MAIN: Account()})
    orders: dict[int, Order] = {}
    closed: list[int] = []
    fills: list[Fill] = []
    lists: dict[int, OrderList] = {}
    ended_lists: list[int] = []
    prevented: list[PreventedMatch] = []
    last_order_id: int = 0
    last_trade_id: int = 0
    last_list_id: int = 0
    last_prevented_id: int = 0
    executions: int = 0
    """How many records of orders were applied: the id of an execution report."""
    updated_ms: int = 0
    position: PositionNoted | None = None
    transfers: list[FundsTransferred] = []
    """The latest, oldest first."""

    @property
    def account(self) -> Account:
        """The one that the venue always has."""
        return self.accounts[MAIN]


def overflow(rows: list[Row], kept: int) -> list[Row]:
    """The oldest rows, taken out, once there are more than twice as many as are to be kept."""
    gone = rows[:kept] if len(rows) > 2 * kept else []
    del rows[: len(gone)]
    return gone


class SnapshotRefused(ValueError):
    """The snapshot is not one of this venue, or of another version; nothing was restored."""


class _Version(msgspec.Struct):
    version: int


class _BooksOfOneAccount(Books, kw_only=True):
    """Version 1."""

    account: Account = msgspec.field(default_factory=Account)


def decode_books(payload: bytes) -> Books:
    """Raises SnapshotRefused."""
    try:
        version = msgspec.msgpack.decode(payload, type=_Version).version
        if version == 1:
            return _from_one_account(msgspec.msgpack.decode(payload, type=_BooksOfOneAccount))
        if version != VERSION:
            raise SnapshotRefused(f"expected a snapshot of version {VERSION}, found {version}")
        return msgspec.msgpack.decode(payload, type=Books)
    except msgspec.DecodeError as error:
        raise SnapshotRefused(f"expected a snapshot of the venue, found {error}") from error


def _from_one_account(old: "_BooksOfOneAccount") -> Books:
    """Orders had no place among those of their price but their id, and all of an iceberg's part was on the book."""
    fields = {name: getattr(old, name) for name in Books.__struct_fields__}
    books = Books(**fields | {"version": VERSION, "accounts": {MAIN: old.account}})
    old.account.updated_ms = books.updated_ms
    for order in books.orders.values():
        order.rank = order.order_id
        order.shown = min(order.iceberg, order.remaining)
        order.working_ms = 0 if order.waits else order.created_ms
    return books


def order_of(record: OrderOpened) -> Order:
    waits = bool(record.stop_price or record.trailing_delta) and not record.held
    return Order(
        order_id=record.order_id,
        client_id=record.client_id,
        symbol=record.symbol,
        base=record.base,
        quote=record.quote,
        side=record.side,
        type=record.type,
        time_in_force=record.time_in_force,
        price=record.price,
        quantity=record.quantity,
        quote_quantity=record.quote_quantity,
        locked=record.locked,
        created_ms=record.at_ms,
        updated_ms=record.at_ms,
        status="PENDING_NEW" if record.held else "NEW",
        stop_price=record.stop_price,
        waits=waits,
        trailing_delta=record.trailing_delta,
        iceberg=record.iceberg,
        uid=record.uid,
        fee_reserve=record.fee_reserve,
        prevention=record.prevention,
        activation=record.activation,
        list_id=record.list_id,
        closing=record.closing,
        held=record.held,
        strategy_id=record.strategy_id,
        strategy_type=record.strategy_type,
        working_ms=0 if waits or record.held else record.at_ms,
        shown=min(record.iceberg, record.quantity),
    )


def fill_of(order: Order, record: OrderFilled) -> Fill:
    return Fill(
        trade_id=record.trade_id,
        order_id=order.order_id,
        symbol=order.symbol,
        side=order.side,
        price=record.price,
        quantity=record.quantity,
        fee=record.fee,
        fee_asset=order.fee_asset,
        maker=record.maker,
        at_ms=record.at_ms,
        uid=order.uid,
        list_id=order.list_id,
        counter_id=record.counter_id,
    )


def list_of(record: ListOpened, client_ids: list[str]) -> OrderList:
    return OrderList(
        list_id=record.list_id,
        client_id=record.client_id,
        uid=record.uid,
        symbol=record.symbol,
        contingency=record.contingency,
        order_ids=record.order_ids,
        client_ids=tuple(client_ids),
        created_ms=record.at_ms,
        updated_ms=record.at_ms,
    )


def prevented_of(record: TradePrevented, order: Order, before: PreventedMatch | None) -> PreventedMatch:
    """`before` is the same match as the other order's end left it."""
    taker, maker = (before.taker_prevented, before.maker_prevented) if before else (ZERO, ZERO)
    mine: Decimal = order.prevented
    is_taker = order.order_id == record.taker_id
    return PreventedMatch(
        prevented_id=record.prevented_id,
        symbol=order.symbol,
        uid=order.uid,
        taker_id=record.taker_id,
        maker_id=record.counter_id if is_taker else order.order_id,
        price=record.price,
        mode=record.mode,
        taker_prevented=mine if is_taker else taker,
        maker_prevented=maker if is_taker else mine,
        at_ms=record.at_ms,
    )
