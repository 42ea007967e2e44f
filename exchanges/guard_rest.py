"""The guard's own way to a venue over REST, with no code of the executor's client: the part that is no one venue's.

The HTTP client sends a GET or DELETE once more where a kept connection turns out to be broken. Both may come twice: ids
are never used again, so the second cancel of an order finds nothing, which is its answer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import aiohttp
from msgspec.structs import replace

from ..trading.guard_events import CancelDone, GuardFailed, GuardWord, OpenOrder, OpenOrdersSeen
from .tasks import PortBroke, TaskSet

REQUEST_TIMEOUT_S = 1.0
REQUESTS_LIMIT = 32
"""Requests under way at once; one more fails before it is sent."""
BODY_MAX_BYTES = 32 << 20
"""A longer answer is refused: 10,000 open orders take 5 MB."""


class GuardPort(Protocol):
    """The guard's way to one account. Never waits and never raises: every request is answered through `deliver`
    within `REQUEST_TIMEOUT_S`, by what it asked for or by `GuardFailed`."""

    def open(self, deliver: Callable[[GuardWord | PortBroke], object]) -> None: ...

    def look(self, number: int) -> None:
        """The account's open orders, as `OpenOrdersSeen`; one in a symbol that is not ours may be seen 15 s late."""

    def cancel(self, order: OpenOrder) -> None:
        """`CancelDone` where the venue says that it is not open, cancelled by this or not."""

    def close(self) -> None:
        """Drop the connection; requests under way stay unanswered."""


class GuardRefused(Exception):
    """The venue's own word that it did not do it."""

    def __init__(self, status: int, code: int | str, text: str, retry_s: float) -> None:
        super().__init__(f"the venue refused with HTTP {status}, code {code}: {text[:200]}")
        self.code = code
        self.retry_s = retry_s


class RestGuard:
    """A `GuardPort` of one account, on a session of its own that `open_session` makes in the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, open_session: Callable[[], aiohttp.ClientSession]) -> None:
        self._open_session = open_session
        self._tasks = TaskSet(loop)
        self._closing = TaskSet(loop)
        self._session: aiohttp.ClientSession | None = None
        self._deliver: Callable[[GuardWord | PortBroke], object] = lambda _: None

    def open(self, deliver: Callable[[GuardWord | PortBroke], object]) -> None:
        self.close()
        self._deliver = self._tasks.broke = self._closing.broke = deliver

    def close(self) -> None:
        self._tasks.cancel()
        self._drop(self._session)

    def look(self, number: int) -> None:
        self._run(lambda: self._look(number), GuardFailed("", number=number))

    def cancel(self, order: OpenOrder) -> None:
        self._run(lambda: self._cancel(order), GuardFailed("", venue_id=order.venue_id))

    def _run(self, request: Callable[[], Awaitable[GuardWord]], failed: GuardFailed) -> None:
        if len(self._tasks) >= REQUESTS_LIMIT:
            self._deliver(replace(failed, reason=f"{REQUESTS_LIMIT} requests are under way"))
            return
        self._tasks.run(self._answer(request, failed))

    async def _answer(self, request: Callable[[], Awaitable[GuardWord]], failed: GuardFailed) -> None:
        """Whatever happens to a request becomes a word."""
        if self._session is None:
            self._session = self._open_session()
        session = self._session
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                word = await request()
        except GuardRefused as error:
            word = replace(failed, reason=str(error), retry_s=error.retry_s)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            self._drop(session)  # the next request begins with a new connection
            word = replace(failed, reason=f"{type(error).__name__}: {error}"[:300])
        self._deliver(word)

    async def _look(self, number: int) -> OpenOrdersSeen:
        """Raises GuardRefused, aiohttp's errors, OSError or ValueError."""
        raise NotImplementedError

    async def _cancel(self, order: OpenOrder) -> CancelDone:
        """Raises as `_look` does."""
        raise NotImplementedError

    def _drop(self, session: aiohttp.ClientSession | None) -> None:
        if session is not None:
            self._closing.run(session.close())
        if session is self._session:
            self._session = None


async def read_body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > BODY_MAX_BYTES:
            raise ValueError(f"the venue's answer is longer than {BODY_MAX_BYTES} bytes")
    return bytes(body)
