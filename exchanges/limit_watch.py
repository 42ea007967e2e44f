"""Hears what a venue's answers say of its limits, and says in time that we come near them."""

from collections.abc import Callable
from typing import Any

import ccxt

from ..kernel.clock import Clock
from .binance.account import ALL_OPEN_ORDERS_WEIGHT, OPEN_ORDERS_WEIGHT
from .binance.order_wire import Answer, limited_until_ms
from .ccxt_limits import ORDERS_LIMITED, header_of, limited
from .limit_windows import WEIGHT
from .rate_budget import SECONDS, RateBudget, Use
from .retry_after import pause_until, read_retry_after
from .venue import EvidenceAsked, RateLimited, VenueWord

USED_WEIGHT = "x-mbx-used-weight-1m"
ORDER_WEIGHT = 1
FIND_WEIGHT, FINDS_MAX = 4, 100
"""Of more than so many orders a look finds the rest when it goes on."""


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
        if until_ns := self._budget.paused_until_ns(use, now_ns):
            self._warn()  # another process may have been told
            return f"the venue refuses us for {(until_ns - now_ns) / 1e9:.1f} s more"
        if until_ns := self._budget.wait_until_ns(use, weight, now_ns):
            share = self._budget.used_share(now_ns)
            return f"{share:.0%} of what the venue lets us ask is used, for {(until_ns - now_ns) / 1e9:.1f} s more"
        return ""

    def pause_s(self) -> float:
        """How long the venue is to be left alone by all."""
        return self._budget.pause_s("market", self._clock.now_ns())

    def spend(self, use: Use, weight: int = ORDER_WEIGHT) -> None:
        self._budget.spend(use, weight, self._clock.now_ns())

    def hear_headers(self, exchange: Any) -> None:
        """After an answer by REST."""
        used = header_of(exchange, USED_WEIGHT)
        if used.isdecimal():
            self._budget.note(WEIGHT, 60, int(used), self._clock.now_ns())
            self._warn()

    def hear_error(self, exchange: Any, error: Exception) -> None:
        now_ns = self._clock.now_ns()
        if (word := limited(exchange, error, now_ns)) is not None:
            if isinstance(error, ccxt.DDoSProtection):  # of this address, not of some of its requests
                self._pause(word, now_ns, orders=ORDERS_LIMITED in str(error))
            self._deliver(word)

    def hear_refusal(self, retry_after: str, reason: str) -> None:
        """The venue refuses all that we ask for so long, as the header says it; empty where it does not."""
        now_ns = self._clock.now_ns()
        pause = read_retry_after(retry_after, now_ns)
        word = RateLimited(now_ns + round(pause.wait_s * 1e9), reason, pause.doubt)
        self._pause(word, now_ns, orders=False)
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
        if answer.error is not None and (until_ms := limited_until_ms(answer)) is not None:
            pause = pause_until(until_ms, now_ns)
            word = RateLimited(now_ns + round(pause.wait_s * 1e9), "the venue limits our requests", pause.doubt)
            self._pause(word, now_ns, orders=answer.error.code == int(ORDERS_LIMITED))
            self._deliver(word)

    def _pause(self, word: RateLimited, now_ns: int, *, orders: bool) -> None:
        self._budget.pause(word.until_ns, now_ns, orders=orders)
        self._told_ns = self._budget.wait_until_ns("order", ORDER_WEIGHT, now_ns)

    def _warn(self) -> None:
        now_ns = self._clock.now_ns()
        until_ns = self._budget.wait_until_ns("order", ORDER_WEIGHT, now_ns)
        if until_ns and until_ns != self._told_ns:
            self._told_ns = until_ns
            paused = bool(self._budget.paused_until_ns("order", now_ns))
            share = f"{self._budget.used_share(now_ns):.0%} of the venue's limit is used"
            self._deliver(RateLimited(until_ns, "the venue refuses us" if paused else share))


def look_weight(request: EvidenceAsked) -> int:
    """At least, of Binance's REST: the time, open orders, trades of some symbols, and the account;
    `open_ids` are the orders that have to be found one by one."""
    orders = min(OPEN_ORDERS_WEIGHT * len(request.symbols), ALL_OPEN_ORDERS_WEIGHT)
    finds = FIND_WEIGHT * min(len(request.open_ids), FINDS_MAX)
    return 1 + orders + finds + 20 * len(request.trades_of) + 20
