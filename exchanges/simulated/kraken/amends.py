"""Changing an open order: amended in its place under its old ids, or edited, which cancels it and places another."""

from decimal import Decimal
from typing import Any

from ..amending import Amendment, amend
from ..errors import UNKNOWN_ORDER, RequestRefused
from ..orders import Order
from . import payloads
from .desk import KrakenDesk, Parameters
from .errors import Refused, invalid
from .limits import AMEND_COSTS, EDIT_COSTS
from .names import amend_txid, order_txid
from .new_orders import NUMBER, VOLUME_STEP, check_deadline, read_order
from .private import find, pair_of

AMENDED = {"order_qty": "quantity", "limit_price": "price", "trigger_price": "stop_price", "display_qty": "iceberg"}
NAMING = frozenset({"txid", "cl_ord_id", "pair", "nonce", "deadline", "post_only"})
EDITED = frozenset({"volume", "price", "price2", "displayvol", "oflags", "deadline", "validate", "timeinforce"})


def amend_order(desk: KrakenDesk, params: Parameters, now_ms: int) -> Any:
    """Prices are told as they are, not as offsets to the market. Raises Refused or RequestRefused."""
    if unknown := next((name for name in params if name not in NAMING | AMENDED.keys()), ""):
        raise invalid(unknown)
    order = _open_order(desk, params)
    desk.limiter.change(order, AMEND_COSTS, now_ms)
    check_deadline(params.get("deadline"), now_ms)
    wanted: dict[str, Any] = {field: _number(params, name) for name, field in AMENDED.items() if name in params}
    if not wanted or not _may_have(order, wanted):
        raise invalid("limit_price" if wanted else "order_qty")
    post_only = params.get("post_only", "").lower() == "true"
    amend(desk.engine, order, Amendment(**wanted, post_only=post_only), now_ms)
    desk.limiter.amended(order, now_ms)
    return {"amend_id": amend_txid(desk.engine.state.books.executions)}


def edit_order(desk: KrakenDesk, params: Parameters, now_ms: int) -> Any:
    """What is not said anew stays, but for the client's id and the flags. Where the new order is refused for want of
    funds the old one is gone. Raises Refused or RequestRefused."""
    order = _open_order(desk, params)
    desk.limiter.change(order, EDIT_COSTS, now_ms)
    first, second = payloads.prices_of(order, pair_of(desk, order))
    kept = {
        "pair": params.get("pair", ""), "type": order.side.lower(), "ordertype": payloads.kind_of(order),
        "volume": f"{order.remaining:f}", "price": first, "price2": second,
    } | ({"displayvol": f"{order.iceberg:f}"} if order.iceberg else {})  # fmt: skip
    new = read_order(kept | {name: params[name] for name in EDITED if name in params}, desk.pairs, now_ms)
    if new.pair.venue_symbol != order.symbol:
        raise invalid("pair")
    if not new.validate:
        desk.engine.cancel(order, f"venue.e{desk.engine.state.books.executions + 1}", now_ms)
        placed = desk.engine.place(new.request, now_ms)
    told = {"status": "ok", "originaltxid": order_txid(order.order_id), "orders_cancelled": int(not new.validate)}
    shown = order if new.validate else placed
    return told | {
        "txid": order_txid(shown.order_id),
        "volume": payloads.text(new.request.quantity),
        "price": params.get("price", first),
        "price2": params.get("price2", second),
        "descr": {"order": payloads.sentence(shown, pair_of(desk, shown))},
    }


def _open_order(desk: KrakenDesk, params: Parameters) -> Order:
    """Raises Refused or RequestRefused."""
    order = find(desk, params.get("txid", ""), params.get("cl_ord_id", ""))
    if order is None or not order.is_open:
        raise RequestRefused(UNKNOWN_ORDER)
    return order


def _may_have(order: Order, wanted: dict[str, Decimal]) -> bool:
    """Whether an order of its kind has what is to change."""
    waits = bool(order.stop_price) and order.waits and not order.trailing_delta
    has = {"quantity": True, "price": bool(order.price), "stop_price": waits, "iceberg": bool(order.iceberg)}
    return all(has[name] for name in wanted)


def _number(params: Parameters, name: str) -> Decimal:
    """Above zero. Raises Refused."""
    text = params[name]
    if not NUMBER.fullmatch(text) or not Decimal(text):
        raise invalid(name)
    if name in ("order_qty", "display_qty") and Decimal(text) % VOLUME_STEP:
        raise Refused("EGeneral:Invalid arguments:volume")
    return Decimal(text)
