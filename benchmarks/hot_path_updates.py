"""Market updates through feed, strategies with their models, risk and portfolio: the whole tree, flat out."""

import asyncio
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import pykka

from tradigrade.config.run import Run
from tradigrade.exchanges.binance.protocol import BinanceSpot
from tradigrade.exchanges.market import FrameArrived, MarketWord, SnapshotArrived, StreamsOpened
from tradigrade.node import Node

from .hot_path import call, make_run
from .hot_path_frames import FrameMix
from .hot_path_trader import make_node
from .measure import Result

NAMES = ("hot_path.updates.1_symbol", "hot_path.updates.100_symbols")
REFERENCE = "raw pykka, tells handled by one ThreadingActor"
FRAMES = 60_000
WARM_UP_FRAMES = 5_000
BATCH = 500
"""Frames given at once, before the tree is run until nothing is left."""
TELLS = 50_000
REFERENCE_RUNS = 5
START_TIMEOUT_S = 10.0


def run() -> Iterator[Result]:
    """The reference is measured before, between and after, for it varies more than the tree does."""
    own_per_s, tells_per_s = [], _measure_reference()
    for count in (1, 100):
        with make_run(tuple(f"C{number:02}/USDT" for number in range(count))) as a_run:
            own_per_s.append(call(measure_updates, a_run))
        tells_per_s += _measure_reference()
    for name, per_s in zip(NAMES, own_per_s, strict=True):
        ratio = float(f"{per_s / median(tells_per_s):.4g}")
        yield {"name": name, "n": FRAMES, "per_s": float(f"{per_s:.4g}"), "ratio": ratio, "reference": REFERENCE}


def measure_updates(run: Run) -> float:
    """Updates per second; raises AssertionError where a frame led to none."""
    node, market = make_node(run), InjectedMarket(run.settings.symbols)
    node.system.ports |= {"market": market, "venue": NoVenue()}
    measured = node.loop.create_task(_inject(node, market))
    node.serve()
    return measured.result()


class InjectedMarket:
    """A `MarketPort` whose frames the benchmark delivers."""

    protocol = BinanceSpot()

    def __init__(self, symbols: tuple[str, ...]) -> None:
        self.mix = FrameMix(symbols)
        self.deliver: Callable[[MarketWord], object] | None = None

    def open(self, symbols: tuple[str, ...], deliver: Callable[[MarketWord], object]) -> None:
        self.deliver = deliver
        deliver(StreamsOpened())

    def request_snapshot(self, symbol: str, delay_s: float) -> None:
        assert self.deliver is not None
        self.deliver(SnapshotArrived(symbol, self.mix.snapshot(symbol.replace("/", ""))))

    def request_trades(self, symbol: str, first_id: int, limit: int) -> None: ...

    def resubscribe(self, symbol: str) -> None: ...

    def close(self) -> None: ...


class NoVenue:
    """A `VenuePort` that never connects: nothing is traded here."""

    def open(self, deliver: Callable[[Any], object]) -> None: ...

    def close(self) -> None: ...


async def _inject(node: Node, market: InjectedMarket) -> float:
    async with asyncio.timeout(START_TIMEOUT_S):
        while "trader/portfolio" not in node.system.actors or not _is_idle(node):  # noqa: ASYNC110 - once
            await asyncio.sleep(0.05)
    now_ns = time.time_ns()
    frames = [market.mix.make(number, now_ns) for number in range(WARM_UP_FRAMES + FRAMES)]
    await _run_through(node, market, frames[:WARM_UP_FRAMES])
    handled, start_s = _count_handled(node), time.perf_counter()
    await _run_through(node, market, frames[WARM_UP_FRAMES:])
    elapsed_s = time.perf_counter() - start_s
    for kind, count in _count_handled(node).items():
        assert count - handled[kind] >= FRAMES, f"expected {FRAMES} updates at {kind}, found {count - handled[kind]}"
    node.tree.stop("measured")
    return FRAMES / elapsed_s


def _count_handled(node: Node) -> dict[str, int]:
    """Messages handled on each station of an update."""
    stations = ("trader/feeds/binance", "trader/strategies/", "trader/trading/account/risk", "trader/portfolio")
    actors = node.system.actors.items()
    return {
        kind: sum(actor.handled + actor.conflated for path, actor in actors if path.startswith(kind))
        for kind in stations
    }


async def _run_through(node: Node, market: InjectedMarket, frames: list[bytes]) -> None:
    assert market.deliver is not None
    for start in range(0, len(frames), BATCH):
        for payload in frames[start : start + BATCH]:
            market.deliver(FrameArrived(payload, time.time_ns()))
        while not _is_idle(node):  # noqa: ASYNC110 - the loop's turns are what is measured
            await asyncio.sleep(0)


def _is_idle(node: Node) -> bool:
    """True where no actor has anything to do; the feed, which is asked first, has so the longest."""
    feed = node.system.actors["trader/feeds/binance"]
    return not len(feed.mailbox) and not any(len(actor.mailbox) for actor in node.system.actors.values())


class _Counter(pykka.ThreadingActor):
    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def on_receive(self, message: Any) -> int:
        self._count += 1
        return self._count


def _measure_reference() -> list[float]:
    return [measure_tells() for _ in range(REFERENCE_RUNS)]


def measure_tells() -> float:
    """Tells per second, from the first told to the last handled."""
    counter = _Counter.start()
    start_s = time.perf_counter()
    for _ in range(TELLS):
        counter.tell(None)
    assert counter.ask(None) == TELLS + 1
    elapsed_s = time.perf_counter() - start_s
    counter.stop()
    return TELLS / elapsed_s
