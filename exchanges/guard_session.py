"""The guard's own way to the venue: what it needs of Binance's signed REST, and no code of the executor's client.

A fault in the executor's way to the venue must not be in the guard's, too.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import urlencode

import aiohttp
import msgspec
from msgspec.structs import replace

from ..kernel.clock import Clock
from ..trading.guard_events import CancelDone, GuardFailed, GuardWord, OpenOrder, OpenOrdersSeen
from .limit_windows import WEIGHT
from .rate_budget import RateBudget
from .tasks import PortBroke, TaskSet

BASE_URL = "https://api.binance.com"
REQUEST_TIMEOUT_S = 1.0
RECEIVE_WINDOW_MS = 2_000
REQUESTS_LIMIT = 32
"""Requests under way at once; one more fails before it is sent."""
BODY_MAX_BYTES = 32 << 20
"""A longer answer is refused: 10,000 open orders take 5 MB."""
ALL_WEIGHT, SYMBOL_WEIGHT = 80, 6
"""Of Binance's 6,000 a minute: what a look at the open orders of all symbols takes, and one at those of a symbol."""
ALL_EVERY_S = 15.0
"""Between looks at all symbols, where looks at ours alone take less."""
TIME_REFUSED = -1021
"""Binance's code where the timestamp is outside of the receive window."""
USED_WEIGHT = "X-MBX-USED-WEIGHT-1M"
NOT_OPEN = -2011
"""Binance's code where there is no such open order to cancel."""


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


class _Order(msgspec.Struct, frozen=True, rename="camel"):
    symbol: str
    order_id: int
    client_order_id: str
    type: str


class _Refusal(msgspec.Struct, frozen=True):
    code: int
    msg: str


class _Time(msgspec.Struct, frozen=True, rename="camel"):
    server_time: int


class _Refused(Exception):
    """The venue's own word that it did not do it."""

    def __init__(self, status: int, code: int, text: str, retry_s: float) -> None:
        super().__init__(f"the venue refused with HTTP {status}, code {code}: {text[:200]}")
        self.code = code
        self.retry_s = retry_s


_decode_orders = msgspec.json.Decoder(tuple[_Order, ...]).decode
_decode_order = msgspec.json.Decoder(_Order).decode
_decode_refusal = msgspec.json.Decoder(_Refusal).decode
_decode_time = msgspec.json.Decoder(_Time).decode


class BinanceGuard:
    """One account at Binance spot, on a session of its own that `open_session` makes in the loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        api_key: str,
        api_secret: str,
        open_session: Callable[[], aiohttp.ClientSession],
        symbols: tuple[str, ...] = (),
        budget: RateBudget | None = None,
    ) -> None:
        """`symbols`, as Binance spells them, are looked at each by itself where that takes less; without them all are
        every time. What it asks counts in `budget`, and waits for nothing there: there is little, and it must be."""
        self._budget = budget or RateBudget()
        self._clock = clock
        self._headers = {"X-MBX-APIKEY": api_key}
        self._secret = api_secret.encode()
        self._open_session = open_session
        self._symbols = symbols if len(symbols) * SYMBOL_WEIGHT < ALL_WEIGHT else ()
        self._all_seen_ns: int | None = None
        self._tasks = TaskSet(loop)
        self._closing = TaskSet(loop)
        self._session: aiohttp.ClientSession | None = None
        self._ahead_ms = 0
        """How far the venue's clock is ahead of ours, as learnt when it refused ours."""
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
        except _Refused as error:
            word = replace(failed, reason=str(error), retry_s=error.retry_s)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            self._drop(session)  # the next request begins with a new connection
            word = replace(failed, reason=f"{type(error).__name__}: {error}"[:300])
        self._deliver(word)

    async def _look(self, number: int) -> OpenOrdersSeen:
        rows = await self._open_orders()
        return OpenOrdersSeen(
            number, tuple(OpenOrder(row.symbol, str(row.order_id), row.client_order_id, row.type) for row in rows)
        )

    async def _open_orders(self) -> list[_Order]:
        now_ns, seen_ns = self._clock.monotonic_ns(), self._all_seen_ns
        if self._symbols and seen_ns is not None and now_ns - seen_ns < ALL_EVERY_S * 1e9:
            found = await asyncio.gather(*(self._open_orders_of({"symbol": symbol}) for symbol in self._symbols))
            return [order for orders in found for order in orders]
        orders = await self._open_orders_of({})
        self._all_seen_ns = now_ns
        return [*orders]

    async def _open_orders_of(self, params: dict[str, str]) -> tuple[_Order, ...]:
        return _decode_orders(await self._signed("GET", "/api/v3/openOrders", params))

    async def _cancel(self, order: OpenOrder) -> CancelDone:
        params = {"symbol": order.symbol, "orderId": order.venue_id}
        try:
            _decode_order(await self._signed("DELETE", "/api/v3/order", params))
        except _Refused as error:
            if error.code != NOT_OPEN:
                raise
        return CancelDone(order.venue_id)

    async def _signed(self, method: str, path: str, params: dict[str, str]) -> bytes:
        """Parameters of letters and digits only: nothing on the way spells them anew, so what is sent is signed."""
        stamp_ms = self._clock.now_ns() // 1_000_000 + self._ahead_ms
        query = urlencode({**params, "recvWindow": RECEIVE_WINDOW_MS, "timestamp": stamp_ms})
        signature = hmac.new(self._secret, query.encode(), hashlib.sha256).hexdigest()
        try:
            return await self._request(method, f"{path}?{query}&signature={signature}")
        except _Refused as error:
            if error.code == TIME_REFUSED:
                await self._learn_time()
            raise

    async def _learn_time(self) -> None:
        """A clock that is off must not keep the guard from its work."""
        venue_ms = _decode_time(await self._request("GET", "/api/v3/time")).server_time
        self._ahead_ms = venue_ms - self._clock.now_ns() // 1_000_000

    async def _request(self, method: str, target: str) -> bytes:
        assert self._session is not None, "a request has its session"
        now_ns = self._clock.now_ns()
        self._budget.spend("cancel", _weight(target), now_ns)
        async with self._session.request(
            method, BASE_URL + target, headers=self._headers, allow_redirects=False
        ) as response:
            body = await _read(response)
            used = response.headers.get(USED_WEIGHT, "")
        if used.isdecimal():
            self._budget.note(WEIGHT, 60, int(used), now_ns)
        if response.status == 200:
            return body
        raise _refusal(response.status, response.headers.get("Retry-After", ""), body)

    def _drop(self, session: aiohttp.ClientSession | None) -> None:
        if session is not None:
            self._closing.run(session.close())
        if session is self._session:
            self._session = None


def _weight(target: str) -> int:
    if not target.startswith("/api/v3/openOrders"):
        return 1
    return SYMBOL_WEIGHT if "symbol=" in target else ALL_WEIGHT


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > BODY_MAX_BYTES:
            raise ValueError(f"the venue's answer is longer than {BODY_MAX_BYTES} bytes")
    return bytes(body)


def _refusal(status: int, retry_after: str, body: bytes) -> _Refused:
    """Also an answer that is not the venue's own form proves that nothing was done for us; what it proves otherwise
    the next look shows."""
    retry_s = float(retry_after) if retry_after.isdecimal() else 0.0
    try:
        refusal = _decode_refusal(body)
    except msgspec.MsgspecError:
        return _Refused(status, 0, body.decode(errors="replace"), retry_s)
    return _Refused(status, refusal.code, refusal.msg, retry_s)
