"""Giving an open order other terms in its place, as one step: it keeps its ids, and what of it was filled."""

from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from .accounts import ZERO
from .deciding import begin_stop, check_filters, check_funds, meet, request_of, worst_payment
from .engine import Engine
from .errors import DUPLICATE_ORDER, UNKNOWN_ORDER, RequestRefused
from .matching import NOTHING, Match
from .orders import Order, OrderRequest
from .records import NO_LIST, OrderAmended


class Amendment(NamedTuple):
    """What the order is to have; None: what it has."""

    quantity: Decimal | None = None
    """All of it, what was filled included."""
    price: Decimal | None = None
    stop_price: Decimal | None = None
    iceberg: Decimal | None = None
    post_only: bool = False
    """It is not to take anything by this."""


def amend(engine: Engine, order: Order, wanted: Amendment, now_ms: int, client_id: str = "") -> Order:
    """Of a smaller quantity alone the order keeps its place; with another price it may be filled at once. A quantity no
    larger than what was filled ends it. Orders of a list are not amended. `client_id` is its new one, if any.

    Raises RequestRefused, and then nothing changed.
    """
    if not order.is_open or order.list_id != NO_LIST:
        raise RequestRefused(UNKNOWN_ORDER)
    if wanted.quantity is not None and wanted.quantity <= order.executed:
        return engine.cancel(order, f"venue.a{engine.state.books.executions + 1}", now_ms)
    if client_id and engine.state.open.find(client_id, order.uid) not in (None, order):
        raise RequestRefused(DUPLICATE_ORDER)
    amended = _amended(order, wanted)
    market, left = engine.market(order.symbol), amended.remaining
    request = request_of(amended)
    check_filters(request, market, now_ms)
    if order.waits and not order.trailing_delta:
        begin_stop(request, market)
    keeps = amended.price == order.price and amended.iceberg == order.iceberg and amended.quantity <= order.quantity
    met = NOTHING if order.waits or keeps else _met(engine, replace(request, quantity=left), wanted, now_ms)
    locked = worst_payment(request, amended.stop_price, left, met)
    check_funds(engine.state, order.uid, order.pays, locked - order.locked)
    record = OrderAmended(
        order.order_id, amended.price, amended.quantity, amended.stop_price, amended.iceberg, locked,
        keeps_place=keeps, at_ms=now_ms, client_id=client_id, former_id=order.client_id,
    )  # fmt: skip
    works = None if order.waits or keeps else replace(amended, quantity=left, executed=ZERO)
    engine.carry_out([record], works, met, now_ms)
    engine.release_due(now_ms)
    return engine.state.books.orders[order.order_id]


def _amended(order: Order, wanted: Amendment) -> Order:
    """As it is to stand, changing nothing."""
    return replace(
        order,
        quantity=order.quantity if wanted.quantity is None else wanted.quantity,
        price=order.price if wanted.price is None else wanted.price,
        stop_price=order.stop_price if wanted.stop_price is None else wanted.stop_price,
        iceberg=order.iceberg if wanted.iceberg is None else wanted.iceberg,
    )


def _met(engine: Engine, request: OrderRequest, wanted: Amendment, now_ms: int) -> Match:
    if wanted.post_only and request.type == "LIMIT":
        request = replace(request, type="LIMIT_MAKER")
    return meet(request, engine.market(request.symbol), engine.state.open, now_ms)
