"""Cancelling orders, and what is answered: of an order of a list its whole list, which ends with it."""

from collections.abc import Sequence

from .engine import Engine
from .errors import UNKNOWN_ORDER, RequestRefused
from .list_payloads import list_cancelled
from .orders import Order, OrderList
from .payloads import Json, order_cancelled


def cancelled(engine: Engine, orders: Sequence[Order | None], request_id: str, now_ms: int) -> list[Json]:
    """All or none; a list is told once. Raises RequestRefused for no order at all, or one that is not open."""
    found = [order for order in orders if order is not None]
    if len(found) < len(orders):
        raise RequestRefused(UNKNOWN_ORDER)
    books = engine.state.books
    lists = {order.list_id: books.lists[order.list_id] for order in found if order.list_id in books.lists}
    standing = {each.list_id: _standing(engine, each) for each in lists.values()}
    engine.cancel_all(found, request_id, now_ms)
    told: list[Json] = []
    for order in found:
        if order.list_id not in lists:
            told.append(order_cancelled(order, request_id))
        elif order.list_id in standing:
            told.append(list_cancelled(lists[order.list_id], standing.pop(order.list_id), request_id))
    return told


def _standing(engine: Engine, found: OrderList) -> list[Order]:
    known = engine.state.books.orders
    return [known[each] for each in found.order_ids if each in known and known[each].is_open]
