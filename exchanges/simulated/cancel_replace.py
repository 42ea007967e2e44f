"""Cancel an order and place another in one request: what of it took effect is told for each part."""

from typing import Any

import msgspec

from .cancelling import cancelled
from .deciding import check_filters
from .engine import Engine
from .errors import (
    INVALID_CANCEL_RESTRICTIONS,
    RESTRICTED,
    Refusal,
    RequestFailed,
    RequestRefused,
    missing,
    missing_both,
)
from .orders import Order
from .parameters import Parameters, names, read_client_id, read_integer, read_order, read_text
from .placing import answer_to, read_shape

STOP, ALLOW = "STOP_ON_FAILURE", "ALLOW_FAILURE"
CANCEL_PART = names("cancelReplaceMode cancelOrderId cancelOrigClientOrderId cancelNewClientOrderId cancelRestrictions")
SUCCESS, FAILURE, NOT_ATTEMPTED = "SUCCESS", "FAILURE", "NOT_ATTEMPTED"


class Outcome(msgspec.Struct):
    """`body` is the answer or the refusal of one of the two parts."""

    result: str = NOT_ATTEMPTED
    body: Any = None


def cancel_replace(engine: Engine, params: Parameters, now_ms: int) -> Any:
    """What is wrong with the new order by its form or the symbol's filters refuses both. Raises RequestRefused;
    RequestFailed, with both outcomes, where one of them failed."""
    mode = params.get("cancelReplaceMode")
    if mode not in (STOP, ALLOW):
        raise RequestRefused(missing("cancelReplaceMode"))
    request, shape = read_order(params), read_shape(params)
    check_filters(request, engine.market(request.symbol), now_ms)
    old = _find(engine, params)
    ended, placed = Outcome(), Outcome()
    request_id = read_client_id(params, "cancelNewClientOrderId") or f"venue.x{engine.state.books.executions + 1}"
    try:
        (body,) = cancelled(engine, [allowed(old, params)], request_id, now_ms)
        ended = Outcome(SUCCESS, body)
    except RequestRefused as error:
        ended = Outcome(FAILURE, error.refusal.body())
    if ended.result == SUCCESS or mode == ALLOW:
        try:
            order = engine.place(request, now_ms)
            placed = Outcome(SUCCESS, answer_to(engine, order, shape))
        except RequestRefused as error:
            placed = Outcome(FAILURE, error.refusal.body())
    return _told(ended, placed)


def allowed(order: Order | None, params: Parameters) -> Order | None:
    """The order, where its restrictions let it be cancelled. Raises RequestRefused."""
    restriction = params.get("cancelRestrictions")
    if restriction not in (None, "ONLY_NEW", "ONLY_PARTIALLY_FILLED"):
        raise RequestRefused(INVALID_CANCEL_RESTRICTIONS)
    if order is not None and order.is_open and restriction not in (None, f"ONLY_{order.status}"):
        raise RequestRefused(RESTRICTED)
    return order


def _find(engine: Engine, params: Parameters) -> Order | None:
    symbol = engine.market(read_text(params, "symbol")).instrument.venue_symbol
    order_id, client_id = read_integer(params, "cancelOrderId"), params.get("cancelOrigClientOrderId", "")
    if order_id is None and not client_id:
        raise RequestRefused(missing_both("cancelOrigClientOrderId", "cancelOrderId"))
    return engine.find_order(symbol, order_id, client_id)


def _told(ended: Outcome, placed: Outcome) -> Any:
    """Raises RequestFailed unless both succeeded."""
    told = {
        "cancelResult": ended.result,
        "newOrderResult": placed.result,
        "cancelResponse": ended.body,
        "newOrderResponse": placed.body,
    }
    match (ended.result, placed.result):
        case ("SUCCESS", "SUCCESS"):
            return told
        case ("SUCCESS", _) | (_, "SUCCESS"):
            raise RequestFailed(Refusal(-2021, "Order cancel-replace partially failed.", 409, told))
    raise RequestFailed(Refusal(-2022, "Order cancel-replace failed.", 400, told))
