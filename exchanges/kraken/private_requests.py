"""In what order ccxt's signed requests go to Kraken, and how many: of two that overtake each other the later nonce bars
the earlier, and past a counter of calls the venue refuses.

An order waits for orders only: what it bars is a look, which is made again. A look waits for all, and for room in the
counter. Cancels go another way, which knows neither nonces nor calls.
"""

import asyncio
from typing import Any

CALLS_MAX, CALLS_DECAY_PER_S = 20.0, 0.5
"""Of the tier that most accounts are in."""
LOOKS_SHARE = 0.9
"""Of that counter: the rest is left to those who share the key, as the guard does."""
PROMPT = ("AddOrder", "CancelOrder")
COSTS = {"AddOrder": 0.0, "CancelOrder": 0.0, "TradesHistory": 2.0}
"""What a call adds to the counter; all others add one."""
LOOK_BEGINS, LOOK_ROOM = "OpenOrders", 6.0
"""A look begins with all open orders, and only where there is room for the whole of it: broken off in its middle it
would take room from the next one for nothing, again and again."""
EXCEEDED = "EAPI:Rate limit exceeded"


class CallCounter:
    """The venue's, as far as we know it. It rises with every call and falls with time."""

    def __init__(self, limit: float = CALLS_MAX, decay_per_s: float = CALLS_DECAY_PER_S) -> None:
        self._limit, self._decay_per_s = limit, decay_per_s
        self._value = self._at_s = 0.0

    def spend(self, cost: float, now_s: float) -> None:
        self._value, self._at_s = self._at(now_s) + cost, now_s

    def fill(self, now_s: float) -> None:
        """The venue says that it is at its limit."""
        self._value, self._at_s = self._limit, now_s

    def wait_s(self, cost: float, now_s: float) -> float:
        """Until a look has room."""
        return max(0.0, self._at(now_s) + cost - self._limit * LOOKS_SHARE) / self._decay_per_s

    def _at(self, now_s: float) -> float:
        return max(0.0, self._value - max(0.0, now_s - self._at_s) * self._decay_per_s)


class PrivateRequests:
    """Takes hold of one exchange's way to send: a request is signed when its turn has come."""

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange
        self._send, self._nonce_of, self._nonce = exchange.fetch2, exchange.nonce, 0
        self._orders, self._looks = asyncio.Lock(), asyncio.Lock()
        self._counter = CallCounter()
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
            return await self._send(path, *rest)
        except Exception as error:
            if EXCEEDED in str(error):
                self._counter.fill(loop.time())
            raise
