"""Market updates at a steady rate over a hundred symbols, each with a strategy and its model, in a trader as shipped.

Two processes: the market sends 10,000 frames/s by a schedule over a plain socket; the trader is measured. The age of
data is from the ms in which a trade was due until its strategy is told, so up to 1 ms too much.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import aiohttp

from tradigrade.capture import CapturedMarket
from tradigrade.config.run import Run
from tradigrade.exchanges.binance.protocol import SNAPSHOT_URL, STREAM_URL, BinanceSpot
from tradigrade.exchanges.streams import StreamMarket
from tradigrade.kernel.clock import SystemClock
from tradigrade.kernel.identity import SystemEntropy
from tradigrade.node import Node
from tradigrade.trading.messages import MarketDataUpdate
from tradigrade.trading.strategy import Strategy

from .hot_path import call, make_run, serving
from .hot_path_doors import Doors
from .hot_path_frames import FRAMES_PER_S, serve_frames
from .hot_path_trader import make_node
from .hot_path_updates import NoVenue
from .measure import Result, Timing, result, summarise

NAMES = ("feed.sustained",)
SYMBOLS = tuple(f"C{number:02}/USDT" for number in range(100))
CORE = 0.7
"""What of one core the trader may take at that rate."""
SETTLE_S, MEASURE_S = 5.0, 8.0
FEED = "trader/feeds/binance"

ages_ns: list[int] = []
"""Of the trades of all symbols, in the order in which their strategies were told."""


class Watcher(Strategy):
    """Only looks. It reads a clock, which no strategy for trading may do."""

    needs_model = True

    def on_market(self, update: MarketDataUpdate) -> None:
        if update.kind == "trade":
            ages_ns.append(time.time_ns() - update.venue_ns)


def run() -> Iterator[Result]:
    with (
        make_run(SYMBOLS, "benchmarks.feed_sustained:Watcher") as a_run,
        serving(serve_frames, None, SYMBOLS, range(0)) as port,
    ):
        ages, updates, cores, conflated = call(measure_trader, a_run, Doors(port, 0, None))
    reference = (
        f"{CORE} core, of which it took {cores:.2f} at {updates / MEASURE_S:.0f} updates/s; {conflated} conflated"
    )
    line = result(NAMES[0], summarise(ages), reference, Timing(0, 0.0, 0.0, 0.0))
    yield line | {"per_s": round(updates / MEASURE_S), "ratio": float(f"{CORE / cores:.4g}")}


def measure_trader(run: Run, doors: Doors) -> tuple[list[int], int, float, int]:
    """Ages of trades in ns, updates, cores, and what was conflated, of `MEASURE_S`. Raises AssertionError where less
    than the schedule's frames became updates."""
    node = make_node(run)
    node.system.ports |= make_ports(node, doors)
    measured = node.loop.create_task(_measure(node))
    node.serve()
    return measured.result()


def make_ports(node: Node, doors: Doors) -> dict[str, Any]:
    """The market over a plain socket, captured as every trader's is, and no venue."""

    async def open_session() -> aiohttp.ClientSession:
        return doors.open_session(doors.frames_port)

    protocol = BinanceSpot((doors.spell(STREAM_URL), doors.spell(SNAPSHOT_URL)))
    market = StreamMarket(node.loop, SystemClock(), SystemEntropy(), protocol, open_session)
    captured = market if node.capture is None else CapturedMarket(node.capture.recorder, market)
    return {"market": captured, "venue": NoVenue()}


async def _measure(node: Node) -> tuple[list[int], int, float, int]:
    await asyncio.sleep(SETTLE_S)
    ages_ns.clear()
    before, cpu_s = _count(node), time.process_time()
    await asyncio.sleep(MEASURE_S)
    cores = (time.process_time() - cpu_s) / MEASURE_S
    updates, conflated = (after - earlier for after, earlier in zip(_count(node), before, strict=True))
    ages = list(ages_ns)
    node.tree.stop("measured")
    least = 0.95 * FRAMES_PER_S * MEASURE_S
    cost = f"{1e6 * cores * MEASURE_S / max(updates, 1):.0f} µs of processor time each"
    assert updates > least, f"expected {least:.0f} updates and more, found {updates} ({cost}): somebody is late"
    return ages, updates, cores, conflated


def _count(node: Node) -> tuple[int, int]:
    """Frames that the feed handled, and messages of all actors that newer ones replaced."""
    return node.system.actors[FEED].handled, sum(actor.conflated for actor in node.system.actors.values())
