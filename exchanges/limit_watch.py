"""Hears what a venue's answers say of its limits, and says in time that we come near them."""

from collections.abc import Callable
from typing import Any

from ..kernel.clock import Clock
from .binance.account import ALL_OPEN_ORDERS_WEIGHT, OPEN_ORDERS_WEIGHT
from .binance.order_wire import Answer, limited_until_ns
from .ccxt_limits import RETRY_AFTER_S, header_of, limited
from .limit_windows import WEIGHT
from .rate_budget import SECONDS, RateBudget, Use
from .venue import EvidenceAsked, RateLimited, VenueWord

USED_WEIGHT = "x-mbx-used-weight-1m"
ORDER_WEIGHT = 1


class LimitWatch:
    """The budget of one account, which others may share; `deliver` is told once an interval that only cancels have
    room left."""

    def __init__(self, clock: Clock, deliver: Callable[[VenueWord], object], budget: RateBudget | None = None) -> None:
        self._clock = clock
        self._deliver = deliver
        self._budget = budget or RateBudget()
        self._told_ns = 0

    def take(self, use: Use, weight: int = ORDER_WEIGHT) -> str:
        """Why a request may not be sent now; empty where it may, and then it counts as sent."""
        reason = self.refuse(use, weight)
        if not reason and use != "look":  # a look is many requests, whose answers say what each of them took
            self.spend(use, weight)
        return reason

    def refuse(self, use: Use, weight: int = ORDER_WEIGHT) -> str:
        """Why a request may not be sent now; whoever sends it says so by `spend`."""
        now_ns = self._clock.now_ns()
        if until_ns := self._budget.wait_until_ns(use, weight, now_ns):
            share = self._budget.used_share(now_ns)
            return f"{share:.0%} of what the venue lets us ask is used, for {(until_ns - now_ns) / 1e9:.1f} s more"
        return ""

    def spend(self, use: Use, weight: int = ORDER_WEIGHT) -> None:
        self._budget.spend(use, weight, self._clock.now_ns())

    def hear_headers(self, exchange: Any) -> None:
        """After an answer by REST."""
        used = header_of(exchange, USED_WEIGHT)
        if used.isdecimal():
            self._budget.note(WEIGHT, 60, int(used), self._clock.now_ns())
            self._warn()

    def hear_error(self, exchange: Any, error: Exception) -> None:
        if (word := limited(exchange, error, self._clock.now_ns())) is not None:
            self._deliver(word)

    def hear_answer(self, answer: Answer) -> None:
        """After an answer over the WebSocket API."""
        now_ns = self._clock.now_ns()
        for each in answer.rate_limits:
            if min(each.limit, each.interval_num) < 1 or each.count < 0:
                continue  # no limit that could be kept
            interval_s = SECONDS[each.interval] * each.interval_num
            self._budget.note(each.rate_limit_type, interval_s, each.count, now_ns, each.limit)
        self._warn()
        if (until_ns := limited_until_ns(answer)) is not None:
            until_ns = until_ns or now_ns + round(RETRY_AFTER_S * 1e9)
            self._deliver(RateLimited(until_ns, "the venue limits our requests"))

    def _warn(self) -> None:
        now_ns = self._clock.now_ns()
        until_ns = self._budget.wait_until_ns("order", ORDER_WEIGHT, now_ns)
        if until_ns and until_ns != self._told_ns:
            self._told_ns = until_ns
            self._deliver(RateLimited(until_ns, f"{self._budget.used_share(now_ns):.0%} of the venue's limit is used"))


def look_weight(request: EvidenceAsked) -> int:
    """At least, of Binance's REST: the time, open orders, trades of some symbols, and the account."""
    orders = min(OPEN_ORDERS_WEIGHT * len(request.symbols), ALL_OPEN_ORDERS_WEIGHT)
    return 1 + orders + 20 * len(request.trades_of) + 20
