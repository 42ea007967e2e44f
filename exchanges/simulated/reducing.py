"""Taking quantity off an open order, which keeps its place in the queue (`order.amend.keepPriority`)."""

from typing import Any

from .amending import Amendment, amend
from .engine import Engine
from .errors import AMEND_CHANGES_NOTHING, AMEND_INCREASES, AMEND_OF_UNKNOWN, RequestRefused, missing
from .money import money
from .operation import Operation
from .orders import Order
from .parameters import Parameters, names, read_client_id, read_decimal, read_order_id, read_text
from .payloads import Json
from .records import NO_LIST


def reduce(engine: Engine, params: Parameters, now_ms: int) -> Any:
    """Under a new id of the client's, or one that the venue makes up. Of a list's orders none is reduced here."""
    symbol = engine.market(read_text(params, "symbol")).instrument.venue_symbol
    order = engine.find_order(symbol, *read_order_id(params))
    read_text(params, "newQty")
    quantity = read_decimal(params, "newQty")
    if not quantity:
        raise RequestRefused(missing("newQty"))
    if order is None or not order.is_open or order.list_id != NO_LIST:
        raise RequestRefused(AMEND_OF_UNKNOWN)
    if quantity >= order.quantity:
        raise RequestRefused(AMEND_INCREASES if quantity > order.quantity else AMEND_CHANGES_NOTHING)
    former_id = order.client_id
    client_id = read_client_id(params, "newClientOrderId") or f"venue.a{engine.state.books.executions + 1}"
    amended = amend(engine, order, Amendment(quantity=quantity), now_ms, client_id)
    executions = engine.state.books.executions
    return {"transactTime": now_ms, "executionId": executions, "amendedOrder": _amended(amended, former_id)}


def _amended(order: Order, former_id: str) -> Json:
    return {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": order.list_id,
        "origClientOrderId": former_id,
        "clientOrderId": order.client_id,
        "price": money(order.price),
        "qty": money(order.quantity),
        "executedQty": money(order.executed),
        "preventedQty": money(order.prevented),
        "quoteOrderQty": money(order.quote_quantity),
        "cumulativeQuoteQty": money(order.executed_quote),
        "status": order.status,
        "timeInForce": order.time_in_force,
        "type": order.type,
        "side": order.side,
        "workingTime": order.working_ms or -1,
        "selfTradePreventionMode": order.prevention,
    }


REDUCE = Operation(reduce, 4, names("symbol orderId origClientOrderId newClientOrderId newQty"))
BY_ROUTE = {("PUT", "/api/v3/order/amend/keepPriority"): REDUCE}
BY_METHOD = {"order.amend.keepPriority": REDUCE}
