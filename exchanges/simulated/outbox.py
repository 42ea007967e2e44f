"""What one WebSocket client is still to be sent: a bounded queue and the task that writes it."""

import asyncio
import logging
from types import TracebackType

from aiohttp import WSMsgType, web

from .latency import Lane, Latency, Way

QUEUE_MAX = 10_000
CLOSE_TIMEOUT_S = 1.0

log = logging.getLogger(__name__)


class Outbox:
    """Frames leave in the order they were put. A client that falls `QUEUE_MAX` frames behind is disconnected.

    Used as an async context around the connection's reading loop: the writer lives exactly as long.
    """

    def __init__(
        self, request: web.Request, socket: web.WebSocketResponse, limit: int = QUEUE_MAX, *, way: Way | None = None
    ) -> None:
        self._request = request
        self._socket = socket
        self._queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(limit)
        self._lane = Lane(way or Way(Latency(), "out"))
        self._loop = asyncio.get_running_loop()
        self._closing: asyncio.Task[bool] | None = None
        self.dropped = False

    def put(self, payload: bytes, after_s: float = 0.0) -> None:
        """Queue one text frame, now or later; never blocks."""
        if after_s:
            self._loop.call_later(after_s, self.put, payload)
            return
        if self.dropped:
            return
        due_s = 0.0 if self._lane.is_off else self._lane.due_s(self._loop.time())
        try:
            self._queue.put_nowait((due_s, payload))
        except asyncio.QueueFull:
            log.warning("disconnected a client that is %d frames behind", self._queue.maxsize)
            self.abort()

    def abort(self) -> None:
        """Cut the connection, at once and without a farewell."""
        self.dropped = True
        if self._request.transport is not None:
            self._request.transport.abort()

    def close(self, code: int, reason: str) -> None:
        """End the connection with a farewell; what is still queued is lost."""
        if not self.dropped:
            self.dropped = True
            self._closing = self._loop.create_task(self._socket.close(code=code, message=reason.encode()))

    async def __aenter__(self) -> "Outbox":
        self._writer = asyncio.create_task(self._write())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.dropped = True
        self._writer.cancel()
        await asyncio.wait([self._writer])
        if self._closing is not None:
            await asyncio.wait([self._closing], timeout=CLOSE_TIMEOUT_S)
        if not self._writer.cancelled():
            self._writer.result()

    async def _write(self) -> None:
        try:
            while True:
                due_s, payload = await self._queue.get()
                if (wait_s := due_s - self._loop.time()) > 0:
                    await asyncio.sleep(wait_s)
                await self._socket.send_frame(payload, WSMsgType.TEXT)
        except ConnectionError:
            # The client left: the reading loop sees it, too, and ends the connection.
            self.dropped = True
        except Exception:
            self.abort()
            raise
