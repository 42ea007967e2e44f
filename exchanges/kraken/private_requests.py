"""In what order ccxt's signed requests go to Kraken, and how many: of two that overtake each other the later nonce bars
the earlier, and past a counter of calls the venue refuses.

An order waits for orders only: what it bars is a look, which is made again. A look waits for all, and for room in the
counter. Cancels go another way, which knows neither.
"""

import asyncio
from typing import Any

CALLS_MAX, CALLS_DECAY_PER_S = 20.0, 0.5
"""Of the tier that most accounts are in."""
LOOKS_SHARE = 0.75
"""Of that counter: the rest is left to those who share the key, as the guard does."""
ORDER = "AddOrder"
COSTS = {ORDER: 0.0, "CancelOrder": 0.0, "TradesHistory": 2.0}
"""What a call adds to the counter; all others add one."""
UNWAITING = (ORDER, "CancelOrder", "CancelAllOrdersAfter", "GetWebSocketsToken")
"""They wait for no room."""
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

    async def _fetch(self, path: str, api: Any = "public", *rest: Any, **more: Any) -> Any:
        if "private" not in api:
            return await self._send(path, api, *rest, **more)
        if path == ORDER:
            async with self._orders:
                return await self._call(path, api, *rest, **more)
        async with self._looks:
            await self._wait_for_room(path)
            async with self._orders:
                pass  # no order is on its way
            return await self._call(path, api, *rest, **more)

    async def _wait_for_room(self, path: str) -> None:
        loop, cost = asyncio.get_running_loop(), COSTS.get(path, 1.0)
        while path not in UNWAITING and (wait_s := self._counter.wait_s(cost, loop.time())) > 0:
            await asyncio.sleep(wait_s)

    async def _call(self, path: str, *rest: Any, **more: Any) -> Any:
        loop = asyncio.get_running_loop()
        self._counter.spend(COSTS.get(path, 1.0), loop.time())
        try:
            return await self._send(path, *rest, **more)
        except Exception as error:
            if EXCEEDED in str(error):
                self._counter.fill(loop.time())
            raise
