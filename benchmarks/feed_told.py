"""From a raw frame to a user's own code: a strategy's topic in a cell, beside ccxt.pro's `await watch_...`.

As `feed.decode`, with the last step of both: here the feed actor, its mailbox, the subscriber's mailbox and its
`receive`; there the future, the event loop's turn and the coroutine that asks again. Neither has a socket.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import uvloop

from tradigrade.actors import topics
from tradigrade.actors.feed import Feed
from tradigrade.exchanges.binance.protocol import BinanceSpot
from tradigrade.exchanges.market import FrameArrived, MarketWord, SnapshotArrived, StreamsOpened
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.clock import ManualClock
from tradigrade.kernel.identity import SeededEntropy
from tradigrade.kernel.loop import VirtualLoop
from tradigrade.kernel.system import System
from tradigrade.kernel.tuning import tune
from tradigrade.trading.messages import MarketDataUpdate

from .feed_decode import BATCH, FAR_ASKS, FAR_BIDS, FRAMES, RECORDING, SYMBOL, TURN, Reference, read_frames
from .measure import Result, result, summarise

CHANNELS = {"trade": "trade", "book_ticker": "bookTicker", "depth": "depth@100ms"}
NAMES = tuple(f"feed.told.{name}" for name in CHANNELS)
REFERENCE = "await ccxt.pro's watch_..., orjson and uvloop included"


def run() -> Iterator[Result]:
    """Yields nothing, and says why on standard error, where the recording is absent."""
    if not RECORDING.exists():
        print(f"feed.told: skipped, for there is no recording {RECORDING}", file=sys.stderr)
        return
    frames = read_frames()
    tune()
    for name, channel in zip(NAMES, CHANNELS.values(), strict=True):
        own, theirs = uvloop.run(take_turns(frames, channel))
        yield result(name, summarise(own, BATCH), REFERENCE, summarise(theirs, BATCH))


async def take_turns(frames: dict[str, list[bytes]], channel: str) -> tuple[list[int], list[int]]:
    """The ns that each way took for each batch of frames. Both see every frame once, and none long after the other."""
    stand, watcher = Stand(frames), Watcher(frames)
    await watcher.open(channel)
    own: list[int] = []
    theirs: list[int] = []
    for start in range(0, FRAMES, TURN):
        batches = [frames[channel][first : first + BATCH] for first in range(start, start + TURN, BATCH)]
        for batch in batches:
            begun_ns = time.perf_counter_ns()
            for payload in batch:
                stand.frame(payload)
            own.append(time.perf_counter_ns() - begun_ns)
        for batch in batches:
            begun_ns = time.perf_counter_ns()
            for payload in batch:
                await watcher.frame(payload)
            theirs.append(time.perf_counter_ns() - begun_ns)
    assert stand.told == watcher.told == FRAMES, f"expected each of {FRAMES} told, found {stand.told}, {watcher.told}"
    await watcher.close()
    return own, theirs


class Stand:
    """One feed and one that listens, in a cell whose loop runs when it is told to."""

    protocol = BinanceSpot()

    def __init__(self, frames: dict[str, list[bytes]]) -> None:
        self.told = 0
        self._deliver: Callable[[MarketWord], object] = lambda _: None
        self._loop = VirtualLoop(ManualClock(json.loads(frames["trade"][0])["E"] * 1_000_000))
        self._now_ns = self._loop.clock.now_ns()
        system = System("trader", self._loop, self._loop.clock, SeededEntropy(1))
        system.ports = {"market": self}
        system.spawn("trader/listener", lambda: Listener(self))
        system.spawn("trader/feed", lambda: Feed((SYMBOL,)))
        self._loop.run()
        self._deliver(StreamsOpened())
        first_id = json.loads(frames["depth@100ms"][0])["U"]
        bids, asks = ([[str(price), "1"] for price in side] for side in (FAR_BIDS, FAR_ASKS))
        book = {"lastUpdateId": first_id - 1, "bids": bids, "asks": asks}
        self._deliver(SnapshotArrived(SYMBOL, json.dumps(book).encode()))
        for payload in (frames["bookTicker"][0],) * 8:
            self.frame(payload)
        self.told = 0

    def frame(self, payload: bytes) -> None:
        self._deliver(FrameArrived(payload, self._now_ns))
        self._loop.run()

    # -- a `MarketPort` that does nothing by itself -------------------------------------------------------------------

    def open(self, symbols: tuple[str, ...], deliver: Callable[[MarketWord], object]) -> None:
        self._deliver = deliver

    def request_snapshot(self, symbol: str, delay_s: float) -> None: ...

    def request_trades(self, symbol: str, first_id: int, limit: int) -> None: ...

    def resubscribe(self, symbol: str) -> None: ...

    def close(self) -> None: ...


class Listener(Actor):
    """Counts what a strategy would be told."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand

    def start(self) -> None:
        self.context.subscribe(topics.market(SYMBOL))

    def receive(self, message: object) -> None:
        if isinstance(message, MarketDataUpdate):
            self._stand.told += 1


class Watcher:
    """Somebody who watches one channel with ccxt.pro, whose client believes that it is connected."""

    def __init__(self, frames: dict[str, list[bytes]]) -> None:
        self.told = 0
        reference = Reference(json.loads(frames["depth@100ms"][0])["U"] - 1)
        self._exchange, self._loads = reference.exchange, reference.loads
        self._book = self._exchange.orderbooks[SYMBOL]
        self._make_client = self._exchange.client
        self._exchange.client = self._connect
        self._client: Any = None

    async def open(self, channel: str) -> None:
        watch = {
            "trade": self._exchange.watch_trades,
            "bookTicker": lambda symbol: self._exchange.watch_bids_asks([symbol]),
            "depth@100ms": self._exchange.watch_order_book,
        }[channel]
        self._task = asyncio.create_task(self._watch(watch))
        while self._client is None or not self._client.futures:
            await self._turn()
        self._exchange.orderbooks[SYMBOL] = self._book

    async def frame(self, payload: bytes) -> None:
        told = self.told
        self._exchange.handle_message(self._client, self._loads(payload))
        while self.told == told:
            await self._turn()

    async def close(self) -> None:
        self._task.cancel()
        await self._exchange.close()

    async def _watch(self, watch: Callable[[str], Awaitable[object]]) -> None:
        while True:
            await watch(SYMBOL)
            self.told += 1

    async def _turn(self) -> None:
        await asyncio.sleep(0)
        if self._task.done():
            self._task.result()

    def _connect(self, url: str) -> Any:
        client = self._client = self._make_client(url)
        if not client.connected.done():
            client.connected.set_result(True)
            client.send = _send_nothing
        return client


async def _send_nothing(_: object) -> None:
    """Nobody is there to be sent anything."""
