"""The venue's state as a fold over its records, and the one place where accounts and orders change."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from decimal import Decimal
from operator import attrgetter

import msgspec

from .accounts import ZERO, Account
from .books import Books, decode_books, fill_of, list_of, order_of, overflow, prevented_of
from .open_orders import OpenOrders
from .orders import Fill, Order, OrderList
from .records import (
    MAIN,
    AnyRecord,
    BalanceCredited,
    FundsTransferred,
    ListDone,
    ListOpened,
    LockMoved,
    OrderAmended,
    OrderClosed,
    OrderFilled,
    OrderOpened,
    OrderReleased,
    OrderTrailed,
    OrderTriggered,
    PositionNoted,
    QueueMoved,
    TradePrevented,
    decode_batch,
)

CLOSED_ORDERS_KEPT = 10_000
FILLS_KEPT = 25_000
TRANSFERS_KEPT = 1_000
PREVENTED_KEPT = 1_000
LISTS_KEPT = 5_000


class VenueState:
    """Accounts, orders, fills, ids and the market's position. Equal records in equal order give equal states."""

    def __init__(self) -> None:
        self.books = Books()
        self.open = OpenOrders()
        self.due: dict[int, None] = {}
        """The lists whose working order is filled, and whose others are yet to be placed."""
        self._by_client: dict[tuple[int, str], int] = {}
        self._lists: dict[tuple[int, str], int] = {}

    def apply(self, record: AnyRecord) -> Order | None:
        """Fold one record; the order it concerns is returned as it stands after."""
        match record:
            case QueueMoved(ahead):
                for order_id, strangers in ahead:
                    self.books.orders[order_id].ahead = strangers
                return None
            case OrderFilled():
                order = self._fill(record)
            case OrderOpened():
                order = self._open(record)
            case OrderClosed():
                order = self._close(record)
            case OrderTriggered():
                order = self._trigger(record)
            case OrderReleased():
                order = self._release(record)
            case OrderAmended():
                order = self._amend(record)
            case TradePrevented():
                order = self._prevent(record)
            case _:
                self._note(record)
                return None
        books = self.books
        books.executions += 1
        books.updated_ms = order.updated_ms = books.accounts[order.uid].updated_ms = record.at_ms
        return order

    def replay(self, payloads: Iterable[bytes]) -> None:
        """Fold every batch of a log, oldest first. Raises msgspec.DecodeError for a payload that is no batch."""
        for payload in payloads:
            for record in decode_batch(payload):
                self.apply(record)

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self.books)

    def restore(self, payload: bytes) -> None:
        """Become the state that made the snapshot, of this version or an older one. Raises SnapshotRefused."""
        self.books, self.open = decode_books(payload), OpenOrders()
        books = self.books
        self._by_client = {(order.uid, order.client_id): order.order_id for order in books.orders.values()}
        self._lists = {(each.uid, each.client_id): each.list_id for each in books.lists.values()}
        for order in books.orders.values():
            if order.is_open:
                self.open.add(order)
        for each in books.lists.values():
            self._settle(each)

    def account(self, uid: int = MAIN) -> Account:
        """Empty where nothing was ever credited to it."""
        return self.books.accounts.get(uid) or Account()

    def find_order(self, symbol: str, order_id: int | None, client_id: str, uid: int = MAIN) -> Order | None:
        """By the venue's id where given, which the client's must agree with; else the newest order of that client
        id."""
        wanted = order_id if order_id is not None else self._by_client.get((uid, client_id), 0)
        order = self.books.orders.get(wanted)
        if order is None or order.symbol != symbol or order.uid != uid:
            return None
        return order if not client_id or order.client_id == client_id else None

    def find_list(self, list_id: int | None, client_id: str, uid: int = MAIN) -> OrderList | None:
        """By the venue's id where given, else the newest list of that client id."""
        wanted = list_id if list_id is not None else self._lists.get((uid, client_id), 0)
        found = self.books.lists.get(wanted)
        return found if found and found.uid == uid else None

    def fills_from(self, trade_id: int) -> Iterator[Fill]:
        """Fills of that id and later, oldest first."""
        fills = self.books.fills
        for index in range(bisect_right(fills, trade_id - 1, key=attrgetter("trade_id")), len(fills)):
            yield fills[index]

    def _note(self, record: AnyRecord) -> None:
        books = self.books
        match record:
            case PositionNoted():
                books.position = record
            case BalanceCredited(asset, amount, uid):
                self._own(uid).credit(asset, amount)
            case FundsTransferred(asset, amount, at_ms, uid):
                account = self._own(uid)
                account.credit(asset, amount)
                books.transfers = [*books.transfers[1 - TRANSFERS_KEPT :], record]
                books.updated_ms = account.updated_ms = at_ms
            case OrderTrailed(order_id, stop_price):  # nobody is told
                books.orders[order_id].stop_price = stop_price
            case LockMoved(order_id, from_id, locked):
                self._move_lock(books.orders[order_id], books.orders[from_id], locked)
            case ListOpened():
                books.lists[record.list_id] = list_of(
                    record, [books.orders[each].client_id for each in record.order_ids]
                )
                books.last_list_id = record.list_id
                self._lists[record.uid, record.client_id] = record.list_id
            case ListDone(list_id, at_ms):
                self._end_list(books.lists[list_id], at_ms)

    def _own(self, uid: int) -> Account:
        return self.books.accounts.setdefault(uid, Account())

    def _open(self, record: OrderOpened) -> Order:
        order = order_of(record)
        if not order.held:
            order.rank = self.books.executions + 1
            self._own(order.uid).lock(order.pays, order.locked)
        self.books.last_order_id = order.order_id
        self.books.orders[order.order_id] = order
        self._by_client[order.uid, order.client_id] = order.order_id
        self.open.add(order)
        return order

    def _release(self, record: OrderReleased) -> Order:
        order = self.books.orders[record.order_id]
        self._own(order.uid).lock(order.pays, record.locked)
        order.locked, order.stop_price = record.locked, record.stop_price
        order.held, order.waits = False, bool(record.stop_price or order.trailing_delta)
        order.status, order.rank = "NEW", self.books.executions + 1
        order.working_ms = 0 if order.waits else record.at_ms
        self.open.place(order)
        self._settle(self.books.lists[order.list_id])
        return order

    def _trigger(self, record: OrderTriggered) -> Order:
        order = self.books.orders[record.order_id]
        self.open.take_off(order)
        order.waits, order.working_ms, order.rank = False, record.at_ms, self.books.executions + 1
        self.open.place(order)
        return order

    def _amend(self, record: OrderAmended) -> Order:
        order = self.books.orders[record.order_id]
        self.open.take_off(order)
        self._move_lock(order, order, record.locked)
        order.price, order.quantity, order.stop_price = record.price, record.quantity, record.stop_price
        order.iceberg, order.shown = record.iceberg, min(record.iceberg, order.remaining)
        order.rank = order.rank if record.keeps_place else self.books.executions + 1
        if record.client_id:
            self._forget(order)
            self.open.rename(order, record.client_id)
            self._by_client[order.uid, order.client_id] = order.order_id
        self.open.place(order)
        return order

    def _fill(self, record: OrderFilled) -> Order:
        order = self.books.orders[record.order_id]
        account = self.books.accounts[order.uid]
        cost = record.price * record.quantity
        spent, received = (cost, record.quantity) if order.side == "BUY" else (record.quantity, cost)
        if order.fee_asset == order.pays:
            spent += record.fee
        else:
            received -= record.fee
        order.executed += record.quantity
        order.executed_quote += cost
        assert order.executed <= order.quantity, f"order {order.order_id} would be filled beyond its quantity"
        # A limit order locked its own price: what a better one saved is released with the fill.
        limited = order.side == "BUY" and order.price
        limit = order.price * (1 + (order.fee_reserve or ZERO))
        kept = limit * order.remaining if limited else order.locked - spent
        account.release(order.pays, order.locked - kept, spent)
        account.credit(order.receives, received)
        account.traded(cost, record.at_ms)
        order.locked = kept
        self.books.last_trade_id = record.trade_id
        self.books.fills.append(fill_of(order, record))
        overflow(self.books.fills, FILLS_KEPT)
        order.status = "PARTIALLY_FILLED" if order.remaining else "FILLED"
        if not order.remaining:
            self._retire(order)
        elif order.iceberg:
            self._refresh(order, record)
        return order

    def _refresh(self, order: Order, record: OrderFilled) -> None:
        """The next part of an iceberg comes up at the end of the queue."""
        left = order.shown - record.quantity
        if left > 0:
            order.shown = left
            return
        self.open.take_off(order)
        order.rank = self.books.executions + 1
        order.shown = min(order.iceberg - -left % order.iceberg, order.remaining)
        self.open.place(order)

    def _close(self, record: OrderClosed) -> Order:
        order = self.books.orders[record.order_id]
        order.status, order.reason = record.status, record.reason
        self._retire(order)
        return order

    def _prevent(self, record: TradePrevented) -> Order:
        order = self.books.orders[record.order_id]
        order.status = "EXPIRED_IN_MATCH"
        order.prevented, order.prevented_id = order.remaining, record.prevented_id
        books = self.books
        books.last_prevented_id = record.prevented_id
        if books.prevented and books.prevented[-1].prevented_id == record.prevented_id:
            books.prevented[-1] = prevented_of(record, order, books.prevented[-1])
        else:
            books.prevented = [*books.prevented[1 - PREVENTED_KEPT :], prevented_of(record, order, None)]
        self._retire(order)
        return order

    def _move_lock(self, order: Order, other: Order, locked: Decimal) -> None:
        account = self.books.accounts[order.uid]
        account.release(other.pays, other.locked)
        other.locked = ZERO
        account.lock(order.pays, locked)
        order.locked = locked

    def _retire(self, order: Order) -> None:
        books = self.books
        books.accounts[order.uid].release(order.pays, order.locked)
        order.locked = ZERO
        self.open.remove(order)
        order.held = False
        if order.list_id in books.lists:
            self._settle(books.lists[order.list_id])
        books.closed.append(order.order_id)
        for order_id in overflow(books.closed, CLOSED_ORDERS_KEPT):
            self._forget(books.orders.pop(order_id))

    def _forget(self, order: Order) -> None:
        if self._by_client.get((order.uid, order.client_id)) == order.order_id:
            del self._by_client[order.uid, order.client_id]

    def _settle(self, orders: OrderList) -> None:
        """Note whether the others of a list are to be placed now."""
        found = [self.books.orders.get(each) for each in orders.order_ids]
        working = self.books.orders.get(orders.working)
        if working and working.status == "FILLED" and any(order and order.held for order in found):
            self.due[orders.list_id] = None
        else:
            self.due.pop(orders.list_id, None)

    def _end_list(self, orders: OrderList, at_ms: int) -> None:
        orders.done, orders.updated_ms = True, at_ms
        self.books.ended_lists.append(orders.list_id)
        for list_id in overflow(self.books.ended_lists, LISTS_KEPT):
            old = self.books.lists.pop(list_id)
            if self._lists.get((old.uid, old.client_id)) == list_id:
                del self._lists[old.uid, old.client_id]
