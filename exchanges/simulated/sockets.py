"""One WebSocket connection of the venue: its heartbeat, its bounded life and its farewell."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiohttp import WSMsgType, web

from .latency import Lane, Way
from .outbox import Outbox

MESSAGE_MAX_BYTES = 64 * 1024
CONNECTIONS_SPAN_S = 300.0
POLICY_VIOLATION, GOING_AWAY = 1008, 1001


class SocketRules(NamedTuple):
    """How long a connection lives, and what it must do to live so long."""

    life_s: float = 24 * 3_600.0
    notice_s: float = 600.0
    """So long before its end it is told, where it lives longer than that."""
    ping_period_s: float = 20.0
    pong_wait_s: float = 60.0
    connections_per_5_min: int = 300
    """By each of the venue's addresses, new ones."""


class Allowance:
    """At most `most` within any `span_s`."""

    def __init__(self, most: int, span_s: float) -> None:
        self._span_s = span_s
        self._times: deque[float] = deque(maxlen=most)

    def spend(self, now_s: float) -> bool:
        """False for what is one too many; that is not counted."""
        if len(self._times) == self._times.maxlen and now_s - self._times[0] < self._span_s:
            return False
        self._times.append(now_s)
        return True


class Sockets:
    """All connections; the rules hold for each."""

    def __init__(self, rules: SocketRules, way_in: Way, way_out: Way) -> None:
        self._rules = rules
        self._way_in = way_in
        self._way_out = way_out
        self._open: dict[Outbox, None] = {}

    @asynccontextmanager
    async def open(self, request: web.Request, farewell: bytes = b"") -> AsyncIterator["Connection"]:
        """Serve the connection as long as the context lasts. `farewell` is sent as notice of its end."""
        socket = web.WebSocketResponse(autoping=False, compress=False, max_msg_size=MESSAGE_MAX_BYTES)
        await socket.prepare(request)
        async with Outbox(request, socket, way=self._way_out) as outbox:
            connection = Connection(socket, outbox, Lane(self._way_in))
            keeper = asyncio.create_task(self._keep(connection, farewell))
            self._open[outbox] = None
            try:
                yield connection
            finally:
                del self._open[outbox]
                keeper.cancel()
                await asyncio.wait([keeper])

    def cut(self) -> None:
        """Break every connection, without a farewell."""
        for outbox in tuple(self._open):
            outbox.abort()

    def close(self) -> None:
        for outbox in tuple(self._open):
            outbox.close(GOING_AWAY, "the venue stops")

    async def _keep(self, connection: "Connection", farewell: bytes) -> None:
        """Ping, miss the pong, and end the connection when its time is over."""
        loop, rules = asyncio.get_running_loop(), self._rules
        begun_s = connection.heard_s = loop.time()
        noticed = rules.notice_s >= rules.life_s
        pinged_s = begun_s
        while True:
            next_s = begun_s + (rules.life_s if noticed else rules.life_s - rules.notice_s)
            await asyncio.sleep(max(0.0, min(next_s, pinged_s + rules.ping_period_s) - loop.time()))
            now_s = loop.time()
            if not noticed:
                if noticed := now_s >= next_s:
                    connection.outbox.put(farewell)
            elif now_s >= next_s:
                connection.outbox.close(GOING_AWAY, "the connection has lived its life")
                return
            if now_s - connection.heard_s > rules.pong_wait_s:
                connection.outbox.abort()
                return
            if now_s >= pinged_s + rules.ping_period_s:
                pinged_s = now_s
                await connection.ping()


class Connection:
    """Reads what one client sends. Pongs keep it alive; pings are answered."""

    def __init__(self, socket: web.WebSocketResponse, outbox: Outbox, lane: Lane) -> None:
        self.socket = socket
        self.outbox = outbox
        self.heard_s = 0.0
        self._lane = lane
        self._loop = asyncio.get_running_loop()

    async def read(self, handle: Callable[[str], Any], count: Callable[[], None] = lambda: None) -> None:
        """Hand every text over, in order and as late as the network is, until the connection ends. `count` is called
        for every message of any kind."""
        async for message in self.socket:
            count()
            match message.type:
                case WSMsgType.PING:
                    await self.socket.pong(message.data)
                case WSMsgType.PONG:
                    self.heard_s = self._loop.time()
                case WSMsgType.TEXT if self._lane.is_off:
                    handle(message.data)
                case WSMsgType.TEXT:
                    self._loop.call_at(self._lane.due_s(self._loop.time()), self._hand_over, handle, message.data)

    def _hand_over(self, handle: Callable[[str], Any], text: str) -> None:
        if not self.outbox.dropped:
            handle(text)

    async def ping(self) -> None:
        try:
            await self.socket.ping()
        except ConnectionError:
            self.outbox.abort()
