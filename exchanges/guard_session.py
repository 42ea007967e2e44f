"""The guard's own way to the venue: what it needs of Binance's signed REST, and no code of the executor's client.

A fault in the executor's way to the venue must not be in the guard's, too.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import urlencode

import aiohttp
import msgspec

from ..kernel.clock import Clock
from ..trading.guard_events import CancelDone, OpenOrder, OpenOrdersSeen
from .guard_rest import GuardRefused, RestGuard, read_body
from .limit_windows import WEIGHT
from .rate_budget import RateBudget
from .retry_after import read_retry_after

BASE_URL = "https://api.binance.com"
RECEIVE_WINDOW_MS = 2_000
ALL_WEIGHT, SYMBOL_WEIGHT = 80, 6
"""Of Binance's 6,000 a minute: what a look at the open orders of all symbols takes, and one at those of a symbol."""
ALL_EVERY_S = 15.0
"""Between looks at all symbols, where looks at ours alone take less."""
TIME_REFUSED = -1021
"""Binance's code where the timestamp is outside of the receive window."""
USED_WEIGHT = "X-MBX-USED-WEIGHT-1M"
LIMITED = (418, 429)
OTHERS_PAUSE_MAX_S = 60.0
"""Pauses that others were told are kept so long: then the guard asks by itself, for a fault of theirs must not keep it
from its work. What it is told itself it keeps to the end."""
NOT_OPEN = -2011
"""Binance's code where there is no such open order to cancel."""


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


_decode_orders = msgspec.json.Decoder(tuple[_Order, ...]).decode
_decode_order = msgspec.json.Decoder(_Order).decode
_decode_refusal = msgspec.json.Decoder(_Refusal).decode
_decode_time = msgspec.json.Decoder(_Time).decode


class BinanceGuard(RestGuard):
    """One account at Binance spot."""

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
        super().__init__(loop, open_session)
        self._symbols = symbols if len(symbols) * SYMBOL_WEIGHT < ALL_WEIGHT else ()
        self._all_seen_ns: int | None = None
        self._heeds_until_ns = self._own_until_ns = 0
        """By the monotonic clock: until when pauses that others were told are kept, and the one it was told itself."""
        self._ahead_ms = 0
        """How far the venue's clock is ahead of ours, as learnt when it refused ours."""

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
        except GuardRefused as error:
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
        except GuardRefused as error:
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
        if pause_s := self._pause_s(now_ns):
            raise GuardRefused(LIMITED[1], 0, f"not asked: it refuses us for {pause_s:.1f} s more", pause_s)
        self._budget.spend("cancel", _weight(target), now_ns)
        async with self._session.request(
            method, BASE_URL + target, headers=self._headers, allow_redirects=False
        ) as response:
            body = await read_body(response)
            used = response.headers.get(USED_WEIGHT, "")
        if used.isdecimal():
            self._budget.note(WEIGHT, 60, int(used), now_ns)
        if response.status == 200:
            return body
        refusal = _refusal(response.status, response.headers.get("Retry-After", ""), body, now_ns)
        if response.status in LIMITED:
            self._budget.pause(now_ns + round(refusal.retry_s * 1e9), now_ns)
            self._own_until_ns = self._clock.monotonic_ns() + round(refusal.retry_s * 1e9)
        raise refusal

    def _pause_s(self, now_ns: int) -> float:
        """How long the venue is left alone still."""
        monotonic_ns = self._clock.monotonic_ns()
        told_s = self._budget.pause_s("cancel", now_ns)
        if not told_s:
            self._heeds_until_ns = 0
        elif not self._heeds_until_ns:
            self._heeds_until_ns = monotonic_ns + round(OTHERS_PAUSE_MAX_S * 1e9)
        heeded_s, own_s = (
            max(0.0, (until_ns - monotonic_ns) / 1e9) for until_ns in (self._heeds_until_ns, self._own_until_ns)
        )
        return max(min(told_s, heeded_s), own_s)


def _weight(target: str) -> int:
    if not target.startswith("/api/v3/openOrders"):
        return 1
    return SYMBOL_WEIGHT if "symbol=" in target else ALL_WEIGHT


def _refusal(status: int, retry_after: str, body: bytes, now_ns: int) -> GuardRefused:
    """Also an answer that is not the venue's own form proves that nothing was done for us; what it proves otherwise
    the next look shows."""
    retry_s = read_retry_after(retry_after, now_ns).wait_s if status in LIMITED else 0.0
    try:
        refusal = _decode_refusal(body)
    except msgspec.MsgspecError:
        return GuardRefused(status, 0, body.decode(errors="replace"), retry_s)
    return GuardRefused(status, refusal.code, refusal.msg, retry_s)
