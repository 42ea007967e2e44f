"""The measured trader: the node as shipped, with its real tree, journal and order entry, in a process of its own."""

import asyncio
import socket
import sys
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import aiohttp
import uvloop

from tradigrade.capture import CapturedMarket, CapturedVenue
from tradigrade.config.risk_settings import RiskSettings
from tradigrade.config.run import Run
from tradigrade.config.settings import Settings, StrategySettings
from tradigrade.exchanges.binance.protocol import SNAPSHOT_URL, STREAM_URL, BinanceSpot
from tradigrade.exchanges.ccxt_venue import CcxtVenue
from tradigrade.exchanges.streams import StreamMarket
from tradigrade.kernel.clock import SystemClock
from tradigrade.kernel.disk import SystemDisk
from tradigrade.kernel.identity import SystemEntropy
from tradigrade.node import Node
from tradigrade.ports import read_credentials
from tradigrade.storage.account_journal import AccountJournal, Record
from tradigrade.trading.messages import OrderRefused, SignalGenerated
from tradigrade.trading.order_events import OrderIntended
from tradigrade.venue_ports import connect_binance

from .hot_path_doors import Doors, SentOrders
from .hot_path_frames import SCHEDULE_S, TRIGGERS, find_due_times

POLL_S = 0.25
LATE_S = 10.0
"""A trader that cannot keep up gets this long to send the orders that are due."""


def make_settings(symbols: tuple[str, ...], path: str = "benchmarks.hot_path_strategy:Taker") -> Settings:
    """One strategy with its model for each symbol, and limits that refuse none of its orders."""
    strategy = StrategySettings(path=path, name=path.rpartition(":")[2].lower())
    many = Decimal(10**9)
    risk = RiskSettings(max_order_notional=many, max_position_notional=many, max_orders_per_s=10_000)
    return Settings(symbols=symbols, strategies=(strategy,), risk=risk)


def make_node(run: Run) -> Node:
    """A trader on uvloop, as the launcher starts it."""
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    ours, theirs = socket.socketpair()
    ours.detach()  # stays open to the end of the process: its end would tell the node that its launcher died
    return Node("trader", run, 1, theirs.detach())


def measure_trader(run: Run, doors: Doors) -> list[tuple[int, int]]:
    """When each frame that triggered an order was due (UTC) and how much later its request left, in nanoseconds."""
    node, sent = make_node(run), SentOrders()
    node.system.ports |= _capture(node, _make_ports(node, doors, sent))
    end_s = node.loop.time() + SCHEDULE_S + LATE_S

    def look() -> None:
        if len(sent) >= TRIGGERS or node.loop.time() > end_s:
            node.tree.stop("measured")
        else:
            node.loop.call_later(POLL_S, look)

    look()
    node.serve()
    path = run.data / f"account-{run.settings.account.name}.journal"
    records = tuple(AccountJournal(SystemDisk(), path).replay())
    if refusals := count_refusals(records):
        print(f"refused: {refusals}", file=sys.stderr)
    due_ns = find_due(records)
    return sorted((due_ns[client_id], at_ns - due_ns[client_id]) for client_id, at_ns in sent.times_ns().items())


def find_due(records: Iterable[Record]) -> dict[str, int]:
    """By client order id, when the trade was due that led to the order: the signal's cause names it.

    An intent may stand before its signal: nobody waits for a signal to be written.
    """
    kept = list(records)
    signals = {record.signal_id: record for record in kept if isinstance(record, SignalGenerated)}
    intents = [record for record in kept if isinstance(record, OrderIntended)]
    trades = {intent.client_id: _trade_of(signals[intent.signal_id]) for intent in intents}
    due_ns = find_due_times(trades.values())
    return {client_id: due_ns[trade] for client_id, trade in trades.items()}


def _trade_of(signal: SignalGenerated) -> tuple[str, int]:
    return signal.symbol.replace("/", ""), int(signal.cause.removeprefix("trade "))


def count_refusals(records: Iterable[Record]) -> str:
    """How often each code refused an order, with the ladder's causes: a machine that cannot keep up has stale markets,
    and nothing is traded on those."""
    codes = (
        f"{record.code} {record.numbers.get('causes', '')}".strip()
        for record in records
        if isinstance(record, OrderRefused)
    )
    return ", ".join(f"{count} x {code}" for code, count in Counter(codes).most_common())


def _capture(node: Node, ports: dict[str, Any]) -> dict[str, Any]:
    """As every trader is, unless its settings say otherwise."""
    if node.capture is None:
        return ports
    boundary = node.capture.recorder
    return {"market": CapturedMarket(boundary, ports["market"]), "venue": CapturedVenue(boundary, ports["venue"])}


def _make_ports(node: Node, doors: Doors, sent: SentOrders) -> dict[str, Any]:
    run, clock, entropy = node.run, SystemClock(), SystemEntropy()

    async def connect() -> tuple[Any, aiohttp.ClientSession]:
        session = doors.open_session(doors.venue_port)
        sent.watch(session)
        exchange = connect_binance(session, read_credentials(run))
        exchange.urls = doors.spell(exchange.urls)
        return exchange, session

    async def open_session() -> aiohttp.ClientSession:
        return doors.open_session(doors.frames_port)

    urls = (doors.spell(STREAM_URL), doors.spell(SNAPSHOT_URL))
    return {
        "market": StreamMarket(node.loop, clock, entropy, BinanceSpot(urls), open_session),
        "venue": CcxtVenue(node.loop, clock, entropy, run.settings.symbols, connect),
    }
