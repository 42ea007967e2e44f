"""The older request for a pair of orders, in the terms of the one that took its place."""

from .list_operations import placing
from .list_parameters import read_oco
from .operation import Operation
from .orders import ListRequest
from .parameters import Parameters, names, read_text

_LIMIT = {
    "price": "Price",
    "limitClientOrderId": "ClientOrderId",
    "limitIcebergQty": "IcebergQty",
    "limitStrategyId": "StrategyId",
    "limitStrategyType": "StrategyType",
}
_STOP = {
    "stopPrice": "StopPrice",
    "stopLimitPrice": "Price",
    "stopLimitTimeInForce": "TimeInForce",
    "stopClientOrderId": "ClientOrderId",
    "stopIcebergQty": "IcebergQty",
    "trailingDelta": "TrailingDelta",
    "stopStrategyId": "StrategyId",
    "stopStrategyType": "StrategyType",
}
SHARED = ("symbol", "side", "quantity", "listClientOrderId", "selfTradePreventionMode")


def read_legacy_oco(params: Parameters) -> ListRequest:
    """A limit on the far side of the market, a stop-loss on the near one. Raises RequestRefused."""
    read_text(params, "price")
    limit, stop = ("below", "above") if params.get("side") == "BUY" else ("above", "below")
    kinds = {
        f"{limit}Type": "LIMIT_MAKER",
        f"{stop}Type": "STOP_LOSS_LIMIT" if "stopLimitPrice" in params else "STOP_LOSS",
    }
    shared = {name: params[name] for name in SHARED if name in params}
    legs = {limit + theirs: params[ours] for ours, theirs in _LIMIT.items() if ours in params}
    legs |= {stop + theirs: params[ours] for ours, theirs in _STOP.items() if ours in params}
    return read_oco(shared | kinds | legs)


TAKES = names(" ".join((*SHARED, *_LIMIT, *_STOP, "newOrderRespType")))
PLACE = Operation(placing(read_legacy_oco), 1, TAKES, orders=2)
BY_ROUTE = {("POST", "/api/v3/order/oco"): PLACE}
BY_METHOD = {"orderList.place": PLACE}
