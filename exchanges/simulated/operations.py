"""What a signed request does, the same by REST and by WebSocket: parameters in, Binance's JSON out."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TypeVar

from . import legacy_oco, list_operations, payloads, reducing, routing, wallet
from .bars import DAY_MS
from .cancel_replace import CANCEL_PART, allowed, cancel_replace
from .cancelling import cancelled
from .engine import Engine
from .errors import LOOKUP_TOO_BIG, NO_SUCH_ORDER, RequestRefused
from .operation import Operation
from .orders import Order
from .parameters import (
    ORDER,
    Parameters,
    names,
    read_client_id,
    read_integer,
    read_limit,
    read_order,
    read_order_id,
    read_text,
)
from .placing import answer_to, read_shape

Row = TypeVar("Row")

ROWS_DEFAULT = 500
ROWS_MAX = 1_000


def place_order(engine: Engine, params: Parameters, now_ms: int) -> Any:
    request, shape = read_order(params), read_shape(params)
    return answer_to(engine, engine.place(request, now_ms), shape)


def check_order(engine: Engine, params: Parameters, now_ms: int) -> Any:
    """Judges a new order and forgets it."""
    request, _ = read_order(params), read_shape(params)
    engine.decide(request, now_ms)
    if params.get("computeCommissionRates") != "true":
        return {}
    rates = wallet.commission(params["symbol"], engine.tier(now_ms))
    zeros = dict.fromkeys(("maker", "taker"), wallet.NOTHING)
    standard = {name: rates["standardCommission"][name] for name in zeros}
    discount = {"discount": rates["discount"]}
    return {
        "standardCommissionForOrder": standard,
        "specialCommissionForOrder": zeros,
        "taxCommissionForOrder": zeros,
    } | discount


def get_order(engine: Engine, params: Parameters, _now_ms: int) -> Any:
    if (order := _find(engine, params)) is None:
        raise RequestRefused(NO_SUCH_ORDER)
    return payloads.order_status(order)


def cancel_order(engine: Engine, params: Parameters, now_ms: int) -> Any:
    order = allowed(_find(engine, params), params)
    return cancelled(engine, [order], _cancel_id(engine, params), now_ms)[0]


def cancel_open_orders(engine: Engine, params: Parameters, now_ms: int) -> Any:
    orders = list(_open_orders(engine, read_text(params, "symbol")))
    return cancelled(engine, orders, _cancel_id(engine, params), now_ms)


def list_open_orders(engine: Engine, params: Parameters, _now_ms: int) -> Any:
    return [payloads.order_status(order) for order in _open_orders(engine, params.get("symbol", ""))]


def list_orders(engine: Engine, params: Parameters, _now_ms: int) -> Any:
    """From `orderId` or `startTime` on where given, else the newest."""
    symbol = engine.market(read_text(params, "symbol")).instrument.venue_symbol
    first, since_ms = read_integer(params, "orderId"), read_integer(params, "startTime")
    until_ms = _until_ms(params)
    orders = [
        order
        for order in engine.orders()
        if order.symbol == symbol and order.order_id >= (first or 0) and _inside(order.created_ms, since_ms, until_ms)
    ]
    return [payloads.order_status(order) for order in _page(orders, params, first is not None or since_ms is not None)]


def list_trades(engine: Engine, params: Parameters, _now_ms: int) -> Any:
    """From `fromId` or `startTime` on where given, else the newest."""
    symbol = engine.market(read_text(params, "symbol")).instrument.venue_symbol
    first, since_ms = read_integer(params, "fromId"), read_integer(params, "startTime")
    order_id, until_ms = read_integer(params, "orderId"), _until_ms(params)
    fills = [
        fill
        for fill in engine.fills_from(first or 0)
        if fill.symbol == symbol and order_id in (None, fill.order_id) and _inside(fill.at_ms, since_ms, until_ms)
    ]
    return [payloads.own_trade(fill) for fill in _page(fills, params, first is not None or since_ms is not None)]


def list_prevented(engine: Engine, params: Parameters, _now_ms: int) -> Any:
    """Of what never traded because both sides were the account's own: of one match, of an order, or from
    `fromPreventedMatchId` on."""
    symbol = engine.market(read_text(params, "symbol")).instrument.venue_symbol
    match_id, order_id = read_integer(params, "preventedMatchId"), read_integer(params, "orderId")
    first = read_integer(params, "fromPreventedMatchId") or 0
    found = [
        each
        for each in engine.prevented()
        if each.symbol == symbol
        and match_id in (None, each.prevented_id)
        and order_id in (None, each.taker_id, each.maker_id)
        and each.prevented_id >= first
    ]
    return [payloads.prevented_match(each) for each in _page(found, params, forward=True)]


def get_account(engine: Engine, params: Parameters, now_ms: int) -> Any:
    account = engine.account
    status = payloads.account_status(account, account.updated_ms, engine.tier(now_ms), engine.uid)
    if params.get("omitZeroBalances") == "true":
        status["balances"] = [held for held in status["balances"] if Decimal(held["free"]) + Decimal(held["locked"])]
    return status


ONE = names("symbol orderId origClientOrderId")
PAGE = names("symbol orderId startTime endTime limit")

PLACE = Operation(place_order, 1, ORDER, orders=1)
CHECK = Operation(
    check_order,
    1,
    ORDER | names("computeCommissionRates"),
    weights=lambda params: 20 if params.get("computeCommissionRates") == "true" else 1,
)
REPLACE = Operation(cancel_replace, 1, ORDER | CANCEL_PART, orders=1)
PREVENTED = Operation(
    list_prevented, 20, names("symbol preventedMatchId orderId fromPreventedMatchId limit"), reads=True
)
GET = Operation(get_order, 4, ONE, reads=True)
CANCEL = Operation(cancel_order, 1, ONE | names("newClientOrderId cancelRestrictions"), cancels=True)
OPEN_ORDERS = Operation(
    list_open_orders, 6, names("symbol"), reads=True, weights=lambda params: 6 if params.get("symbol") else 80
)
CANCEL_ALL = Operation(cancel_open_orders, 1, names("symbol"), cancels=True)
ORDERS = Operation(list_orders, 20, PAGE, reads=True)
TRADES = Operation(
    list_trades,
    20,
    PAGE | names("fromId"),
    reads=True,
    weights=lambda params: 5 if params.get("orderId") else 20,
)
ACCOUNT = Operation(get_account, 20, names("omitZeroBalances"), reads=True)

BY_ROUTE: dict[tuple[str, str], Operation] = (
    {
        ("POST", "/api/v3/order"): PLACE,
        ("POST", "/api/v3/order/test"): CHECK,
        ("POST", "/api/v3/order/cancelReplace"): REPLACE,
        ("GET", "/api/v3/order"): GET,
        ("DELETE", "/api/v3/order"): CANCEL,
        ("GET", "/api/v3/openOrders"): OPEN_ORDERS,
        ("DELETE", "/api/v3/openOrders"): CANCEL_ALL,
        ("GET", "/api/v3/allOrders"): ORDERS,
        ("GET", "/api/v3/myTrades"): TRADES,
        ("GET", "/api/v3/myPreventedMatches"): PREVENTED,
        ("GET", "/api/v3/account"): ACCOUNT,
    }
    | wallet.BY_ROUTE
    | reducing.BY_ROUTE
    | routing.BY_ROUTE
    | list_operations.BY_ROUTE
    | legacy_oco.BY_ROUTE
)
BY_METHOD: dict[str, Operation] = (
    {
        "order.place": PLACE,
        "order.test": CHECK,
        "order.cancelReplace": REPLACE,
        "order.status": GET,
        "order.cancel": CANCEL,
        "openOrders.status": OPEN_ORDERS,
        "openOrders.cancelAll": CANCEL_ALL,
        "allOrders": ORDERS,
        "myTrades": TRADES,
        "myPreventedMatches": PREVENTED,
        "account.status": ACCOUNT,
    }
    | wallet.BY_METHOD
    | reducing.BY_METHOD
    | routing.BY_METHOD
    | list_operations.BY_METHOD
    | legacy_oco.BY_METHOD
)


def _find(engine: Engine, params: Parameters) -> Order | None:
    symbol = engine.market(read_text(params, "symbol")).instrument.venue_symbol
    order_id, client_id = read_order_id(params)
    return engine.find_order(symbol, order_id, client_id)


def _cancel_id(engine: Engine, params: Parameters) -> str:
    return read_client_id(params, "newClientOrderId") or f"venue.x{engine.state.books.executions + 1}"


def _open_orders(engine: Engine, symbol: str) -> Iterator[Order]:
    """Those of one symbol, or of all where it is empty."""
    if symbol:
        engine.market(symbol)
    return engine.open_orders(symbol)


def _until_ms(params: Parameters) -> int | None:
    """Raises RequestRefused where the time asked for is longer than a day."""
    since_ms, until_ms = read_integer(params, "startTime"), read_integer(params, "endTime")
    if since_ms is not None and until_ms is not None and until_ms - since_ms > DAY_MS:
        raise RequestRefused(LOOKUP_TOO_BIG)
    return until_ms


def _inside(at_ms: int, since_ms: int | None, until_ms: int | None) -> bool:
    return (since_ms is None or at_ms >= since_ms) and (until_ms is None or at_ms <= until_ms)


def _page(rows: list[Row], params: Parameters, forward: bool) -> list[Row]:
    limit = read_limit(params, ROWS_DEFAULT, ROWS_MAX)
    return rows[:limit] if forward else rows[-limit:]
