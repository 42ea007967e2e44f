"""The venue's state as a fold over its records, and the one place where accounts and orders change."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from operator import attrgetter

import msgspec

from .accounts import ZERO, Account
from .orders import Fill, OpenOrders, Order
from .records import (
    AnyRecord,
    BalanceCredited,
    FundsTransferred,
    OrderClosed,
    OrderFilled,
    OrderOpened,
    OrderTrailed,
    OrderTriggered,
    PositionNoted,
    decode_batch,
)

CLOSED_ORDERS_KEPT = 10_000
FILLS_KEPT = 100_000
TRANSFERS_KEPT = 1_000


class Books(msgspec.Struct):
    """All that a snapshot holds. Orders are by id; closed ones and fills are kept within twice the bounds above."""

    version: int = 1
    account: Account = msgspec.field(default_factory=Account)
    orders: dict[int, Order] = {}
    closed: list[int] = []
    fills: list[Fill] = []
    last_order_id: int = 0
    last_trade_id: int = 0
    executions: int = 0
    """How many records of orders were applied: the id of an execution report."""
    updated_ms: int = 0
    position: PositionNoted | None = None
    transfers: list[FundsTransferred] = []
    """The latest, oldest first."""


class SnapshotRefused(ValueError):
    """The snapshot is not one of this venue, or of another version; nothing was restored."""


class VenueState:
    """Accounts, orders, fills, ids and the market's position. Equal records in equal order give equal states."""

    def __init__(self) -> None:
        self.books = Books()
        self.open = OpenOrders()
        self._by_client: dict[str, int] = {}

    def apply(self, record: AnyRecord) -> Order | None:
        """Fold one record; the order it concerns is returned as it stands after."""
        match record:
            case BalanceCredited(asset, amount):
                self.books.account.credit(asset, amount)
                return None
            case PositionNoted():
                self.books.position = record
                return None
            case FundsTransferred(asset, amount):
                self.books.account.credit(asset, amount)
                self.books.transfers = [*self.books.transfers[1 - TRANSFERS_KEPT :], record]
                self.books.updated_ms = record.at_ms
                return None
            case OrderTrailed(order_id, stop_price):  # nobody is told
                self.books.orders[order_id].stop_price = stop_price
                return None
            case OrderOpened():
                order = self._open(record)
            case OrderTriggered():
                order = self._trigger(record)
            case OrderFilled():
                order = self._fill(record)
            case OrderClosed():
                order = self._close(record)
        self.books.executions += 1
        self.books.updated_ms = order.updated_ms = record.at_ms
        return order

    def replay(self, payloads: Iterable[bytes]) -> None:
        """Fold every batch of a log, oldest first. Raises msgspec.DecodeError for a payload that is no batch."""
        for payload in payloads:
            for record in decode_batch(payload):
                self.apply(record)

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self.books)

    def restore(self, payload: bytes) -> None:
        """Become the state that made the snapshot. Raises SnapshotRefused."""
        try:
            books = msgspec.msgpack.decode(payload, type=Books)
        except msgspec.DecodeError as error:
            raise SnapshotRefused(f"expected a snapshot of the venue, found {error}") from error
        if books.version != Books().version:
            raise SnapshotRefused(f"expected a snapshot of version {Books().version}, found {books.version}")
        self.books, self.open = books, OpenOrders()
        self._by_client = {order.client_id: order.order_id for order in books.orders.values()}
        for order in books.orders.values():
            if order.is_open:
                self.open.add(order)

    def find_order(self, symbol: str, order_id: int | None, client_id: str) -> Order | None:
        """By the venue's id where given, else the newest order of that client id."""
        wanted = order_id if order_id is not None else self._by_client.get(client_id, 0)
        order = self.books.orders.get(wanted)
        return order if order and order.symbol == symbol else None

    def fills_from(self, trade_id: int) -> Iterator[Fill]:
        """Fills of that id and later, oldest first."""
        fills = self.books.fills
        for index in range(bisect_right(fills, trade_id - 1, key=attrgetter("trade_id")), len(fills)):
            yield fills[index]

    def _open(self, record: OrderOpened) -> Order:
        order = Order(
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
            stop_price=record.stop_price,
            waits=bool(record.stop_price),
            trailing_delta=record.trailing_delta,
            iceberg=record.iceberg,
        )
        self.books.account.lock(order.pays, order.locked)
        self.books.last_order_id = order.order_id
        self.books.orders[order.order_id] = order
        self._by_client[order.client_id] = order.order_id
        self.open.add(order)
        return order

    def _trigger(self, record: OrderTriggered) -> Order:
        order = self.books.orders[record.order_id]
        self.open.work(order)
        order.waits = False
        return order

    def _fill(self, record: OrderFilled) -> Order:
        order = self.books.orders[record.order_id]
        cost = record.price * record.quantity
        spent, received = (cost, record.quantity) if order.side == "BUY" else (record.quantity, cost)
        order.executed += record.quantity
        order.executed_quote += cost
        assert order.executed <= order.quantity, f"order {order.order_id} would be filled beyond its quantity"
        # A limit order locked its own price: what a better one saved is released with the fill.
        limited = order.side == "BUY" and order.price
        kept = order.price * order.remaining if limited else order.locked - spent
        self.books.account.release(order.pays, order.locked - kept, spent)
        self.books.account.credit(order.receives, received - record.fee)
        order.locked = kept
        self.books.last_trade_id = record.trade_id
        self.books.fills.append(_fill_of(order, record))
        if len(self.books.fills) > 2 * FILLS_KEPT:
            del self.books.fills[:FILLS_KEPT]
        order.status = "PARTIALLY_FILLED" if order.remaining else "FILLED"
        if not order.remaining:
            self._retire(order)
        return order

    def _close(self, record: OrderClosed) -> Order:
        order = self.books.orders[record.order_id]
        order.status = record.status
        self._retire(order)
        return order

    def _retire(self, order: Order) -> None:
        self.books.account.release(order.pays, order.locked)
        order.locked = ZERO
        self.open.remove(order)
        closed = self.books.closed
        closed.append(order.order_id)
        if len(closed) > 2 * CLOSED_ORDERS_KEPT:
            for order_id in closed[:CLOSED_ORDERS_KEPT]:
                self._forget(self.books.orders.pop(order_id))
            del closed[:CLOSED_ORDERS_KEPT]

    def _forget(self, order: Order) -> None:
        if self._by_client.get(order.client_id) == order.order_id:
            del self._by_client[order.client_id]


def _fill_of(order: Order, record: OrderFilled) -> Fill:
    return Fill(
        trade_id=record.trade_id,
        order_id=order.order_id,
        symbol=order.symbol,
        side=order.side,
        price=record.price,
        quantity=record.quantity,
        fee=record.fee,
        fee_asset=order.receives,
        maker=record.maker,
        at_ms=record.at_ms,
    )
