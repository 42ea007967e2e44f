"""Reading a request's parameters, each refused as Binance refuses it."""

import re
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import cast, get_args

from .accounts import ZERO
from .errors import (
    INVALID_ORDER_TYPE,
    INVALID_SIDE,
    INVALID_TIME_IN_FORCE,
    STRATEGY_TYPE_TOO_SMALL,
    Refusal,
    RequestRefused,
    empty,
    illegal,
    missing,
    missing_both,
    not_required,
    too_precise,
    unread,
)
from .orders import OrderRequest
from .records import OrderKind, OrderSide, Prevention, TimeInForce
from .stops import WORKS_AS, is_market

Parameters = Mapping[str, str]
Naming = Callable[[str], str]

NUMBER = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
INTEGER = r"^[0-9]{1,20}$"
ORDER_TYPES = ("LIMIT", "LIMIT_MAKER", "MARKET", *WORKS_AS)
CLIENT_ID = r"^[a-zA-Z0-9-_]{1,36}$"


def names(text: str, *, prefix: str = "") -> frozenset[str]:
    """Of parameters, parted by spaces; behind a prefix they go on with a capital."""
    each = text.split()
    return frozenset(prefix + name[0].upper() + name[1:] for name in each) if prefix else frozenset(each)


STRATEGY = names("strategyId strategyType")
STRATEGY_TYPE_MIN = 1_000_000
ORDER = STRATEGY | names(
    "symbol side type timeInForce quantity quoteOrderQty price newClientOrderId stopPrice trailingDelta icebergQty "
    "newOrderRespType selfTradePreventionMode"
)
"""Of a new order."""


def check_known(params: Parameters, known: frozenset[str]) -> None:
    """Raises RequestRefused where something is sent that nobody reads, or nothing under a name."""
    if unknown := params.keys() - known:
        raise RequestRefused(unread(len(params) - len(unknown), len(params)))
    for name, text in params.items():
        if not text:
            raise RequestRefused(empty(name))


def read_text(params: Parameters, name: str) -> str:
    """Raises RequestRefused where it is missing or empty."""
    if not params.get(name):
        raise RequestRefused(missing(name))
    return params[name]


def read_integer(params: Parameters, name: str) -> int | None:
    """None where it is missing. Raises RequestRefused for what is no whole number."""
    if (text := params.get(name)) is None:
        return None
    if not re.fullmatch(INTEGER, text, re.ASCII):
        raise RequestRefused(illegal(name, INTEGER))
    return int(text)


def read_limit(params: Parameters, default: int, most: int) -> int:
    """How many rows are asked for, at most `most`."""
    limit = read_integer(params, "limit")
    return default if limit is None else max(1, min(limit, most))


def read_decimal(params: Parameters, name: str) -> Decimal:
    """Zero where it is missing. Raises RequestRefused for what is no plain number of at most eight decimals."""
    if (text := params.get(name)) is None:
        return ZERO
    if not re.fullmatch(NUMBER, text, re.ASCII):
        raise RequestRefused(illegal(name, NUMBER))
    number = Decimal(text)
    if number != round(number, 8):
        raise RequestRefused(too_precise(name))
    return number


def read_client_id(params: Parameters, name: str) -> str:
    """Empty where it is missing."""
    text = params.get(name, "")
    if text and not re.fullmatch(CLIENT_ID, text, re.ASCII):
        raise RequestRefused(illegal(name, CLIENT_ID))
    return text


def read_order(params: Parameters, named: Naming = str) -> OrderRequest:
    """The new order a request asks for; `named` says what each parameter of it is called. Raises RequestRefused."""
    kind = cast("OrderKind", _choose(params, named("type"), ORDER_TYPES, INVALID_ORDER_TYPE))
    request = OrderRequest(
        symbol=read_text(params, "symbol"),
        side=cast("OrderSide", _choose(params, named("side"), ("BUY", "SELL"), INVALID_SIDE)),
        type=kind,
        client_id=read_client_id(params, named("newClientOrderId")),
        time_in_force=_read_time_in_force(params, kind, named),
        price=read_decimal(params, named("price")),
        quantity=read_decimal(params, named("quantity")),
        quote_quantity=read_decimal(params, named("quoteOrderQty")),
        stop_price=read_decimal(params, named("stopPrice")),
        trailing_delta=read_integer(params, named("trailingDelta")) or 0,
        iceberg=read_decimal(params, named("icebergQty")),
        prevention=_read_prevention(params),
        strategy_id=read_integer(params, named("strategyId")),
        strategy_type=_read_strategy_type(params, named("strategyType")),
    )
    _check_presence(params, kind, named)
    return request


def read_order_id(params: Parameters) -> tuple[int | None, str]:
    """Which order is meant: the venue's id, or the client's. Raises RequestRefused where neither is given."""
    order_id, client_id = read_integer(params, "orderId"), params.get("origClientOrderId", "")
    if order_id is None and not client_id:
        raise RequestRefused(missing_both("origClientOrderId", "orderId"))
    return order_id, client_id


def _read_time_in_force(params: Parameters, kind: OrderKind, named: Naming) -> TimeInForce:
    name = named("timeInForce")
    if WORKS_AS.get(kind, kind) == "LIMIT":
        return cast("TimeInForce", _choose(params, name, ("GTC", "IOC", "FOK"), INVALID_TIME_IN_FORCE))
    if name in params:
        raise RequestRefused(not_required(name))
    return "GTC"


def _read_strategy_type(params: Parameters, name: str) -> int | None:
    kind = read_integer(params, name)
    if kind is not None and kind < STRATEGY_TYPE_MIN:
        raise RequestRefused(STRATEGY_TYPE_TOO_SMALL)
    return kind


def _read_prevention(params: Parameters) -> Prevention | None:
    name = "selfTradePreventionMode"
    return cast("Prevention", _choose(params, name, get_args(Prevention), missing(name))) if name in params else None


def _check_presence(params: Parameters, kind: OrderKind, named: Naming) -> None:
    _check_waiting(params, kind, named)
    if named("icebergQty") in params and (is_market(kind) or params.get(named("timeInForce"), "GTC") != "GTC"):
        raise RequestRefused(not_required(named("icebergQty")))
    by_cost, quantity = named("quoteOrderQty"), named("quantity")
    if kind != "MARKET":
        if by_cost in params:
            raise RequestRefused(not_required(by_cost))
        read_text(params, quantity)
    if not is_market(kind):
        read_text(params, named("price"))
        return
    if named("price") in params:
        raise RequestRefused(not_required(named("price")))
    if quantity in params and by_cost in params:
        raise RequestRefused(not_required(by_cost))
    if not params.get(quantity) and not params.get(by_cost):
        raise RequestRefused(missing_both(quantity, by_cost))


def _check_waiting(params: Parameters, kind: OrderKind, named: Naming) -> None:
    """An order that waits has a stop price, a trail, or both: then the trail begins at the stop price."""
    stop, trail = named("stopPrice"), named("trailingDelta")
    if kind in WORKS_AS:
        if not params.get(stop) and not params.get(trail):
            raise RequestRefused(missing(stop))
        return
    for name in (stop, trail):
        if name in params:
            raise RequestRefused(not_required(name))


def _choose(params: Parameters, name: str, choices: Collection[str], refusal: Refusal) -> str:
    value = read_text(params, name)
    if value not in choices:
        raise RequestRefused(refusal)
    return value
