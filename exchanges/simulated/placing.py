"""The answer to a new order, in the form the request asks for."""

from collections.abc import Iterable
from typing import Any

from . import payloads
from .engine import Engine
from .orders import Fill, Order, PreventedMatch
from .parameters import Parameters


def answer_to(order: Order, params: Parameters, fills: Iterable[Fill], prevented: Iterable[PreventedMatch] = ()) -> Any:
    default = "FULL" if params.get("type") in ("LIMIT", "MARKET") else "ACK"
    match params.get("newOrderRespType", default):
        case "ACK":
            return payloads.order_ack(order)
        case "RESULT":
            return payloads.order_result(order)
        case _:
            return payloads.order_full(order, fills, prevented)


def fills_of(engine: Engine, order: Order) -> Iterable[Fill]:
    """Of an order just placed: its fills are the newest."""
    return engine.fills_of(order)
