"""A venue's listing as one answer over REST."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp

from ..trading.universe import Listing
from .listing import ListingArrived, ListingUnavailable, ListingWord
from .market_events import MalformedFrame
from .tasks import TaskSet

TIMEOUT_S = 10.0

OpenSession = Callable[[], Awaitable[aiohttp.ClientSession]]


class RestListing:
    """A `ListingPort`; words are delivered on the loop's thread."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, open_session: OpenSession, url: str, decode: Callable[[bytes], Listing]
    ) -> None:
        """`decode` raises `MalformedFrame` for an answer that is no listing."""
        self._open_session = open_session
        self._url = url
        self._decode = decode
        self._tasks = TaskSet(loop)

    def ask(self, deliver: Callable[[ListingWord], object]) -> None:
        self._tasks.broke = deliver
        self._tasks.run(self._fetch(deliver))

    def close(self) -> None:
        self._tasks.cancel()

    async def _fetch(self, deliver: Callable[[ListingWord], object]) -> None:
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                await self._open_session() as session,
                session.get(self._url) as answer,
            ):
                answer.raise_for_status()
                deliver(ListingArrived(self._decode(await answer.read())))
        except (aiohttp.ClientError, TimeoutError, OSError, MalformedFrame) as error:
            deliver(ListingUnavailable(f"{type(error).__name__}: {error}"))
