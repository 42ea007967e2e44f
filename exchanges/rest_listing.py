"""A venue's listing over REST: the whole of it at first, then our symbols alone, for the whole is megabytes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import aiohttp
from msgspec.structs import replace

from ..kernel.clock import Clock
from ..trading.universe import Listing
from .listing import ListingArrived, ListingUnavailable, ListingWord
from .market_events import MalformedFrame
from .rate_budget import RateBudget
from .retry_after import read_retry_after
from .tasks import TaskSet

TIMEOUT_S = 10.0
WHOLE_EVERY_S = 3_600.0
"""While one of our symbols is not listed, the whole is asked for so often: it may have come back, under any name."""
SOME_MAX = 200
"""Symbols that an address names: a longer one may not pass."""
TOO_MUCH = (418, 429)

OpenSession = Callable[[], Awaitable[aiohttp.ClientSession]]


class ListingWay(NamedTuple):
    """How a venue is asked. `decode` raises `MalformedFrame` for an answer that is no listing."""

    url: str
    decode: Callable[[bytes], Listing]
    some: Callable[[tuple[str, ...]], str] | None = None
    """The URL that asks for these symbols alone; None where there is none."""
    refuses: Callable[[bytes], bool] = lambda _: False
    """Whether it is the answer to a name that is not listed."""
    weight: int = 0
    """What the venue counts for an answer, whole or not."""


class RestListing:
    """A `ListingPort`; words are delivered on the loop's thread."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        open_session: OpenSession,
        way: ListingWay,
        symbols: tuple[str, ...] = (),
        budget: RateBudget | None = None,
    ) -> None:
        """`budget` is shared with all who ask the venue from this address."""
        self._clock = clock
        self._open_session = open_session
        self._way = way
        self._symbols = symbols
        self._budget = budget or RateBudget()
        self._listed: tuple[str, ...] = ()
        """Of our symbols, by the last whole listing."""
        self._whole_ns = 0
        self._tasks = TaskSet(loop)

    def ask(self, deliver: Callable[[ListingWord], object]) -> None:
        self._tasks.broke = deliver
        self._tasks.run(self._fetch(deliver))

    def close(self) -> None:
        self._tasks.cancel()

    async def _fetch(self, deliver: Callable[[ListingWord], object]) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S), await self._open_session() as session:
                deliver(ListingArrived(await self._some(session) or await self._whole(session)))
        except (aiohttp.ClientError, TimeoutError, OSError, MalformedFrame) as error:
            deliver(ListingUnavailable(f"{type(error).__name__}: {error}"))

    async def _some(self, session: aiohttp.ClientSession) -> Listing | None:
        """Of our symbols alone; None where that is not enough."""
        age_s = (self._clock.monotonic_ns() - self._whole_ns) / 1e9
        waits = len(self._listed) == len(self._symbols) or age_s < WHOLE_EVERY_S
        if self._way.some is None or not 0 < len(self._listed) <= SOME_MAX or not waits:
            return None
        status, body = await self._get(session, self._way.some(self._listed))
        if status == 200:
            return replace(self._way.decode(body), whole=False)
        if self._way.refuses(body):
            return None
        raise aiohttp.ClientError(f"the venue answered {status}: {body[:120]!r}")

    async def _whole(self, session: aiohttp.ClientSession) -> Listing:
        status, body = await self._get(session, self._way.url)
        if status != 200:
            raise aiohttp.ClientError(f"the venue answered {status}: {body[:120]!r}")
        listing = self._way.decode(body)
        self._listed = tuple(symbol for symbol in self._symbols if symbol in listing.instruments)
        self._whole_ns = self._clock.monotonic_ns()
        return listing

    async def _get(self, session: aiohttp.ClientSession, url: str) -> tuple[int, bytes]:
        now_ns = self._clock.now_ns()
        if until_ns := self._budget.wait_until_ns("market", self._way.weight, now_ns):
            raise aiohttp.ClientError(f"not asked for {(until_ns - now_ns) / 1e9:.1f} s: the venue's limit is used")
        self._budget.spend("market", self._way.weight, now_ns)
        async with session.get(url) as answer:
            if answer.status in TOO_MUCH:
                pause = read_retry_after(answer.headers.get("Retry-After", ""), now_ns)
                self._budget.pause(now_ns + round(pause.wait_s * 1e9), now_ns)
            return answer.status, await answer.read()
