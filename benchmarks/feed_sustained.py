"""Market updates over a hundred symbols, each with a strategy and its model, in a trader as shipped: at a steady rate,
and at five times that.

Two processes: the market sends frames by a schedule over a plain socket; the trader is measured. The age of data is
from the ms in which a trade was due until its strategy is told, so up to 1 ms too much. There is no learner: its
samples, one a second for each symbol, are counted as `wire_frames_dropped`, and are no frames of the market.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

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
from .hot_path_frames import FRAMES_PER_S, FrameHandler, FrameMix, serve_frames, wrap
from .hot_path_trader import make_node
from .hot_path_updates import NoVenue
from .measure import Result, Timing, result, summarise

NAMES = ("feed.sustained", "feed.flat_out")
SYMBOLS = tuple(f"C{number:02}/USDT" for number in range(100))
CORE = 0.7
"""What of one core the trader may take at the steady rate."""
FLAT_OUT_PER_S = 50_000
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


class FlatOut(FrameHandler):
    """All frames of a ms at once, at five times the steady rate. Where the reader lets the socket fill up they leave
    late, but say when they were due."""

    per_s = FLAT_OUT_PER_S

    def stream(self, mix: FrameMix, due_ns: int) -> None:
        self.close_connection = True
        at_once, number = self.per_s // 1_000, 0
        with suppress(OSError):
            while True:
                frames = b"".join([wrap(mix.make(number + n, due_ns)) for n in range(at_once)])
                if (early_ns := due_ns - time.time_ns()) > 0:
                    time.sleep(early_ns / 1e9)
                self.connection.sendall(frames)
                number, due_ns = number + at_once, due_ns + 1_000_000


class Counts(NamedTuple):
    frames: int
    """Handled by the feed."""
    conflated: int
    """Updates that a newer one replaced, wherever they waited."""
    dropped: int
    """Frames that found the feed's mailbox full."""


class Load(NamedTuple):
    """What a trader bore in `MEASURE_S`."""

    ages_ns: list[int]
    counts: Counts
    cores: float


def run() -> Iterator[Result]:
    yield measure_sustained()
    yield measure_flat_out()


def measure_sustained() -> Result:
    """Raises AssertionError where fewer than the schedule's frames became updates."""
    load = measure(FrameHandler)
    frames, conflated, dropped = load.counts
    reference = f"{CORE} core, of which it took {load.cores:.2f}; {conflated} conflated, {dropped} dropped"
    least, cost_us = 0.95 * FRAMES_PER_S * MEASURE_S, 1e6 * load.cores * MEASURE_S / max(frames, 1)
    assert frames > least, f"expected {least:.0f} frames, found {frames} ({cost_us:.0f} µs of processor time each)"
    line = result(NAMES[0], summarise(load.ages_ns), reference, Timing(0, 0.0, 0.0, 0.0))
    return line | {"per_s": round(frames / MEASURE_S), "ratio": float(f"{CORE / load.cores:.4g}")}


def measure_flat_out() -> Result:
    load = measure(FlatOut)
    frames, conflated, dropped = load.counts
    reference = f"{FLAT_OUT_PER_S} frames/s sent; {load.cores:.2f} core, {conflated} conflated, {dropped} dropped"
    line = result(NAMES[1], summarise(load.ages_ns), reference, Timing(0, 0.0, 0.0, 0.0))
    return line | {
        "per_s": round(frames / MEASURE_S),
        "ratio": float(f"{frames / MEASURE_S / FLAT_OUT_PER_S:.4g}"),
    }


def measure(handler: type[FrameHandler]) -> Load:
    with (
        make_run(SYMBOLS, "benchmarks.feed_sustained:Watcher") as a_run,
        serving(serve_frames, None, SYMBOLS, range(0), handler) as port,
    ):
        load: Load = call(measure_trader, a_run, Doors(port, 0, None))
    return load


def measure_trader(run: Run, doors: Doors) -> Load:
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


async def _measure(node: Node) -> Load:
    await asyncio.sleep(SETTLE_S)
    ages_ns.clear()
    before, cpu_s = _count(node), time.process_time()
    await asyncio.sleep(MEASURE_S)
    cores, after, ages = (time.process_time() - cpu_s) / MEASURE_S, _count(node), list(ages_ns)
    node.tree.stop("measured")
    return Load(ages, Counts(*(late - early for late, early in zip(after, before, strict=True))), cores)


def _count(node: Node) -> Counts:
    counters, actors = node.system.metrics.counters, node.system.actors
    conflated = sum(actor.conflated for actor in actors.values()) + counters.get("updates_conflated", 0)
    return Counts(actors[FEED].handled, conflated, counters.get("frames_dropped", 0))
