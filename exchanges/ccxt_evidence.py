"""Gathering a venue's evidence of an account through ccxt's REST calls."""

import asyncio
from typing import Any

import msgspec

from ..kernel.clock import Clock
from ..trading.evidence import Evidence, VenueOrder
from ..trading.order_events import OrderFilled
from .ccxt_dialect import Dialect
from .ccxt_transfers import fetch_transfers
from .venue import EvidenceAsked

PAGES_LIMIT = 100
QUERIES_AT_ONCE = 20


async def gather_evidence(exchange: Any, dialect: Dialect, request: EvidenceAsked, clock: Clock) -> Evidence:
    """The venue's time and open orders first, balances last: what happens meanwhile shows as a difference, never as
    agreement.

    Raises what ccxt raises.
    """
    asked_ns = clock.now_ns()
    venue_ms: int = await exchange.fetch_time()
    found: dict[str, VenueOrder] = {}
    for order in await dialect.open_orders(request.symbols):
        found[order.client_id] = order
    missing = [(client_id, symbol) for client_id, symbol in request.open_ids.items() if client_id not in found]
    for start in range(0, len(missing), QUERIES_AT_ONCE):
        batch = missing[start : start + QUERIES_AT_ONCE]
        for order in await asyncio.gather(*(dialect.find_order(*each) for each in batch)):
            found[order.client_id] = order
    known = request.known | {order.venue_id: order.client_id for order in found.values() if order.venue_id}
    trades: list[OrderFilled] = []
    last_trade_ids: dict[str, int] = {}
    for symbol in request.trades_of:
        fresh, last_trade_ids[symbol] = await _trades(dialect, symbol, request.since.get(symbol), known, found)
        trades += fresh
    totals = await dialect.balances()
    since_ns = request.transfers_since_ns
    return Evidence(
        asked_ns, tuple(found.values()), tuple(trades), last_trade_ids, totals, venue_ms * 1_000_000,
        () if since_ns is None else await fetch_transfers(exchange, since_ns),
    )  # fmt: skip


async def _trades(
    dialect: Dialect, symbol: str, since: int | None, known: dict[str, str], found: dict[str, VenueOrder]
) -> tuple[list[OrderFilled], int]:
    """Trades after `since`, oldest first, and the last trade id; without `since` only the id. Orders of trades that are
    not `known` are looked at, and `found`."""
    if since is None:
        return [], await dialect.last_trade_id(symbol)
    fills: list[OrderFilled] = []
    for _ in range(PAGES_LIMIT):
        page = [each for each in await dialect.trades(symbol, since + 1) if int(each[1].trade_id) > since]
        for venue_id, fill in page:
            client_id = known.get(venue_id) or await _find_order(dialect, symbol, venue_id, known, found)
            fills.append(msgspec.structs.replace(fill, client_id=client_id))
            since = int(fill.trade_id)
        if len(page) < dialect.trades_page:
            break
    return fills, since


async def _find_order(
    dialect: Dialect, symbol: str, venue_id: str, known: dict[str, str], found: dict[str, VenueOrder]
) -> str:
    order = await dialect.order_of(venue_id, symbol)
    known[venue_id] = order.client_id
    found.setdefault(order.client_id, order)
    return order.client_id
