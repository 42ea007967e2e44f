"""What a signed request about order lists does: parameters in, Binance's JSON out."""

from collections.abc import Callable
from typing import Any

from .engine import Engine
from .errors import NO_SUCH_LIST, RequestRefused
from .list_parameters import OCO_TAKES, OTO_TAKES, OTOCO_TAKES, read_list_id, read_oco, read_oto, read_otoco
from .list_payloads import list_cancelled, list_placed, order_list
from .operation import Operation
from .orders import ListRequest, Order, OrderList
from .parameters import Parameters, names, read_client_id, read_integer, read_limit, read_text

ROWS_DEFAULT = 500
ROWS_MAX = 1_000


def placing(read: Callable[[Parameters], ListRequest]) -> Callable[[Engine, Parameters, int], Any]:
    def place(engine: Engine, params: Parameters, now_ms: int) -> Any:
        found = engine.place_list(read(params), now_ms)
        answer = list_placed(found, _orders(engine, found))
        engine.release_due(now_ms)
        return answer

    return place


def get_list(engine: Engine, params: Parameters, _now_ms: int) -> Any:
    found = engine.find_list(*read_list_id(params, "origClientOrderId"))
    if found is None:
        raise RequestRefused(NO_SUCH_LIST)
    return order_list(found)


def cancel_list(engine: Engine, params: Parameters, now_ms: int) -> Any:
    engine.market(read_text(params, "symbol"))
    found = engine.find_list(*read_list_id(params, "listClientOrderId"))
    request_id = read_client_id(params, "newClientOrderId") or f"venue.x{engine.state.books.executions + 1}"
    standing = [order for order in _orders(engine, found) if order.is_open] if found else []
    return list_cancelled(engine.cancel_list(found, request_id, now_ms), standing, request_id)


def list_open(engine: Engine, _params: Parameters, _now_ms: int) -> Any:
    return [order_list(each) for each in engine.lists() if not each.done]


def list_all(engine: Engine, params: Parameters, _now_ms: int) -> Any:
    """From `fromId` or `startTime` on where given, else the newest."""
    first, since_ms = read_integer(params, "fromId"), read_integer(params, "startTime")
    until_ms = read_integer(params, "endTime")
    rows = [
        order_list(each)
        for each in engine.lists()
        if each.list_id >= (first or 0)
        and each.created_ms >= (since_ms or 0)
        and (until_ms is None or each.created_ms <= until_ms)
    ]
    limit = read_limit(params, ROWS_DEFAULT, ROWS_MAX)
    return rows[:limit] if first is not None or since_ms is not None else rows[-limit:]


OCO = Operation(placing(read_oco), 1, OCO_TAKES, orders=2)
OTO = Operation(placing(read_oto), 1, OTO_TAKES, orders=2)
OTOCO = Operation(placing(read_otoco), 1, OTOCO_TAKES, orders=3)
GET = Operation(get_list, 4, names("orderListId origClientOrderId"), reads=True)
CANCEL = Operation(cancel_list, 1, names("symbol orderListId listClientOrderId newClientOrderId"), cancels=True)
OPEN = Operation(list_open, 6, reads=True)
ALL = Operation(list_all, 20, names("fromId startTime endTime limit"), reads=True)

BY_ROUTE: dict[tuple[str, str], Operation] = {
    ("POST", "/api/v3/orderList/oco"): OCO,
    ("POST", "/api/v3/orderList/oto"): OTO,
    ("POST", "/api/v3/orderList/otoco"): OTOCO,
    ("GET", "/api/v3/orderList"): GET,
    ("DELETE", "/api/v3/orderList"): CANCEL,
    ("GET", "/api/v3/openOrderList"): OPEN,
    ("GET", "/api/v3/allOrderList"): ALL,
}
BY_METHOD: dict[str, Operation] = {
    "orderList.place.oco": OCO,
    "orderList.place.oto": OTO,
    "orderList.place.otoco": OTOCO,
    "orderList.status": GET,
    "orderList.cancel": CANCEL,
    "openOrderLists.status": OPEN,
    "allOrderLists": ALL,
}


def _orders(engine: Engine, found: OrderList) -> list[Order]:
    known = engine.state.books.orders
    return [known[each] for each in found.order_ids if each in known]
