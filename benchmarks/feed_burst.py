"""A burst of trades over a real socket, through a trader as shipped, to a strategy: all of them, and in order."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress

import uvloop

from tradigrade.config.run import Run
from tradigrade.exchanges.binance.protocol import STREAM_URL
from tradigrade.node import Node
from tradigrade.trading.messages import MarketDataUpdate
from tradigrade.trading.strategy import Strategy

from .feed_sustained import make_ports
from .hot_path import call, make_run, serving
from .hot_path_doors import Doors
from .hot_path_frames import FrameHandler, FrameMix, serve_frames, wrap
from .hot_path_trader import make_node
from .measure import Result

NAMES = ("feed.burst",)
REFERENCE = "a bare aiohttp client on uvloop that only counts"
SYMBOLS = ("C00/USDT",)
TRADES = 20_000
BEGIN_S = 3.0
"""After the subscription: the trader is up by then."""
TIMEOUT_S = 30.0
_QUOTE = b'{"u":1,"s":"C00USDT","b":"30000.00","B":"1.5","a":"30000.01","A":"2"}'
_TRADE = b'{"e":"trade","E":%d,"s":"C00USDT","t":%d,"p":"30000.01","q":"0.5","T":%d,"m":false,"M":true}'

told: list[tuple[int, int]] = []
"""Id of each trade that the strategy was told, and when, in monotonic ns."""


class Listener(Strategy):
    """Only looks. It reads a clock, which no strategy for trading may do."""

    def on_market(self, update: MarketDataUpdate) -> None:
        if update.kind == "trade":
            told.append((update.sequence, time.monotonic_ns()))


class Burst(FrameHandler):
    """A quote, and after a while all trades at once."""

    def stream(self, mix: FrameMix, due_ns: int) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.sendall(wrap(_QUOTE))
            time.sleep(BEGIN_S)
            at_ms = time.time_ns() // 1_000_000
            self.connection.sendall(b"".join([wrap(_TRADE % (at_ms, 1 + n, at_ms)) for n in range(TRADES)]))
            time.sleep(TIMEOUT_S)


def run() -> Iterator[Result]:
    path = "benchmarks.feed_burst:Listener"
    with make_run(SYMBOLS, path) as a_run, serving(serve_frames, None, SYMBOLS, range(0), Burst) as port:
        own_s, bare_s = (call(measure, a_run, Doors(port, 0, None)) for measure in (measure_trader, measure_bare))
    own_per_s, bare_per_s = TRADES / own_s, TRADES / bare_s
    ratio = float(f"{own_per_s / bare_per_s:.4g}")
    yield {"name": NAMES[0], "n": TRADES, "per_s": float(f"{own_per_s:.4g}"), "ratio": ratio, "reference": REFERENCE}


def measure_trader(run: Run, doors: Doors) -> float:
    """Seconds from the first trade to the last. Raises AssertionError where one is missing or out of order."""
    node = make_node(run)
    node.system.ports |= make_ports(node, doors)
    node.loop.create_task(_wait(node))
    node.serve()
    assert [number for number, _ in told] == list(range(1, TRADES + 1)), f"expected {TRADES} trades, found {len(told)}"
    return (told[-1][1] - told[0][1]) / 1e9


async def _wait(node: Node) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(TIMEOUT_S):
            while len(told) < TRADES:  # noqa: ASYNC110 - nobody says when it is done
                await asyncio.sleep(0.05)
    node.tree.stop("measured")


def measure_bare(_: Run, doors: Doors) -> float:
    """The same, of a client that looks at nothing."""
    return uvloop.run(_count(doors))


async def _count(doors: Doors) -> float:
    names = [f"c00usdt@{stream}" for stream in ("trade", "bookTicker", "depth@100ms")]
    async with doors.open_session(doors.frames_port) as session:
        socket = await session.ws_connect(doors.spell(STREAM_URL), compress=0)
        await socket.send_json({"method": "SUBSCRIBE", "params": names, "id": 1})
        for _ in range(3):  # the answer, the quote and the first trade
            await socket.receive()
        begun_s = time.monotonic()
        for _ in range(TRADES - 1):
            await socket.receive()
        return time.monotonic() - begun_s
