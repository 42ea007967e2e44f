"""Reading a request's parameters, each refused as Binance refuses it."""

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import cast

from .accounts import ZERO
from .errors import (
    INVALID_ORDER_TYPE,
    INVALID_SIDE,
    INVALID_TIME_IN_FORCE,
    TOO_PRECISE,
    Refusal,
    RequestRefused,
    illegal,
    missing,
    missing_both,
    not_required,
)
from .orders import OrderRequest
from .records import OrderKind, OrderSide, TimeInForce
from .stops import WORKS_AS, is_market

Parameters = Mapping[str, str]

NUMBER = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
INTEGER = r"^[0-9]{1,20}$"
ORDER_TYPES = ("LIMIT", "LIMIT_MAKER", "MARKET", *WORKS_AS)
CLIENT_ID = r"^[a-zA-Z0-9-_]{1,36}$"


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
        raise RequestRefused(TOO_PRECISE)
    return number


def read_client_id(params: Parameters, name: str) -> str:
    """Empty where it is missing."""
    text = params.get(name, "")
    if text and not re.fullmatch(CLIENT_ID, text, re.ASCII):
        raise RequestRefused(illegal(name, CLIENT_ID))
    return text


def read_order(params: Parameters) -> OrderRequest:
    """The new order a request asks for. Raises RequestRefused."""
    kind = cast("OrderKind", _choose(params, "type", ORDER_TYPES, INVALID_ORDER_TYPE))
    request = OrderRequest(
        symbol=read_text(params, "symbol"),
        side=cast("OrderSide", _choose(params, "side", ("BUY", "SELL"), INVALID_SIDE)),
        type=kind,
        client_id=read_client_id(params, "newClientOrderId"),
        time_in_force=_read_time_in_force(params, kind),
        price=read_decimal(params, "price"),
        quantity=read_decimal(params, "quantity"),
        quote_quantity=read_decimal(params, "quoteOrderQty"),
        stop_price=read_decimal(params, "stopPrice"),
        trailing_delta=read_integer(params, "trailingDelta") or 0,
        iceberg=read_decimal(params, "icebergQty"),
    )
    _check_presence(params, kind)
    return request


def read_order_id(params: Parameters) -> tuple[int | None, str]:
    """Which order is meant: the venue's id, or the client's. Raises RequestRefused where neither is given."""
    order_id, client_id = read_integer(params, "orderId"), params.get("origClientOrderId", "")
    if order_id is None and not client_id:
        raise RequestRefused(missing_both("origClientOrderId", "orderId"))
    return order_id, client_id


def _read_time_in_force(params: Parameters, kind: OrderKind) -> TimeInForce:
    if WORKS_AS.get(kind, kind) == "LIMIT":
        return cast("TimeInForce", _choose(params, "timeInForce", ("GTC", "IOC", "FOK"), INVALID_TIME_IN_FORCE))
    if "timeInForce" in params:
        raise RequestRefused(not_required("timeInForce"))
    return "GTC"


def _check_presence(params: Parameters, kind: OrderKind) -> None:
    _check_waiting(params, kind)
    if "icebergQty" in params and (is_market(kind) or params.get("timeInForce", "GTC") != "GTC"):
        raise RequestRefused(not_required("icebergQty"))
    if kind != "MARKET":
        if "quoteOrderQty" in params:
            raise RequestRefused(not_required("quoteOrderQty"))
        read_text(params, "quantity")
    if not is_market(kind):
        read_text(params, "price")
        return
    if "price" in params:
        raise RequestRefused(not_required("price"))
    if "quantity" in params and "quoteOrderQty" in params:
        raise RequestRefused(not_required("quoteOrderQty"))
    if not params.get("quantity") and not params.get("quoteOrderQty"):
        raise RequestRefused(missing_both("quantity", "quoteOrderQty"))


def _check_waiting(params: Parameters, kind: OrderKind) -> None:
    """A trail begins where the market is: this venue knows none that begins at a price."""
    trails = "trailingDelta" in params
    if trails and not kind.startswith("STOP_LOSS"):
        raise RequestRefused(not_required("trailingDelta"))
    if kind in WORKS_AS and not trails:
        read_text(params, "stopPrice")
    elif "stopPrice" in params and (trails or kind not in WORKS_AS):
        raise RequestRefused(not_required("stopPrice"))


def _choose(params: Parameters, name: str, choices: Collection[str], refusal: Refusal) -> str:
    value = read_text(params, name)
    if value not in choices:
        raise RequestRefused(refusal)
    return value
