"""What a signed request does, the same by REST and by WebSocket: parameters in, Binance's JSON out."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

from . import payloads
from .engine import Engine
from .errors import NO_SUCH_ORDER, RequestRefused
from .orders import Fill, Order
from .parameters import (
    Parameters,
    read_client_id,
    read_integer,
    read_limit,
    read_order,
    read_order_id,
    read_text,
)
from .records import FundsTransferred

Row = TypeVar("Row")

ROWS_DEFAULT = 500
ROWS_MAX = 1_000


def place_order(engine: Engine, params: Parameters, now_ms: int) -> Any:
    order = engine.place(read_order(params), now_ms)
    default = "FULL" if params.get("type") in ("LIMIT", "MARKET") else "ACK"
    match params.get("newOrderRespType", default):
        case "ACK":
            return payloads.order_ack(order)
        case "RESULT":
            return payloads.order_result(order)
        case _:
            return payloads.order_full(order, _fills_of(engine, order))


def check_order(engine: Engine, params: Parameters, now_ms: int) -> Any:
    """Judges a new order and forgets it."""
    engine.decide(read_order(params), now_ms)
    return {}


def get_order(engine: Engine, params: Parameters, _now_ms: int) -> Any:
    if (order := _find(engine, params)) is None:
        raise RequestRefused(NO_SUCH_ORDER)
    return payloads.order_status(order)


def cancel_order(engine: Engine, params: Parameters, now_ms: int) -> Any:
    order = _find(engine, params)
    request_id = _cancel_id(engine, params)
    return payloads.order_cancelled(engine.cancel(order, request_id, now_ms), request_id)


def cancel_open_orders(engine: Engine, params: Parameters, now_ms: int) -> Any:
    orders = list(_open_orders(engine, read_text(params, "symbol")))
    request_id = _cancel_id(engine, params)
    return [payloads.order_cancelled(order, request_id) for order in engine.cancel_all(orders, request_id, now_ms)]


def list_open_orders(engine: Engine, params: Parameters, _now_ms: int) -> Any:
    return [payloads.order_status(order) for order in _open_orders(engine, params.get("symbol", ""))]


def list_orders(engine: Engine, params: Parameters, _now_ms: int) -> Any:
    """From `orderId` or `startTime` on where given, else the newest."""
    symbol = engine.market(read_text(params, "symbol")).instrument.venue_symbol
    first, since_ms = read_integer(params, "orderId"), read_integer(params, "startTime")
    until_ms = read_integer(params, "endTime")
    orders = [
        order
        for order in engine.state.books.orders.values()
        if order.symbol == symbol and order.order_id >= (first or 0) and _inside(order.created_ms, since_ms, until_ms)
    ]
    return [payloads.order_status(order) for order in _page(orders, params, first is not None or since_ms is not None)]


def list_trades(engine: Engine, params: Parameters, _now_ms: int) -> Any:
    """From `fromId` or `startTime` on where given, else the newest."""
    symbol = engine.market(read_text(params, "symbol")).instrument.venue_symbol
    first, since_ms = read_integer(params, "fromId"), read_integer(params, "startTime")
    order_id, until_ms = read_integer(params, "orderId"), read_integer(params, "endTime")
    fills = [
        fill
        for fill in engine.state.fills_from(first or 0)
        if fill.symbol == symbol and order_id in (None, fill.order_id) and _inside(fill.at_ms, since_ms, until_ms)
    ]
    return [payloads.own_trade(fill) for fill in _page(fills, params, first is not None or since_ms is not None)]


def get_account(engine: Engine, _params: Parameters, _now_ms: int) -> Any:
    books = engine.state.books
    return payloads.account_status(books.account, books.updated_ms)


def list_deposits(engine: Engine, params: Parameters, _now_ms: int) -> Any:
    return [payloads.deposit(each) for each in _transfers(engine, params) if each.amount > 0]


def list_withdrawals(engine: Engine, params: Parameters, _now_ms: int) -> Any:
    return [payloads.withdrawal(each) for each in _transfers(engine, params) if each.amount < 0]


class Operation(NamedTuple):
    run: Callable[[Engine, Parameters, int], Any]
    weight: int
    orders: int = 0
    """How many new orders it places: what a lost answer leaves in doubt."""
    cancels: bool = False
    reads: bool = False
    """It changes nothing."""
    weight_of_all: int = 0
    """Its weight where it names no symbol, if that is another one."""

    def weigh(self, params: Parameters) -> int:
        return self.weight_of_all if self.weight_of_all and not params.get("symbol") else self.weight


PLACE = Operation(place_order, 1, orders=1)
CHECK = Operation(check_order, 1)
GET = Operation(get_order, 4, reads=True)
CANCEL = Operation(cancel_order, 1, cancels=True)
OPEN_ORDERS = Operation(list_open_orders, 6, reads=True, weight_of_all=80)
CANCEL_ALL = Operation(cancel_open_orders, 1, cancels=True)
ORDERS = Operation(list_orders, 20, reads=True)
TRADES = Operation(list_trades, 20, reads=True)
ACCOUNT = Operation(get_account, 20, reads=True)

DEPOSITS = Operation(list_deposits, 1, reads=True)
WITHDRAWALS = Operation(list_withdrawals, 1, reads=True)

BY_ROUTE: dict[tuple[str, str], Operation] = {
    ("POST", "/api/v3/order"): PLACE,
    ("POST", "/api/v3/order/test"): CHECK,
    ("GET", "/api/v3/order"): GET,
    ("DELETE", "/api/v3/order"): CANCEL,
    ("GET", "/api/v3/openOrders"): OPEN_ORDERS,
    ("DELETE", "/api/v3/openOrders"): CANCEL_ALL,
    ("GET", "/api/v3/allOrders"): ORDERS,
    ("GET", "/api/v3/myTrades"): TRADES,
    ("GET", "/api/v3/account"): ACCOUNT,
    ("GET", "/sapi/v1/capital/deposit/hisrec"): DEPOSITS,
    ("GET", "/sapi/v1/capital/withdraw/history"): WITHDRAWALS,
}
BY_METHOD: dict[str, Operation] = {
    "order.place": PLACE,
    "order.test": CHECK,
    "order.status": GET,
    "order.cancel": CANCEL,
    "openOrders.status": OPEN_ORDERS,
    "openOrders.cancelAll": CANCEL_ALL,
    "allOrders": ORDERS,
    "myTrades": TRADES,
    "account.status": ACCOUNT,
}


def _find(engine: Engine, params: Parameters) -> Order | None:
    symbol = engine.market(read_text(params, "symbol")).instrument.venue_symbol
    order_id, client_id = read_order_id(params)
    return engine.state.find_order(symbol, order_id, client_id)


def _cancel_id(engine: Engine, params: Parameters) -> str:
    return read_client_id(params, "newClientOrderId") or f"venue.x{engine.state.books.executions + 1}"


def _open_orders(engine: Engine, symbol: str) -> Iterator[Order]:
    """Those of one symbol, or of all where it is empty."""
    if symbol:
        engine.market(symbol)
    return (order for order in engine.state.open if symbol in ("", order.symbol))


def _fills_of(engine: Engine, order: Order) -> Iterable[Fill]:
    """Of an order just placed: its fills are the newest."""
    newest = []
    for fill in reversed(engine.state.books.fills):
        if fill.order_id != order.order_id:
            break
        newest.append(fill)
    return reversed(newest)


def _transfers(engine: Engine, params: Parameters) -> list[FundsTransferred]:
    """Newest first."""
    coin = params.get("coin", "")
    since_ms, until_ms = read_integer(params, "startTime"), read_integer(params, "endTime")
    return [
        each
        for each in reversed(engine.state.books.transfers)
        if coin in ("", each.asset) and _inside(each.at_ms, since_ms, until_ms)
    ][: read_limit(params, ROWS_MAX, ROWS_MAX)]


def _inside(at_ms: int, since_ms: int | None, until_ms: int | None) -> bool:
    return (since_ms is None or at_ms >= since_ms) and (until_ms is None or at_ms <= until_ms)


def _page(rows: list[Row], params: Parameters, forward: bool) -> list[Row]:
    limit = read_limit(params, ROWS_DEFAULT, ROWS_MAX)
    return rows[:limit] if forward else rows[-limit:]
