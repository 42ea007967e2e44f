"""What a venue behind ccxt says of itself: how far its clock is from ours, and that we ask too much."""

from typing import Any

import ccxt

from .retry_after import read_retry_after
from .venue import ClockCompared, RateLimited
from .venue_clock import VenueClock

CLOCK_PERIOD_S = 5.0
ORDERS_LIMITED = "-1015"
"""Binance's code where it refuses orders alone."""
LIMITED = (ccxt.RateLimitExceeded, ccxt.DDoSProtection)
"""That we ask too much."""


async def compare_clocks(exchange: Any, clock: VenueClock, step_ms: int = 1, *, signs: bool = True) -> ClockCompared:
    """Ask the venue for its time, which it tells in such steps, and where requests are signed with it do so by it from
    then on. Raises what ccxt raises, and ValueError where the venue has none to tell."""
    asked_ns, asked_at = clock.now_ns() - clock.offset_ns, clock.monotonic_ns()
    venue_ms = await exchange.fetch_time()
    took_ns = clock.monotonic_ns() - asked_at
    if not isinstance(venue_ms, int):
        raise ValueError(f"the venue tells no time: {venue_ms!r}")
    step_ns = step_ms * 1_000_000 if step_ms > 1 else 0  # it told its time at some instant of the step that is shown
    proven_s = clock.note(venue_ms, asked_ns - step_ns, took_ns + step_ns)
    if signs:
        exchange.options["timeDifference"] = -clock.offset_ns // 1_000_000  # what ccxt takes off our time
    return ClockCompared(proven_s)


def limited(exchange: Any, error: Exception, now_ns: int) -> RateLimited | None:
    """The venue's word that we ask too much, and until when; None for every other error."""
    if not isinstance(error, LIMITED):
        return None
    pause = read_retry_after(header_of(exchange, "retry-after"), now_ns)
    return RateLimited(now_ns + round(pause.wait_s * 1e9), f"{type(error).__name__}: {error}"[:300], pause.doubt)


def header_of(exchange: Any, name: str) -> str:
    """Of the last answer by REST, by its name in lower case; empty where it has none."""
    headers = getattr(exchange, "last_response_headers", None) or {}
    return str(next((value for key, value in headers.items() if key.lower() == name), ""))
