"""Gathering a venue's evidence of an account through ccxt's REST calls."""

import asyncio
from decimal import Decimal
from typing import Any

import ccxt
import msgspec

from ..kernel.clock import Clock
from ..trading.evidence import Evidence, VenueOrder
from ..trading.order_events import OrderFilled
from .binance import account
from .ccxt_parsing import exact, fill_of_trade, venue_order
from .ccxt_transfers import fetch_transfers
from .venue import EvidenceAsked

TRADES_PAGE = 1_000
PAGES_LIMIT = 100
QUERIES_AT_ONCE = 20


async def gather_evidence(exchange: Any, request: EvidenceAsked, clock: Clock) -> Evidence:
    """The venue's time and open orders first, balances last: what happens meanwhile shows as a difference, never as
    agreement.

    Raises what ccxt raises.
    """
    asked_ns = clock.now_ns()
    venue_ms: int = await exchange.fetch_time()
    found: dict[str, VenueOrder] = {}
    for order in await _open_orders(exchange, request.symbols):
        found[order.client_id] = order
    missing = [(client_id, symbol) for client_id, symbol in request.open_ids.items() if client_id not in found]
    for start in range(0, len(missing), QUERIES_AT_ONCE):
        batch = missing[start : start + QUERIES_AT_ONCE]
        for order in await asyncio.gather(*(_query(exchange, *each) for each in batch)):
            found[order.client_id] = order
    known = request.known | {order.venue_id: order.client_id for order in found.values() if order.venue_id}
    trades: list[OrderFilled] = []
    last_trade_ids: dict[str, int] = {}
    for symbol in request.trades_of:
        fresh, last_trade_ids[symbol] = await _trades(exchange, symbol, request.since.get(symbol), known, found)
        trades += fresh
    totals = await _balances(exchange)
    since_ns = request.transfers_since_ns
    return Evidence(
        asked_ns, tuple(found.values()), tuple(trades), last_trade_ids, totals, venue_ms * 1_000_000,
        () if since_ns is None else await fetch_transfers(exchange, since_ns),
    )  # fmt: skip


async def _open_orders(exchange: Any, symbols: tuple[str, ...]) -> list[VenueOrder]:
    if exchange.id == "binance":
        return await account.fetch_open_orders(exchange, symbols)
    looks = await asyncio.gather(*(exchange.fetch_open_orders(symbol) for symbol in symbols))
    return [venue_order(order) for orders in looks for order in orders]


async def _balances(exchange: Any) -> dict[str, Decimal]:
    if exchange.id == "binance":
        return await account.fetch_balances(exchange)
    balance = await exchange.fetch_balance()
    return {currency: exact(amount) for currency, amount in balance["total"].items() if amount}


async def _query(exchange: Any, client_id: str, symbol: str) -> VenueOrder:
    try:
        return venue_order(await exchange.fetch_order(client_id, symbol, {"clientOrderId": client_id}))
    except ccxt.OrderNotFound:
        return VenueOrder(client_id, "", symbol, "missing")


async def _trades(
    exchange: Any, symbol: str, since: int | None, known: dict[str, str], found: dict[str, VenueOrder]
) -> tuple[list[OrderFilled], int]:
    """Trades after `since`, oldest first, and the last trade id; without `since` only the id. Orders of trades that are
    not `known` are looked at, and `found`."""
    if since is None:
        latest = await exchange.fetch_my_trades(symbol, None, 1)
        return [], max((int(trade["id"]) for trade in latest), default=0)
    fills: list[OrderFilled] = []
    for _ in range(PAGES_LIMIT):
        page = [each for each in await _page(exchange, symbol, since + 1) if int(each[1].trade_id) > since]
        for venue_id, fill in page:
            client_id = known.get(venue_id) or await _find_order(exchange, symbol, venue_id, known, found)
            fills.append(msgspec.structs.replace(fill, client_id=client_id))
            since = int(fill.trade_id)
        if len(page) < TRADES_PAGE:
            break
    return fills, since


async def _page(exchange: Any, symbol: str, from_id: int) -> list[tuple[str, OrderFilled]]:
    """Oldest first, each with the venue's id of its order, and without ours."""
    if exchange.id == "binance":
        return await account.fetch_trades(exchange, symbol, from_id, TRADES_PAGE)
    page = []
    for trade in await exchange.fetch_my_trades(symbol, None, TRADES_PAGE, {"fromId": from_id}):
        fill = fill_of_trade(trade, "")
        assert fill is not None, f"the venue sent a trade of {symbol} without an id"
        page.append((str(trade["order"]), fill))
    return sorted(page, key=lambda each: int(each[1].trade_id))


async def _find_order(
    exchange: Any, symbol: str, venue_id: str, known: dict[str, str], found: dict[str, VenueOrder]
) -> str:
    order = venue_order(await exchange.fetch_order(venue_id, symbol))
    known[venue_id] = order.client_id
    found.setdefault(order.client_id, order)
    return order.client_id
