"""In what order ccxt's signed requests go to Kraken, and how many: of two that overtake each other the later nonce bars
the earlier, and past a counter of calls the venue refuses.

An order waits for orders only: what it bars is a look, which is made again. A look waits for all, and for room in the
counter. Where the WebSocket for orders is open they go that way, which knows neither nonces nor calls.
"""

import asyncio
from typing import Any

from ..venue import REQUEST_TIMEOUT_S
from .counters import CALLS_DECAY_PER_S, CALLS_MAX, LOOKS_SHARE, Counter

PROMPT = ("AddOrder", "CancelOrder")
COSTS = {"AddOrder": 0.0, "CancelOrder": 0.0, "TradesHistory": 2.0}
"""What a call adds to the counter; all others add one."""
LOOK_BEGINS, LOOK_ROOM = "OpenOrders", 6.0
"""A look begins with all open orders, and only where there is room for the whole of it: broken off in its middle it
would take room from the next one for nothing, again and again."""
EXCEEDED = "EAPI:Rate limit exceeded"


class PrivateRequests:
    """Takes hold of one exchange's way to send: a request is signed when its turn has come."""

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange
        self._send, self._nonce_of, self._nonce = exchange.fetch2, exchange.nonce, 0
        self._orders, self._looks = asyncio.Lock(), asyncio.Lock()
        self._counter = Counter(CALLS_MAX, CALLS_DECAY_PER_S, LOOKS_SHARE)
        exchange.fetch2, exchange.nonce = self._fetch, self._next_nonce

    def _next_nonce(self) -> int:
        """No two alike, however fast one follows the other."""
        self._nonce = max(self._nonce + 1, int(self._nonce_of()))
        return self._nonce

    async def _fetch(self, path: str, api: Any = "public", method: str = "GET", params: Any = (), *rest: Any) -> Any:
        request = (path, api, method, params, *rest)
        if "private" not in api:
            return await self._send(*request)
        if path in PROMPT:
            async with self._orders:
                return await self._call(*request)
        async with self._looks:
            room = LOOK_ROOM if path == LOOK_BEGINS and not params else COSTS.get(path, 1.0)
            await asyncio.sleep(self._counter.wait_s(room, asyncio.get_running_loop().time()))
            async with self._orders:
                pass  # no order is on its way
            return await self._call(*request)

    async def _call(self, path: str, *rest: Any) -> Any:
        loop = asyncio.get_running_loop()
        self._counter.spend(COSTS.get(path, 1.0), loop.time())
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):  # of the request: its turn may take longer
                return await self._send(path, *rest)
        except Exception as error:
            if EXCEEDED in str(error):
                self._counter.fill(loop.time())
            raise
