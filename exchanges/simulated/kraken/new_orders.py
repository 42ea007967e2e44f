"""Reading a new order as Kraken's REST and WebSocket put it, each fault refused in its words. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, cast

from ..orders import OrderRequest
from ..records import Closing, OrderKind, OrderSide, TimeInForce
from .errors import DEADLINE, UNKNOWN_PAIR, Refused, invalid
from .fees import RESERVE
from .names import Pair, Pairs

ZERO = Decimal(0)
NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,18})?", re.ASCII)
PERCENT = re.compile(r"\+?([0-9]{1,2}(\.[0-9]{1,2})?)%", re.ASCII)
CLIENT_ID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[!-~]{1,18}", re.ASCII)
"""A UUID with or without its dashes, or a short text."""
VOLUME_STEP = Decimal("1e-8")
DEADLINE_MIN_MS, DEADLINE_MAX_MS = 2_000, 60_000
"""From the order's arrival, by REST; the WebSocket's least, half a second, is not told apart."""
KINDS: dict[str, OrderKind] = {
    "market": "MARKET",
    "limit": "LIMIT",
    "iceberg": "LIMIT",
    "stop-loss": "STOP_LOSS",
    "stop-loss-limit": "STOP_LOSS_LIMIT",
    "take-profit": "TAKE_PROFIT",
    "take-profit-limit": "TAKE_PROFIT_LIMIT",
    "trailing-stop": "STOP_LOSS",
}
CLOSING = ("limit", "stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit")
TIMES: dict[str, TimeInForce] = {"GTC": "GTC", "IOC": "IOC", "FOK": "FOK"}
FLAGS = frozenset({"post", "fciq", "nompp", "viqc"})
"""Fees are taken in the quote currency: `fcib` is not served."""
SERVED = frozenset(
    {"pair", "type", "ordertype", "volume", "displayvol", "price", "price2", "oflags", "timeinforce", "cl_ord_id",
     "userref", "validate", "deadline", "trigger", "nonce", "stptype", "starttm", "expiretm", "leverage",
     "reduce_only", "asset_class", "close[ordertype]", "close[price]", "close[price2]"}
)  # fmt: skip
UNSERVED = {"starttm": "0", "expiretm": "0", "leverage": "none", "reduce_only": "false"}
"""What only means something to what this venue does not do, and what it may be nevertheless."""


class NewOrder(NamedTuple):
    pair: Pair
    request: OrderRequest
    validate: bool
    """It is only to be judged."""


def read_order(params: Mapping[str, str], pairs: Pairs, now_ms: int) -> NewOrder:
    """Raises Refused."""
    if unknown := next((name for name in params if name not in SERVED), ""):
        raise invalid(unknown)
    for name, neutral in UNSERVED.items():
        if params.get(name, neutral) != neutral:
            raise invalid(name)
    check_deadline(params.get("deadline"), now_ms)
    if (pair := pairs.find(params.get("pair", ""))) is None:
        raise Refused(UNKNOWN_PAIR)
    said, side = params.get("ordertype", ""), params.get("type", "")
    if said not in KINDS:
        raise invalid("ordertype")
    if side not in ("buy", "sell"):
        raise invalid("type")
    flags = frozenset(filter(None, params.get("oflags", "").split(",")))
    if not flags <= FLAGS:
        raise invalid("oflags")
    request = OrderRequest(
        symbol=pair.venue_symbol,
        side=cast("OrderSide", side.upper()),
        type=_kind(said, flags),
        client_id=read_client_id(params),
        time_in_force=_time_in_force(params, said),
        fee_reserve=RESERVE,
        closing=_closing(params),
        **_prices(params, said),
        **_amounts(params, said, flags),
    )
    return NewOrder(pair, request, params.get("validate", "").lower() in ("true", "1"))


def read_client_id(params: Mapping[str, str]) -> str:
    """Empty where there is none. Raises Refused."""
    client_id = params.get("cl_ord_id", "")
    if client_id and not CLIENT_ID.fullmatch(client_id):
        raise invalid("cl_ord_id")
    if client_id and params.get("userref", "0") != "0":
        raise invalid("cl_ord_id")
    return client_id


def check_deadline(deadline: str | None, now_ms: int) -> None:
    """Raises Refused for an order that comes later than its sender wants, and for a deadline out of its bounds."""
    if deadline is None:
        return
    try:
        at_ms = datetime.fromisoformat(deadline).timestamp() * 1_000
    except ValueError:
        raise invalid("deadline") from None
    if now_ms > at_ms:
        raise Refused(DEADLINE)
    if not DEADLINE_MIN_MS <= at_ms - now_ms <= DEADLINE_MAX_MS:
        raise invalid("deadline")


def params_of_socket(said: Mapping[str, Any], pairs: Pairs) -> dict[str, str]:
    """The parameters of `add_order` as REST would put them; numbers were read as decimals. Raises Refused."""
    known = dict(said)
    for name in ("token", "order_userref", "fee_preference", "stp_type"):
        known.pop(name, None)
    pair = pairs.by_symbol.get(str(known.pop("symbol", "")))
    if pair is None:
        raise Refused("EGeneral:Currency pair not supported")
    kind = str(known.get("order_type", ""))
    params = {"pair": pair.id, "ordertype": kind, "type": str(known.pop("side", ""))}
    params |= _conditional(known.pop("conditional", None))
    triggers = known.pop("triggers", None)
    limit, trigger = known.pop("limit_price", None), _trigger(triggers)
    waits = kind not in ("market", "limit", "iceberg")
    prices = (trigger, limit) if waits else (limit, trigger)
    params |= {name: plain(price) for name, price in zip(("price", "price2"), prices, strict=True) if price is not None}
    flags = ["post"] if known.pop("post_only", False) is True else []
    if (cash := known.pop("cash_order_qty", None)) is not None:
        params["volume"] = plain(cash)
        flags.append("viqc")
    renamed = {
        "order_type": "ordertype", "order_qty": "volume", "display_qty": "displayvol", "time_in_force": "timeinforce",
        "cl_ord_id": "cl_ord_id", "deadline": "deadline", "validate": "validate", "reduce_only": "reduce_only",
    }  # fmt: skip
    for name, value in known.items():
        if name not in renamed:
            raise invalid(name)
        params[renamed[name]] = plain(value)
    params["timeinforce"] = params.get("timeinforce", "gtc").upper()
    return params | ({"oflags": ",".join(flags)} if flags else {})


def _trigger(triggers: Any) -> Any:
    if not isinstance(triggers, dict):
        return None
    price = triggers.get("price")
    return price if triggers.get("price_type", "static") != "pct" else f"+{price}%"


def plain(value: Any) -> str:
    """As REST would put it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _conditional(said: Any) -> dict[str, str]:
    """The template of what closes a fill, as REST puts it. Raises Refused."""
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise invalid("conditional")
    kind, limit, trigger = str(said.get("order_type", "")), said.get("limit_price"), said.get("trigger_price")
    first, second = (limit, None) if kind == "limit" else (trigger, limit)
    prices = {"close[price]": first, "close[price2]": second}
    return {"close[ordertype]": kind} | {name: plain(price) for name, price in prices.items() if price is not None}


def _closing(params: Mapping[str, str]) -> Closing | None:
    """Raises Refused."""
    kind = params.get("close[ordertype]", "")
    if not kind:
        return None
    if kind not in CLOSING:
        raise invalid("close[ordertype]")
    first = _number(params, "close[price]")
    if kind == "limit":
        return Closing("LIMIT", first, ZERO)
    return Closing(KINDS[kind], _number(params, "close[price2]") if kind.endswith("limit") else ZERO, first)


def _kind(said: str, flags: frozenset[str]) -> OrderKind:
    if "post" in flags:
        if said != "limit":
            raise invalid("oflags")
        return "LIMIT_MAKER"
    return KINDS[said]


def _time_in_force(params: Mapping[str, str], said: str) -> TimeInForce:
    told = params.get("timeinforce", "GTC").upper()
    if told not in TIMES or (told != "GTC" and said != "limit"):
        raise invalid("timeinforce")
    return TIMES[told]


def _prices(params: Mapping[str, str], said: str) -> dict[str, Any]:
    if said == "market":
        return {}
    if said == "trailing-stop":
        if not (found := PERCENT.fullmatch(params.get("price", ""))):
            raise invalid("price")
        return {"trailing_delta": int(Decimal(found[1]) * 100)}
    first = _number(params, "price")
    if said in ("limit", "iceberg"):
        return {"price": first}
    return {"stop_price": first} | ({"price": _number(params, "price2")} if said.endswith("limit") else {})


def _amounts(params: Mapping[str, str], said: str, flags: frozenset[str]) -> dict[str, Any]:
    volume = _number(params, "volume")
    if "viqc" in flags:
        if said != "market" or params.get("type") != "buy":
            raise invalid("viqc")
        return {"quote_quantity": volume}
    if volume % VOLUME_STEP:
        raise invalid("volume")
    return {"quantity": volume, "iceberg": _number(params, "displayvol") if said == "iceberg" else ZERO}


def _number(params: Mapping[str, str], name: str) -> Decimal:
    """Above zero. Raises Refused."""
    text = params.get(name, "")
    if not NUMBER.fullmatch(text) or not Decimal(text):
        raise invalid(name)
    return Decimal(text)
