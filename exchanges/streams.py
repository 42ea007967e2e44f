"""Any venue's market data over WebSockets, as a `MarketPort`: connections by symbol, and its snapshots."""

import asyncio
from collections.abc import Callable

import aiohttp

from ..kernel.clock import Clock
from ..kernel.identity import Entropy
from .breaker import Breaker
from .limit_windows import WEIGHT
from .market import MarketWord, SnapshotArrived, SnapshotUnavailable, TradesArrived, TradesUnavailable
from .rate_budget import RateBudget
from .retry_after import PAUSE_SEEN_S, read_retry_after
from .stream_connection import (
    CONNECT_TIMEOUT_S,
    RECONNECT_MAX_S,
    SNAPSHOT_DUE_S,
    SNAPSHOT_MISSING,
    Broken,
    OpenSession,
    StreamConnection,
)
from .stream_protocol import NumberedTrades, StreamProtocol
from .tasks import TaskSet

BREAKER_OPEN_S = (0.5, RECONNECT_MAX_S)
SNAPSHOTS_AT_ONCE = 8
TOO_MUCH = (418, 429)
USED_WEIGHT = "X-MBX-USED-WEIGHT-1M"
SNAPSHOT_WEIGHTS = {1_000: 50, 500: 25, 100: 5}
"""By levels, at Binance, where they weigh the most."""
WEIGHT_AT_ONCE = 1_500
"""Of all symbols' snapshots together: of many symbols the books are read less deep, or they would take a minute's limit
to themselves."""


class StreamMarket:
    """Each symbol's words come in order; symbols of different connections come and go apart. Words are delivered on the
    loop's thread. Each requested snapshot or search for trades is answered, if only by its being unavailable, unless it
    is asked for anew before."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        entropy: Entropy,
        protocol: StreamProtocol,
        open_session: OpenSession,
        budget: RateBudget | None = None,
    ) -> None:
        """`budget` is shared with all who ask the venue from this address: snapshots wait for room in it."""
        self.protocol = protocol
        self._budget = budget or RateBudget()
        self._loop = loop
        self._clock = clock
        self._entropy = entropy
        self._open_session = open_session
        self._deliver: Callable[[MarketWord], object] = lambda _: None
        self._tasks = TaskSet(loop)
        self._connections: dict[str, StreamConnection] = {}
        self._asked: dict[str, asyncio.Task[None]] = {}
        self._searching: dict[str, asyncio.Task[None]] = {}
        self._resubscribing: dict[str, None] = {}
        """Whose texts wait for their turn: they are not said a second time behind that."""
        self._fetching = asyncio.Semaphore(SNAPSHOTS_AT_ONCE)

    def open(self, symbols: tuple[str, ...], deliver: Callable[[MarketWord], object]) -> None:
        self.close()
        self._deliver = self._tasks.broke = deliver
        breaker, most = Breaker(BREAKER_OPEN_S), self.protocol.symbols_per_connection
        for start in range(0, len(symbols), most):
            self._connect(symbols[start : start + most], breaker, deliver)

    def request_snapshot(self, symbol: str, delay_s: float) -> None:
        if (before := self._asked.get(symbol)) is not None:
            before.cancel()
        self._asked[symbol] = self._tasks.run(self._renew(symbol, delay_s, self._deliver))

    def request_trades(self, symbol: str, first_id: int, limit: int) -> None:
        if (before := self._searching.get(symbol)) is not None:
            before.cancel()
        self._searching[symbol] = self._tasks.run(self._search(symbol, first_id, limit, self._deliver))

    def resubscribe(self, symbol: str) -> None:
        if self.protocol.snapshots_in_stream:
            self.request_snapshot(symbol, 0.0)
        elif symbol not in self._resubscribing and (connection := self._connections.get(symbol)) is not None:
            self._resubscribing[symbol] = None
            self._tasks.run(self._begin_anew(connection, symbol))

    def close(self) -> None:
        self._tasks.cancel()
        self._connections.clear()
        self._asked.clear()
        self._searching.clear()
        self._resubscribing = {}

    def _connect(self, symbols: tuple[str, ...], breaker: Breaker, deliver: Callable[[MarketWord], object]) -> None:
        connection = StreamConnection(
            self.protocol, symbols, self._open_session, breaker, self._clock, self._entropy, deliver
        )
        self._connections |= dict.fromkeys(symbols, connection)
        self._tasks.run(connection.stay())

    async def _begin_anew(self, connection: StreamConnection, symbol: str) -> None:
        """What a broken connection does not take is moot: it subscribes anew when it is back."""
        waiting = self._resubscribing
        try:
            await connection.send(self.protocol.resubscribe(symbol))
        finally:
            waiting.pop(symbol, None)

    async def _renew(self, symbol: str, delay_s: float, deliver: Callable[[MarketWord], object]) -> None:
        await asyncio.sleep(delay_s)
        connection = self._connections.get(symbol)
        if connection is None:
            deliver(SnapshotUnavailable(symbol, "it is not among the symbols of this port"))
        elif self.protocol.snapshots_in_stream:
            deliver(await self._hear_snapshot(connection, symbol))
        else:
            async with self._fetching:
                while pause_s := self._budget.pause_s("market", self._clock.now_ns()):  # noqa: ASYNC110 - also others'
                    await asyncio.sleep(min(pause_s, PAUSE_SEEN_S))
                word = await self._fetch(connection, symbol)
            deliver(word)

    async def _hear_snapshot(self, connection: StreamConnection, symbol: str) -> MarketWord:
        """Ask for it in the stream, where it comes as a frame like others."""
        if not (reason := await connection.send(self.protocol.resubscribe(symbol))):
            await asyncio.sleep(SNAPSHOT_DUE_S)
            reason = SNAPSHOT_MISSING
        return SnapshotUnavailable(symbol, reason)

    async def _fetch(self, connection: StreamConnection, symbol: str) -> MarketWord:
        levels = snapshot_levels(len(self._connections))
        try:
            url = self.protocol.snapshot_url(symbol, levels)
            return SnapshotArrived(symbol, await self._read(connection, url, SNAPSHOT_WEIGHTS[levels]))
        except (*Broken, RuntimeError) as error:
            return SnapshotUnavailable(symbol, f"{type(error).__name__}: {error}")

    async def _search(self, symbol: str, first_id: int, limit: int, deliver: Callable[[MarketWord], object]) -> None:
        try:
            if (connection := self._connections.get(symbol)) is None or not isinstance(self.protocol, NumberedTrades):
                raise aiohttp.ClientError("trades of it cannot be asked for")
            if pause_s := self._budget.pause_s("market", self._clock.now_ns()):  # snapshots wait for its end in line
                raise aiohttp.ClientError(f"not asked: the venue refuses us for {pause_s:.0f} s more")
            async with self._fetching:
                url = self.protocol.trades_url(symbol, first_id, limit)
                word: MarketWord = TradesArrived(symbol, await self._read(connection, url, self.protocol.trades_weight))
        except (*Broken, RuntimeError) as error:
            word = TradesUnavailable(symbol, f"{type(error).__name__}: {error}")
        deliver(word)

    async def _read(self, connection: StreamConnection, url: str, weight: int) -> bytes:
        """Raises one of `Broken`, or RuntimeError of a session that was closed meanwhile."""
        if connection.session is None:
            raise aiohttp.ClientError("not connected")
        if self._budget.wait_until_ns("market", weight, self._clock.now_ns()):
            raise aiohttp.ClientError("not asked: what the venue lets us ask in this minute is used")
        self._budget.spend("market", weight, self._clock.now_ns())
        async with asyncio.timeout(CONNECT_TIMEOUT_S), connection.session.get(url) as answer:
            self._note(answer.headers.get(USED_WEIGHT, ""))
            if answer.status in TOO_MUCH:
                self._pause(answer.headers.get("Retry-After", ""))
            answer.raise_for_status()
            return await answer.read()

    def _note(self, used: str) -> None:
        if used.isdecimal():
            self._budget.note(WEIGHT, 60, int(used), self._clock.now_ns())

    def _pause(self, retry_after: str) -> None:
        """Nobody asks for as long as the venue says."""
        now_ns = self._clock.now_ns()
        self._budget.pause(now_ns + round(read_retry_after(retry_after, now_ns).wait_s * 1e9), now_ns)


def snapshot_levels(symbols: int) -> int:
    """How deep the book of each of so many symbols is read."""
    fitting = (levels for levels, weight in SNAPSHOT_WEIGHTS.items() if weight * symbols <= WEIGHT_AT_ONCE)
    return next(fitting, min(SNAPSHOT_WEIGHTS))
