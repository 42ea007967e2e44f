"""The answer to a new order, in the form the request asks for."""

from typing import Any

from . import payloads
from .engine import Engine
from .errors import RequestRefused, missing
from .orders import Order
from .parameters import Parameters

SHAPES = ("ACK", "RESULT", "FULL")


def read_shape(params: Parameters) -> str:
    """Which form is asked for, if none the usual one of the order's type. Raises RequestRefused."""
    shape = params.get("newOrderRespType", "FULL" if params.get("type") in ("LIMIT", "MARKET") else "ACK")
    if shape not in SHAPES:
        raise RequestRefused(missing("newOrderRespType"))
    return shape


def answer_to(engine: Engine, order: Order, shape: str) -> Any:
    """Of an order just placed."""
    match shape:
        case "ACK":
            return payloads.order_ack(order)
        case "RESULT":
            return payloads.order_result(order)
    return payloads.order_full(order, engine.fills_of(order), engine.prevented())
