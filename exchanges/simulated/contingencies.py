"""What happens to the other orders of a list when one of them trades, works or ends: records in, records out.

Of a pair the second ends before the first trades or works; an order of a list that ends unfilled ends the list.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal

from .deciding import request_of, worst_payment
from .matching import NOTHING
from .orders import Order, OrderList
from .records import AnyRecord, ListDone, LockMoved, OrderClosed, OrderFilled, OrderTriggered, TradePrevented
from .state import VenueState


def contingent(records: Sequence[AnyRecord], state: VenueState, now_ms: int) -> Sequence[AnyRecord]:
    """The batch with what it means to lists."""
    books = state.books
    if len(books.lists) == len(books.ended_lists):
        return records
    batch = _Batch(state, now_ms)
    for record in records:
        batch.add(record)
    return batch.records()


class _Batch:
    """A batch as it grows, over a state that stays as it was before."""

    def __init__(self, state: VenueState, now_ms: int) -> None:
        self._orders, self._lists = state.books.orders, state.books.lists
        self._now_ms = now_ms
        self._records: list[AnyRecord] = []
        self._filled: dict[int, Decimal] = {}
        self._ended: set[int] = set()
        self._touched: dict[int, OrderList] = {}

    def add(self, record: AnyRecord) -> None:
        if not isinstance(record, OrderFilled | OrderTriggered | OrderClosed | TradePrevented):
            self._records.append(record)
            return
        order = self._orders.get(record.order_id)
        found = self._lists.get(order.list_id) if order else None
        if order is None or found is None:
            self._records.append(record)
            return
        self._touched[found.list_id] = found
        if isinstance(record, OrderFilled | OrderTriggered):
            if order.order_id in found.pair:
                self._records += self._win(order, found)
            self._records.append(record)
            self._count(record, order)
        elif order.order_id not in self._ended:
            self._records.append(record)
            self._ended.add(order.order_id)
            expired = isinstance(record, TradePrevented) or record.status == "EXPIRED"
            self._records += self._close_others(order, found, "EXPIRED" if expired else "CANCELED")

    def records(self) -> list[AnyRecord]:
        for found in self._touched.values():
            if not any(True for _ in self._open(found)):
                self._records.append(ListDone(found.list_id, self._now_ms))
        return self._records

    def _win(self, order: Order, found: OrderList) -> Iterator[AnyRecord]:
        """The other one of a pair ends, and leaves what was set aside to this one."""
        for other in self._open(found):
            if other is not order and other.order_id in found.pair:
                if other.locked:
                    locked = worst_payment(request_of(order), order.stop_price, order.quantity, NOTHING)
                    yield LockMoved(order.order_id, other.order_id, locked)
                self._ended.add(other.order_id)
                yield OrderClosed(other.order_id, "EXPIRED", "", self._now_ms, "OCO_TRIGGER")

    def _count(self, record: OrderFilled | OrderTriggered, order: Order) -> None:
        if isinstance(record, OrderFilled):
            filled = self._filled.get(order.order_id, order.executed) + record.quantity
            self._filled[order.order_id] = filled
            if filled >= order.quantity:
                self._ended.add(order.order_id)

    def _close_others(
        self, order: Order, found: OrderList, status: Literal["CANCELED", "EXPIRED"]
    ) -> Iterator[AnyRecord]:
        phase_one = order.order_id == found.working
        reason = "" if status == "CANCELED" else "OTO_PHASE_ONE_EXPIRED" if phase_one else "OCO_TRIGGER"
        for other in tuple(self._open(found)):
            self._ended.add(other.order_id)
            yield OrderClosed(other.order_id, status, "", self._now_ms, reason)

    def _open(self, found: OrderList) -> Iterator[Order]:
        for order_id in found.order_ids:
            order = self._orders.get(order_id)
            if order is not None and order.is_open and order_id not in self._ended:
                yield order
