"""Binance spot's market streams and book snapshots over one WebSocket connection, as a `MarketPort`."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import aiohttp

from ...kernel.clock import Clock
from ...kernel.identity import Entropy
from ..market import (
    FrameArrived,
    MarketWord,
    SnapshotArrived,
    SnapshotUnavailable,
    StreamsClosed,
    StreamsOpened,
)
from ..tasks import TaskSet

STREAM_URL = "wss://stream.binance.com:9443/ws"
SNAPSHOT_URL = "https://api.binance.com/api/v3/depth"
STREAMS = ("trade", "bookTicker", "depth@100ms")
CONNECT_TIMEOUT_S = 3.0
CLOSE_TIMEOUT_S = 0.5
SILENCE_S = 10.0
"""A connection this quiet is taken for dead: every live symbol has some frame in that time."""
RECONNECT_MIN_S = 0.05
RECONNECT_MAX_S = 5.0
FRAME_LIMIT = 4 << 20

OpenSession = Callable[[], Awaitable[aiohttp.ClientSession]]


class BinanceStreams:
    """Words are delivered on the loop's thread. `urls` may be replaced, for benchmarks over plain sockets."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        entropy: Entropy,
        open_session: OpenSession,
        urls: tuple[str, str] = (STREAM_URL, SNAPSHOT_URL),
    ) -> None:
        self._clock = clock
        self._entropy = entropy
        self._open_session = open_session
        self._stream_url, self._snapshot_url = urls
        self._session: aiohttp.ClientSession | None = None
        self._deliver: Callable[[MarketWord], object] = lambda _: None
        self._tasks = TaskSet(loop)
        self._frames = 0

    def open(self, symbols: tuple[str, ...], deliver: Callable[[MarketWord], object]) -> None:
        self.close()
        self._deliver = self._tasks.broke = deliver
        self._tasks.run(self._stay_connected(symbols))

    def request_snapshot(self, symbol: str, delay_s: float) -> None:
        self._tasks.run(self._fetch_snapshot(symbol, delay_s))

    def close(self) -> None:
        self._tasks.cancel()

    async def _stay_connected(self, symbols: tuple[str, ...]) -> None:
        delay_s = RECONNECT_MIN_S
        while True:
            ours: aiohttp.ClientSession | None = None
            try:
                async with await self._open_session() as ours:
                    self._session = session = ours
                    await self._listen(session, symbols)
                    delay_s = RECONNECT_MIN_S
                reason = "the venue closed the connection"
            except (aiohttp.ClientError, TimeoutError, OSError, TypeError, ValueError) as error:
                reason = f"{type(error).__name__}: {error}"
            finally:
                if self._session is ours:  # whoever opened anew meanwhile has a session of its own
                    self._session = None
            self._deliver(StreamsClosed(reason))
            await asyncio.sleep(delay_s * (1.0 - 0.3 * self._entropy.jitter()))
            delay_s = min(delay_s * 2, RECONNECT_MAX_S)

    async def _listen(self, session: aiohttp.ClientSession, symbols: tuple[str, ...]) -> None:
        socket = await self._subscribe(session, symbols)
        self._deliver(StreamsOpened())
        watch = asyncio.create_task(self._cut_silence(socket))
        try:
            await self._read(socket)
        finally:
            watch.cancel()

    async def _subscribe(
        self, session: aiohttp.ClientSession, symbols: tuple[str, ...]
    ) -> aiohttp.ClientWebSocketResponse:
        limits = aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S)
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            socket = await session.ws_connect(self._stream_url, max_msg_size=FRAME_LIMIT, compress=0, timeout=limits)
            names = [f"{symbol.replace('/', '').lower()}@{stream}" for symbol in symbols for stream in STREAMS]
            await socket.send_str(json.dumps({"method": "SUBSCRIBE", "params": names, "id": 1}))
            acknowledgement = await socket.receive_json()
        if acknowledgement.get("result", "missing") is not None:
            raise aiohttp.ClientError(f"the venue refused the subscription: {acknowledgement}")
        return socket

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        deliver, now_ns = self._deliver, self._clock.now_ns
        while True:
            message = await socket.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                self._frames += 1
                deliver(FrameArrived(message.data.encode(), now_ns()))
            elif message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING):
                return
            elif message.type is aiohttp.WSMsgType.ERROR:
                raise aiohttp.ClientError(f"the stream broke: {socket.exception()}")

    async def _cut_silence(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Close a connection on which nothing came for `SILENCE_S`; cheaper than a time-out for every frame."""
        while True:
            before = self._frames
            await asyncio.sleep(SILENCE_S)
            if self._frames == before:
                await socket.close()

    async def _fetch_snapshot(self, symbol: str, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        query = {"symbol": symbol.replace("/", ""), "limit": "1000"}
        try:
            if self._session is None:
                raise aiohttp.ClientError("not connected")
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                async with self._session.get(self._snapshot_url, params=query) as answer:
                    answer.raise_for_status()
                    payload = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError, RuntimeError) as error:
            self._deliver(SnapshotUnavailable(symbol, f"{type(error).__name__}: {error}"))
            return
        self._deliver(SnapshotArrived(symbol, payload))
