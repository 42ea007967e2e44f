"""Kraken's counters, as far as we know them: they rise with what is asked, and fall with time. Pure.

One is of calls by REST; one of orders is there for every pair, whichever way they come ("Spot trading limits"). Figures
are of the tier that most accounts are in.
"""

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from ..order_bounds import OrderBounds
from ..venue import PlaceAnswered, VenueWord

CALLS_MAX, CALLS_DECAY_PER_S = 20.0, 0.5
LOOKS_SHARE = 0.9
"""Of the counter of calls: the rest is left to those who share the key, as the guard does."""
ORDERS_MAX, ORDERS_DECAY_PER_S = 125.0, 2.34
ORDERS_SHARE = 0.9
"""Of a pair's counter: the rest is left to cancels, which are never refused but raise it."""
CANCEL_COSTS = ((5.0, 8.0), (10.0, 6.0), (15.0, 5.0), (45.0, 4.0), (90.0, 2.0), (300.0, 1.0))
"""By the order's age in seconds below which it costs so much to cancel it."""
ORDERS_KNOWN = 20_000
OVER_MAX = CANCEL_COSTS[0][1]
"""As far past its limit as one cancel may raise it: what is counted of more would bar orders that the venue takes."""
EXCEEDED = "EOrder:Rate limit exceeded"


class Counter:
    """`share` of its limit is ours to fill."""

    def __init__(self, limit: float, decay_per_s: float, share: float) -> None:
        self._limit, self._decay_per_s, self._share = limit, decay_per_s, share
        self._value = self._at_s = 0.0

    def spend(self, cost: float, now_s: float) -> None:
        self._value, self._at_s = min(self._at(now_s) + cost, self._limit + OVER_MAX), now_s

    def fill(self, now_s: float) -> None:
        """The venue says that it is at its limit."""
        self._value, self._at_s = max(self._at(now_s), self._limit), now_s

    def wait_s(self, cost: float, now_s: float) -> float:
        """Until there is room for so much."""
        return max(0.0, self._at(now_s) + cost - self._limit * self._share) / self._decay_per_s

    def _at(self, now_s: float) -> float:
        return max(0.0, self._value - max(0.0, now_s - self._at_s) * self._decay_per_s)


class _Sent(NamedTuple):
    symbol: str
    at_s: float


class OrderCounters(OrderBounds):
    """`now_s` is monotonic."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._counters: dict[str, Counter] = {}
        self._sent: OrderedDict[str, _Sent] = OrderedDict()
        """The latest orders: a cancel costs by their age."""

    def refuse(self, symbol: str) -> str:
        wait_s = self._of(symbol).wait_s(1.0, self._now_s())
        return f"the venue's counter of orders of {symbol} has no room for {wait_s:.1f} s" if wait_s else ""

    def placed(self, client_id: str, symbol: str) -> None:
        now_s = self._now_s()
        self._of(symbol).spend(1.0, now_s)
        self._sent[client_id] = _Sent(symbol, now_s)
        if len(self._sent) > ORDERS_KNOWN:
            self._sent.popitem(last=False)

    def cancelled(self, client_id: str, symbol: str) -> None:
        """Once of each order, and of one that is not known nothing: it is of an earlier process, and old."""
        if (sent := self._sent.get(client_id)) is None:
            return
        now_s = self._now_s()
        age_s = now_s - sent.at_s
        self._of(symbol).spend(next((cost for below_s, cost in CANCEL_COSTS if age_s < below_s), 0.0), now_s)
        self._sent[client_id] = sent._replace(at_s=-math.inf)

    def hear(self, word: VenueWord) -> None:
        if not isinstance(word, PlaceAnswered) or EXCEEDED not in word.reason:
            return
        if (sent := self._sent.get(word.client_id)) is not None:
            self._of(sent.symbol).fill(self._now_s())

    def _of(self, symbol: str) -> Counter:
        return self._counters.setdefault(symbol, Counter(ORDERS_MAX, ORDERS_DECAY_PER_S, ORDERS_SHARE))
