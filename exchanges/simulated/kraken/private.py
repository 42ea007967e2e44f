"""The account's requests, the same over REST and the WebSocket: parameters in, what was done out."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from ..accounts import DAY_MS
from ..errors import UNKNOWN_ORDER, RequestRefused
from ..orders import Fill, Order
from . import payloads
from .dead_man import TIMEOUT_MAX_S
from .desk import KrakenDesk, Parameters
from .errors import INVALID_ARGUMENTS, NO_ORDER, UNKNOWN_PAIR, Refused, invalid
from .names import Pair, asset_id, number_of, order_txid, trade_txid
from .new_orders import read_order

PAGE = 50
QUERIED_MAX = 50


def place(desk: KrakenDesk, params: Parameters, now_ms: int) -> Order | None:
    """None for an order that was only to be judged. Raises Refused or RequestRefused, and then nothing changed."""
    if (pair := desk.pairs.find(params.get("pair", ""))) is not None:
        desk.limiter.place(pair.venue_symbol)  # whatever becomes of it
    new = read_order(params, desk.pairs, now_ms)
    if new.validate:
        desk.engine.decide(new.request, now_ms)
        return None
    return desk.engine.place(new.request, now_ms)


def add_order(desk: KrakenDesk, params: Parameters, now_ms: int) -> Any:
    order = place(desk, params, now_ms)
    if order is None:
        return {"descr": {"order": "validated"}}
    named = {"cl_ord_id": params["cl_ord_id"]} if params.get("cl_ord_id") else {}
    return {
        "descr": {"order": payloads.sentence(order, pair_of(desk, order))},
        "txid": [order_txid(order.order_id)],
    } | named


def cancel(desk: KrakenDesk, orders: list[Order], now_ms: int) -> int:
    """How many were cancelled. Raises RequestRefused where none is open."""
    if not (live := [order for order in orders if order.is_open]):
        raise RequestRefused(UNKNOWN_ORDER)
    for order in live:
        desk.limiter.cancelled(order, now_ms)
    desk.engine.cancel_all(live, f"venue.x{desk.engine.state.books.executions + 1}", now_ms)
    return len(live)


def cancel_order(desk: KrakenDesk, params: Parameters, now_ms: int) -> Any:
    """By txid (several with commas) or by the client's id."""
    wanted = [*filter(None, params.get("txid", "").split(","))]
    orders = [find(desk, txid, "") for txid in wanted] if wanted else [find(desk, "", params.get("cl_ord_id", ""))]
    return {"count": cancel(desk, [order for order in orders if order is not None], now_ms)}


def cancel_all(desk: KrakenDesk, _params: Parameters, now_ms: int) -> Any:
    orders = list(desk.engine.state.open)
    return {"count": cancel(desk, orders, now_ms) if orders else 0}


def cancel_all_after(desk: KrakenDesk, params: Parameters, now_ms: int) -> Any:
    text = params.get("timeout", "")
    if not re.fullmatch("[0-9]{1,6}", text, re.ASCII) or int(text) > TIMEOUT_MAX_S:
        raise invalid("timeout")
    desk.dead_man.arm(int(text), now_ms)
    due_ms = desk.dead_man.due_ms
    return {"currentTime": payloads.rfc3339(now_ms), "triggerTime": payloads.rfc3339(due_ms) if due_ms else "0"}


def open_orders(desk: KrakenDesk, params: Parameters, _now_ms: int) -> Any:
    wanted = params.get("cl_ord_id", "")
    orders = (order for order in desk.engine.state.open if wanted in ("", order.client_id))
    return {"open": _rows(desk, orders, params)}


def closed_orders(desk: KrakenDesk, params: Parameters, _now_ms: int) -> Any:
    """Fifty at a time, the newest first, `ofs` of them passed over."""
    wanted, since, until = params.get("cl_ord_id", ""), _time(params, "start"), _time(params, "end")
    orders = [
        order
        for order in reversed(desk.engine.state.books.orders.values())
        if not order.is_open and wanted in ("", order.client_id) and _inside(order.updated_ms, since, until)
    ]
    return {"closed": _rows(desk, _page(orders, params), params), "count": len(orders)}


def query_orders(desk: KrakenDesk, params: Parameters, _now_ms: int) -> Any:
    txids = params.get("txid", "").split(",")
    if not txids[0] or len(txids) > QUERIED_MAX:
        raise invalid("txid")
    orders = [find(desk, txid, "") for txid in txids]
    if None in orders:
        raise Refused(NO_ORDER)
    return _rows(desk, (order for order in orders if order is not None), params)


def trades_history(desk: KrakenDesk, params: Parameters, _now_ms: int) -> Any:
    """Fifty at a time, the newest first, `ofs` of them passed over."""
    since, until = _time(params, "start"), _time(params, "end")
    fills = [fill for fill in reversed(desk.engine.state.books.fills) if _inside(fill.at_ms, since, until)]
    return {"trades": dict(_trades(desk, _page(fills, params))), "count": len(fills)}


def query_trades(desk: KrakenDesk, params: Parameters, _now_ms: int) -> Any:
    wanted = {number_of(txid) for txid in params.get("txid", "").split(",")}
    return dict(_trades(desk, (fill for fill in desk.engine.state.books.fills if fill.trade_id in wanted)))


def balance(desk: KrakenDesk, _params: Parameters, _now_ms: int) -> Any:
    held = desk.engine.account.balances
    return {asset_id(code): payloads.text(each.free + each.locked, 10) for code, each in held.items()}


def extended_balance(desk: KrakenDesk, _params: Parameters, _now_ms: int) -> Any:
    return {
        asset_id(code): {
            "balance": payloads.text(each.free + each.locked, 10),
            "hold_trade": payloads.text(each.locked, 10),
        }
        for code, each in desk.engine.account.balances.items()
    }


def trade_volume(desk: KrakenDesk, params: Parameters, now_ms: int) -> Any:
    tier = desk.engine.tier(now_ms)
    pairs = [desk.pairs.find(name) for name in filter(None, params.get("pair", "").split(","))]
    if None in pairs:
        raise Refused(UNKNOWN_PAIR)
    taken, made = (
        {
            pair.id: {"fee": payloads.text(rate * 100, 4), "tiervolume": payloads.text(tier.volume, 4)}
            for pair in pairs
            if pair
        }
        for rate in (tier.taker, tier.maker)
    )
    volume = desk.engine.account.volume(now_ms // DAY_MS)
    return {"currency": "ZUSD", "volume": payloads.text(volume, 4), "fees": taken, "fees_maker": made}


def deposits(desk: KrakenDesk, _params: Parameters, _now_ms: int) -> Any:
    return [payloads.transfer_row(each) for each in reversed(desk.engine.state.books.transfers) if each.amount > 0]


def withdrawals(desk: KrakenDesk, _params: Parameters, _now_ms: int) -> Any:
    return [payloads.transfer_row(each) for each in reversed(desk.engine.state.books.transfers) if each.amount < 0]


def websockets_token(desk: KrakenDesk, _params: Parameters, _now_ms: int) -> Any:
    return {"token": desk.authenticator.issue_token(desk.clock_ns()), "expires": 900}


def find(desk: KrakenDesk, txid: str, client_id: str) -> Order | None:
    """An order by its txid, or an open one by the client's id. Raises Refused where neither is given."""
    if txid:
        return desk.engine.state.books.orders.get(number_of(txid) or 0)
    if not client_id:
        raise Refused(INVALID_ARGUMENTS)
    return desk.engine.state.open.find(client_id)


def pair_of(desk: KrakenDesk, thing: Order | Fill) -> Pair:
    return desk.pairs.by_venue_symbol[thing.symbol]


def _rows(desk: KrakenDesk, orders: Iterable[Order], params: Parameters) -> dict[str, Any]:
    trades = params.get("trades", "").lower() in ("true", "1")
    return {
        order_txid(order.order_id): payloads.order_row(order, pair_of(desk, order), desk.fills_of(order), trades=trades)
        for order in orders
    }


def _trades(desk: KrakenDesk, fills: Iterable[Fill]) -> Iterator[tuple[str, Any]]:
    orders = desk.engine.state.books.orders
    for fill in fills:
        yield trade_txid(fill.trade_id), payloads.trade_row(fill, orders.get(fill.order_id), pair_of(desk, fill))


def _page(rows: list[Any], params: Parameters) -> list[Any]:
    text = params.get("ofs", "0")
    if not re.fullmatch("[0-9]{1,9}", text, re.ASCII):
        raise invalid("ofs")
    return rows[int(text) : int(text) + PAGE]


def _time(params: Parameters, name: str) -> int | None:
    """In ms, of a time in seconds. Raises Refused."""
    text = params.get(name, "")
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", text, re.ASCII):
        raise invalid(name)
    return int(Decimal(text) * 1_000)


def _inside(at_ms: int, since_ms: int | None, until_ms: int | None) -> bool:
    return (since_ms is None or at_ms > since_ms) and (until_ms is None or at_ms <= until_ms)
