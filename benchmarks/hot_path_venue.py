"""The venue of the hot path, from a process of its own: the simulated one, on a market where nothing moves."""

import time
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import aiohttp
import uvloop

from tradigrade.actors.credentials import Credentials
from tradigrade.exchanges.simulated.source import MarketFrame
from tradigrade.exchanges.simulated.tls import server_context
from tradigrade.exchanges.simulated.venue import SimulatedVenue
from tradigrade.trading.instruments import PAPER_INSTRUMENTS

from .hot_path_frames import MIDDLE, SYMBOLS

OPENING_USDT = Decimal(10_000_000)
PERIOD_NS = 100_000_000


class QuietMarket:
    """A `MarketSource` of one quote, again and again, with more behind it than anybody takes."""

    symbols: tuple[str, ...] = SYMBOLS

    def __init__(self) -> None:
        self._number = 0

    def next(self) -> MarketFrame:
        turn, index = divmod(self._number, len(SYMBOLS))
        self._number += 1
        name = SYMBOLS[index].replace("/", "")
        quote = b'{"u":%d,"s":"%b","b":"%.2f","B":"9000","a":"%.2f","A":"9000"}'
        payload = quote % (self._number, name.encode(), MIDDLE, MIDDLE + 0.01)
        return MarketFrame(turn * PERIOD_NS, SYMBOLS[index], f"{name.lower()}@bookTicker", payload)

    def state(self) -> dict[str, Any]:
        return {"number": self._number}

    def restore(self, state: dict[str, Any]) -> None:
        self._number = state["number"]


class _Nowhere:
    """A log and a file that keep nothing."""

    def append(self, payload: bytes) -> None: ...

    def write(self, line: bytes, /) -> None: ...

    def flush(self) -> None: ...


def serve_venue(ready: Connection, certificate: Path | None, credentials: Credentials) -> None:
    """Tells the port through `ready` and serves until killed; without a certificate over plain sockets."""
    uvloop.run(_serve(ready, certificate, credentials))


async def _serve(ready: Connection, certificate: Path | None, credentials: Credentials) -> None:
    venue = SimulatedVenue(
        QuietMarket(),
        [PAPER_INSTRUMENTS[symbol] for symbol in SYMBOLS],
        _Nowhere(),
        _Nowhere(),
        clock_ns=time.time_ns,
        api_key=credentials.api_key,
        api_secret=credentials.api_secret,
        opening_balances={"USDT": OPENING_USDT},
        weight_limit=1_000_000_000,
        orders_per_10_s=1_000_000_000,
        orders_per_day=1_000_000_000,
    )
    context = server_context(certificate) if certificate else None
    port = await venue.start("127.0.0.1", 0, context)  # type: ignore[arg-type]  # aiohttp takes None for plain sockets
    scheme = "wss" if certificate else "ws"
    async with aiohttp.ClientSession() as session:
        # The venue's market begins with its first subscription.
        quotes = await session.ws_connect(f"{scheme}://127.0.0.1:{port}/ws/btcusdt@bookTicker", ssl=False)
        await quotes.receive()
        ready.send(port)
        async for _ in quotes:
            pass
