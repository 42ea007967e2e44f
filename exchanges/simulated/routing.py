"""Smart order routing: no symbol of this venue has it, and an order that asks for it is told so."""

from typing import NoReturn

from .engine import Engine
from .errors import INVALID_ORDER_TYPE, NO_SOR, RequestRefused
from .operation import Operation
from .parameters import ORDER, Parameters, names, read_order


def route(engine: Engine, params: Parameters, _now_ms: int) -> NoReturn:
    """Raises RequestRefused: for what is wrong with the order, else because the symbol is routed nowhere."""
    request = read_order(params)
    engine.market(request.symbol)
    if request.type not in ("LIMIT", "MARKET"):
        raise RequestRefused(INVALID_ORDER_TYPE)
    raise RequestRefused(NO_SOR)


TAKES = ORDER - names("quoteOrderQty stopPrice trailingDelta")
PLACE = Operation(route, 1, TAKES, orders=1)
CHECK = Operation(route, 1, TAKES | names("computeCommissionRates"))
BY_ROUTE: dict[tuple[str, str], Operation] = {
    ("POST", "/api/v3/sor/order"): PLACE,
    ("POST", "/api/v3/sor/order/test"): CHECK,
}
BY_METHOD: dict[str, Operation] = {"sor.order.place": PLACE, "sor.order.test": CHECK}
