"""Several orders in one request: placed for one pair, or cancelled."""

import re
from collections.abc import Mapping
from typing import Any

from ..deciding import check_filters
from ..engine import Engine
from ..errors import RequestRefused
from . import payloads
from .desk import KrakenDesk, Parameters
from .errors import UNKNOWN_PAIR, Refused, invalid, translate
from .names import order_txid
from .new_orders import NewOrder, read_order
from .private import cancel, find, pair_of

ORDERS_MIN, ORDERS_MAX = 2, 15
CANCELS_MAX = 50
_PLACE = re.compile(r"(orders|cl_ord_ids)\[([0-9]{1,3})\](?:\[([a-z0-9_]+)\](.*))?", re.ASCII).fullmatch


def add_batch(desk: KrakenDesk, params: Parameters, now_ms: int) -> Any:
    """What is wrong with one by its form, or by the pair's rules, refuses all; what the account cannot pay, that one
    alone. Raises Refused or RequestRefused."""
    if (pair := desk.pairs.find(params.get("pair", ""))) is None:
        raise Refused(UNKNOWN_PAIR)
    rows = _rows(params, "orders")
    if not ORDERS_MIN <= len(rows) <= ORDERS_MAX or not all(rows):
        raise invalid("orders")
    desk.limiter.place(pair.venue_symbol, len(rows) / 2)
    shared = {name: params[name] for name in ("pair", "deadline", "validate") if name in params}
    orders = [read_order(row | shared, desk.pairs, now_ms) for row in rows]
    for order in orders:
        check_filters(order.request, desk.engine.market(order.request.symbol), now_ms)
    return {"orders": [_placed(desk, desk.engine, order, now_ms) for order in orders]}


def cancel_batch(desk: KrakenDesk, params: Parameters, now_ms: int) -> Any:
    """By txid or by the client's ids; those that are not open do not count. Raises Refused or RequestRefused."""
    txids = [row[""] for row in _rows(params, "orders") if "" in row]
    ours = [row[""] for row in _rows(params, "cl_ord_ids") if "" in row]
    if not 1 <= len(txids) + len(ours) <= CANCELS_MAX:
        raise invalid("orders")
    found = [*(find(desk, each, "") for each in txids), *(find(desk, "", each) for each in ours)]
    return {"count": cancel(desk, list({order.order_id: order for order in found if order}.values()), now_ms)}


def _placed(desk: KrakenDesk, engine: Engine, new: NewOrder, now_ms: int) -> dict[str, Any]:
    try:
        if new.validate:
            engine.decide(new.request, now_ms)
            return {"descr": {"order": "validated"}}
        order = engine.place(new.request, now_ms)
    except RequestRefused as error:
        return {"error": translate(error.refusal).message}
    told = {"txid": order_txid(order.order_id), "descr": {"order": payloads.sentence(order, pair_of(desk, order))}}
    return told | ({"cl_ord_id": new.request.client_id} if new.request.client_id else {})


def _rows(params: Mapping[str, str], name: str) -> list[dict[str, str]]:
    """The elements of a list, in their order; of one that is no object its value is under no name."""
    rows: dict[int, dict[str, str]] = {}
    for key, value in params.items():
        if (found := _PLACE(key)) and found[1] == name:
            rows.setdefault(int(found[2]), {})[(found[3] or "") + (found[4] or "")] = value
    return [rows[number] for number in sorted(rows)]
