"""Reading a new order list's parameters: those of its orders, each under the names that the list gives them."""

from .errors import (
    BUY_PROFIT_ABOVE,
    BUY_STOP_BELOW,
    INVALID_ORDER_TYPE,
    SELL_PROFIT_BELOW,
    SELL_STOP_ABOVE,
    UNSUPPORTED_COMBINATION,
    Refusal,
    RequestRefused,
    missing_both,
)
from .orders import ListRequest, OrderRequest
from .parameters import Naming, Parameters, names, read_client_id, read_integer, read_order
from .records import OrderSide
from .stops import WORKS_AS

_MISPLACED: dict[tuple[OrderSide, str, bool], Refusal] = {
    ("BUY", "STOP_LOSS", False): BUY_STOP_BELOW,
    ("SELL", "STOP_LOSS", True): SELL_STOP_ABOVE,
    ("BUY", "TAKE_PROFIT", True): BUY_PROFIT_ABOVE,
    ("SELL", "TAKE_PROFIT", False): SELL_PROFIT_BELOW,
}
"""What may not stand above (True) or below the market, by side."""

LEG = "type clientOrderId icebergQty price timeInForce strategyId strategyType"
STOP_LEG = f"{LEG} stopPrice trailingDelta"
LIST = names("symbol listClientOrderId newOrderRespType selfTradePreventionMode")
WORKING = names(f"{LEG} side quantity", prefix="working")
OCO_TAKES = LIST | names("side quantity") | names(STOP_LEG, prefix="above") | names(STOP_LEG, prefix="below")
OTO_TAKES = LIST | WORKING | names(f"{STOP_LEG} side quantity", prefix="pending")
OTOCO_TAKES = (
    LIST
    | WORKING
    | names("side quantity", prefix="pending")
    | names(STOP_LEG, prefix="pendingAbove")
    | names(STOP_LEG, prefix="pendingBelow")
)


def read_oco(params: Parameters) -> ListRequest:
    """Raises RequestRefused."""
    return ListRequest(_client_id(params), "OCO", _pair(params, "", ("side", "quantity")))


def read_oto(params: Parameters) -> ListRequest:
    """Raises RequestRefused."""
    pending = read_order(params, _prefixed("pending"))
    if pending.quote_quantity:
        raise RequestRefused(UNSUPPORTED_COMBINATION)
    return ListRequest(_client_id(params), "OTO", (_working(params), pending))


def read_otoco(params: Parameters) -> ListRequest:
    """Raises RequestRefused."""
    pair = _pair(params, "pending", ("pendingSide", "pendingQuantity"))
    return ListRequest(_client_id(params), "OTO", (_working(params), *pair))


def read_list_id(params: Parameters, client_name: str) -> tuple[int | None, str]:
    """Which list is meant: the venue's id, or the client's. Raises RequestRefused where neither is given."""
    list_id, client_id = read_integer(params, "orderListId"), params.get(client_name, "")
    if list_id is None and not client_id:
        raise RequestRefused(missing_both(client_name, "orderListId"))
    return list_id, client_id


def _client_id(params: Parameters) -> str:
    return read_client_id(params, "listClientOrderId")


def _working(params: Parameters) -> OrderRequest:
    request = read_order(params, _prefixed("working"))
    if request.type not in ("LIMIT", "LIMIT_MAKER"):
        raise RequestRefused(INVALID_ORDER_TYPE)
    return request


def _pair(params: Parameters, prefix: str, shared: tuple[str, str]) -> tuple[OrderRequest, OrderRequest]:
    """(above, below)"""
    names = dict(zip(("side", "quantity"), shared, strict=True))
    above = read_order(params, _prefixed(f"{prefix}Above" if prefix else "above", names))
    below = read_order(params, _prefixed(f"{prefix}Below" if prefix else "below", names))
    for request, is_above in ((above, True), (below, False)):
        kind = request.type.removesuffix("_LIMIT")
        if request.type in ("LIMIT", "MARKET"):
            raise RequestRefused(INVALID_ORDER_TYPE)
        if refusal := _MISPLACED.get((request.side, kind, is_above)):
            raise RequestRefused(refusal)
    if above.type not in WORKS_AS and below.type not in WORKS_AS:
        raise RequestRefused(UNSUPPORTED_COMBINATION)
    return above, below


def _prefixed(prefix: str, shared: dict[str, str] | None = None) -> Naming:
    """Binance's names of an order's parameters in a list: `price` is `abovePrice`, the own id `aboveClientOrderId`."""

    def name(of: str) -> str:
        if shared and of in shared:
            return shared[of]
        plain = "clientOrderId" if of == "newClientOrderId" else of
        return prefix + plain[0].upper() + plain[1:]

    return name
