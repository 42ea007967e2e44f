"""What a venue says of itself: its clock, and that it limits us."""

import asyncio
from typing import Any

import ccxt
import pytest
from msgspec.structs import replace

from tradigrade.exchanges.ccxt_limits import compare_clocks, limited
from tradigrade.exchanges.retry_after import PAUSE_DEFAULT_S, PAUSE_DOUBTED_S
from tradigrade.exchanges.venue import RateLimited
from tradigrade.exchanges.venue_clock import VenueClock
from tradigrade.kernel.clock import ManualClock

NOW_NS = 1_700_000_000_000_000_000


class Exchange:
    def __init__(self, clock: ManualClock, venue_ms: Any = None, took_s: float = 0.0) -> None:
        self.clock, self.venue_ms, self.took_s = clock, venue_ms, took_s
        self.last_response_headers: dict[str, str] = {}
        self.options: dict[str, Any] = {}

    async def fetch_time(self) -> Any:
        self.clock.advance(self.took_s)
        return self.venue_ms


@pytest.mark.parametrize(
    ("ahead_ms", "took_s", "offset_s"),
    [(0, 0.0, 0.0), (700, 0.0, 0.7), (-700, 0.0, -0.7), (700, 0.4, 0.3), (-700, 0.4, -0.7), (300, 0.4, 0.0)],
)
def test_only_what_the_way_there_and_back_does_not_account_for_is_an_offset(
    ahead_ms: int, took_s: float, offset_s: float
) -> None:
    asked_ms = NOW_NS // 1_000_000
    found = VenueClock(ManualClock()).note(asked_ms + ahead_ms, NOW_NS, round(took_s * 1e9))
    assert found == pytest.approx(offset_s, abs=1e-6)


def test_a_venue_is_asked_for_its_time() -> None:
    clock = ManualClock()
    venue_ms = clock.now_ns() // 1_000_000 + 2_000
    venue_clock, exchange = VenueClock(clock), Exchange(clock, venue_ms, 0.2)
    word = asyncio.run(compare_clocks(exchange, venue_clock))
    assert word.offset_s == pytest.approx(1.8, abs=0.01)
    assert venue_clock.now_ns() - clock.now_ns() == pytest.approx(1.9e9, abs=2e6)
    assert exchange.options["timeDifference"] == pytest.approx(-1_900, abs=2)


def test_requests_carry_the_venues_time_while_ours_is_off_drifts_and_is_set() -> None:
    clock = ManualClock()
    venue_clock = VenueClock(clock)
    wrong_ns = -1_520_000_000
    for _ in range(200):
        wrong_ns += 300_000  # 60 ppm over 5 s
        clock.advance(5.0)
        asked_ns, true_ns = clock.now_ns(), clock.now_ns() - wrong_ns
        venue_clock.note(true_ns // 1_000_000 + 10, asked_ns, 20_000_000)
        assert abs(venue_clock.now_ns() - (clock.now_ns() - wrong_ns)) < 12_000_000
    venue_clock.note(clock.now_ns() // 1_000_000 + 10, clock.now_ns(), 20_000_000)
    assert venue_clock.offset_ns == 0, "a person set the clock right"


def test_a_slow_answer_does_not_blur_what_a_fast_one_told() -> None:
    clock = ManualClock()
    venue_clock = VenueClock(clock)
    now_ms = clock.now_ns() // 1_000_000
    venue_clock.note(now_ms + 1_500, clock.now_ns(), 10_000_000)
    told_ns = venue_clock.offset_ns
    venue_clock.note(now_ms + 2_300, clock.now_ns(), 2_000_000_000)
    assert venue_clock.offset_ns == told_ns


def test_a_venue_without_a_time_proves_nothing() -> None:
    clock = ManualClock()
    with pytest.raises(ValueError, match="tells no time"):
        asyncio.run(compare_clocks(Exchange(clock), VenueClock(clock)))


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [({"Retry-After": "7"}, 7.0), ({"retry-after": "soon"}, PAUSE_DOUBTED_S), ({}, PAUSE_DEFAULT_S)],
)
@pytest.mark.parametrize("kind", [ccxt.RateLimitExceeded, ccxt.DDoSProtection])
def test_a_refusal_for_asking_too_much_says_until_when(
    kind: type[Exception], headers: dict[str, str], wait_s: float
) -> None:
    exchange = Exchange(ManualClock())
    exchange.last_response_headers = headers
    word = limited(exchange, kind("429"), NOW_NS)
    assert word is not None
    assert replace(word, doubt="") == RateLimited(NOW_NS + round(wait_s * 1e9), f"{kind.__name__}: 429")
    assert bool(word.doubt) == (wait_s == PAUSE_DOUBTED_S)


def test_another_error_is_no_limit() -> None:
    assert limited(Exchange(ManualClock()), ccxt.RequestTimeout("no answer"), NOW_NS) is None
