"""How much one key may ask: a counter of calls, and one of orders for each pair; both rise with use and fall with time.

The figures are those of the highest tier (Spot REST rate limits, Spot trading engine limits).
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from ..orders import Order
from .errors import CALLS_EXCEEDED, LOCKED_OUT, ORDERS_EXCEEDED, Refused

Costs = tuple[tuple[float, float], ...]
"""By the age of an order in seconds, since it was placed or amended, below which something done to it costs so much."""
CANCEL_COSTS: Costs = ((5.0, 8.0), (10.0, 6.0), (15.0, 5.0), (45.0, 4.0), (90.0, 2.0), (300.0, 1.0))
AMEND_COSTS: Costs = ((5.0, 3.0), (10.0, 2.0), (15.0, 1.0))
EDIT_COSTS: Costs = ((5.0, 6.0), (10.0, 5.0), (15.0, 4.0), (45.0, 2.0), (90.0, 1.0))
AMENDED_KEPT = 10_000


class Limits(NamedTuple):
    calls: float = 20.0
    calls_decay_per_s: float = 1.0
    orders: float = 180.0
    orders_decay_per_s: float = 3.75


UNLIMITED = Limits(1e9, 1e9, 1e9, 1e9)


class Counter:
    """Falls to no less than zero."""

    def __init__(self, limit: float, decay_per_s: float, refusal: str) -> None:
        self._limit, self._decay_per_s, self._refusal = limit, decay_per_s, refusal
        self._value, self._at_ns = 0.0, 0

    def spend(self, cost: float, now_ns: int, *, anyway: bool = False) -> None:
        """Raises Refused past the limit, and then nothing is spent; `anyway` it is spent all the same."""
        elapsed_s = max(0, now_ns - self._at_ns) / 1e9
        self._value, self._at_ns = max(0.0, self._value - elapsed_s * self._decay_per_s), now_ns
        if self._value + cost > self._limit and not anyway:
            raise Refused(self._refusal)
        self._value += cost


class RateLimiter:
    def __init__(self, limits: Limits, clock_ns: Callable[[], int]) -> None:
        self._limits, self._clock_ns = limits, clock_ns
        self._calls = Counter(limits.calls, limits.calls_decay_per_s, CALLS_EXCEEDED)
        self._orders: dict[str, Counter] = {}
        self._amended: OrderedDict[int, int] = OrderedDict()
        self._locked_until_ns = 0

    def lock_out(self, for_s: float) -> None:
        """Refuse everything for so long."""
        self._locked_until_ns = self._clock_ns() + round(for_s * 1e9)

    def admit(self) -> None:
        """Raises Refused while locked out."""
        if self._clock_ns() < self._locked_until_ns:
            raise Refused(LOCKED_OUT)

    def call(self, cost: float) -> None:
        """Raises Refused."""
        if cost:
            self._calls.spend(cost, self._clock_ns())

    def place(self, symbol: str, cost: float = 1.0) -> None:
        """Raises Refused."""
        self._counter(symbol).spend(cost, self._clock_ns())

    def change(self, order: Order, costs: Costs, now_ms: int) -> None:
        """The order is to be amended, or edited. Raises Refused."""
        self.place(order.symbol, 1.0 + self._by_age(order, costs, now_ms))

    def amended(self, order: Order, now_ms: int) -> None:
        """From now on it is young again."""
        self._amended[order.order_id] = now_ms
        if len(self._amended) > AMENDED_KEPT:
            self._amended.popitem(last=False)

    def cancelled(self, order: Order, now_ms: int) -> None:
        """What a cancel costs; it is never refused for it, what is placed afterwards may be."""
        cost = self._by_age(order, CANCEL_COSTS, now_ms)
        self._counter(order.symbol).spend(cost, self._clock_ns(), anyway=True)

    def _by_age(self, order: Order, costs: Costs, now_ms: int) -> float:
        age_s = (now_ms - max(order.created_ms, self._amended.get(order.order_id, 0))) / 1_000
        return next((cost for below_s, cost in costs if age_s < below_s), 0.0)

    def _counter(self, symbol: str) -> Counter:
        limits = self._limits
        return self._orders.setdefault(symbol, Counter(limits.orders, limits.orders_decay_per_s, ORDERS_EXCEEDED))
