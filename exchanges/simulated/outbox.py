"""What one WebSocket client is still to be sent: a bounded queue and the task that writes it."""

import asyncio
import logging
from types import TracebackType

from aiohttp import WSMsgType, web

QUEUE_MAX = 10_000

log = logging.getLogger(__name__)


class Outbox:
    """Frames leave in the order they were put. A client that falls `QUEUE_MAX` frames behind is disconnected.

    Used as an async context around the connection's reading loop: the writer lives exactly as long.
    """

    def __init__(self, request: web.Request, socket: web.WebSocketResponse, limit: int = QUEUE_MAX) -> None:
        self._request = request
        self._socket = socket
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(limit)
        self.dropped = False

    def put(self, payload: bytes) -> None:
        """Queue one text frame; never blocks."""
        if self.dropped:
            return
        try:
            self._queue.put_nowait(payload)
        except asyncio.QueueFull:
            log.warning("disconnected a client that is %d frames behind", self._queue.maxsize)
            self.abort()

    def abort(self) -> None:
        """Cut the connection, at once and without a farewell."""
        self.dropped = True
        if self._request.transport is not None:
            self._request.transport.abort()

    async def __aenter__(self) -> "Outbox":
        self._writer = asyncio.create_task(self._write())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.dropped = True
        self._writer.cancel()
        await asyncio.wait([self._writer])
        if not self._writer.cancelled():
            self._writer.result()

    async def _write(self) -> None:
        try:
            while True:
                await self._socket.send_frame(await self._queue.get(), WSMsgType.TEXT)
        except ConnectionError:
            # The client left: the reading loop sees it, too, and ends the connection.
            self.dropped = True
        except Exception:
            self.abort()
            raise
