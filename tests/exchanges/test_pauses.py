"""A venue that refuses us is left alone by every process of this machine, for as long as it says and no absurd time."""

import subprocess
import sys
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import ccxt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradigrade.exchanges.binance.order_wire import Answer, Refusal, Retry
from tradigrade.exchanges.limit_watch import LimitWatch
from tradigrade.exchanges.limit_windows import ORDERS_PAUSE, PAUSE, SharedWindows, Window
from tradigrade.exchanges.rate_budget import SHARES, RateBudget, Use
from tradigrade.exchanges.retry_after import (
    PAUSE_DEFAULT_S,
    PAUSE_DOUBTED_S,
    PAUSE_MAX_S,
    PAUSE_MIN_S,
    pause_until,
    read_retry_after,
)
from tradigrade.exchanges.venue import RateLimited
from tradigrade.kernel.clock import ManualClock

S = 1_000_000_000
DAY_S = 86_400
NOW = 1_700_000_000 * S


def date(ahead_s: int) -> str:
    return format_datetime(datetime.fromtimestamp(NOW // S + ahead_s, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("text", "wait_s", "doubted"),
    [
        ("", PAUSE_DEFAULT_S, False),
        ("0", PAUSE_MIN_S, False),
        ("7", 7.0, False),
        (" 7.5 ", 7.5, False),
        (str(3 * DAY_S), 3.0 * DAY_S, False),
        (str(3 * DAY_S + 1), PAUSE_DOUBTED_S, True),
        (date(30), 30.0, False),
        (date(-5), PAUSE_MIN_S, False),
        (date(-DAY_S), PAUSE_DOUBTED_S, True),
        (date(5 * DAY_S), PAUSE_DOUBTED_S, True),
        ("-1", PAUSE_DOUBTED_S, True),
        ("nan", PAUSE_DOUBTED_S, True),
        ("inf", PAUSE_DOUBTED_S, True),
        ("1e308", PAUSE_DOUBTED_S, True),
        ("9" * 5_000, PAUSE_DOUBTED_S, True),
        ("٣", PAUSE_DOUBTED_S, True),
        ("soon", PAUSE_DOUBTED_S, True),
    ],
    ids=lambda value: str(value)[:20] if isinstance(value, str) else None,
)
def test_what_a_venue_says_of_when_to_come_again_is_kept_or_doubted(text: str, wait_s: float, doubted: bool) -> None:
    pause = read_retry_after(text, NOW)
    assert pause.wait_s == pytest.approx(wait_s, abs=1e-6)
    assert bool(pause.doubt) == doubted


@given(st.text(max_size=60) | st.from_regex(r"[-+0-9.eE]{1,40}", fullmatch=True), st.integers())
def test_no_word_of_a_venue_makes_an_unbounded_pause(text: str, until_ms: int) -> None:
    for pause in (read_retry_after(text, NOW), pause_until(until_ms, NOW)):
        assert PAUSE_MIN_S <= pause.wait_s <= PAUSE_MAX_S


@pytest.mark.parametrize(
    ("ahead_ms", "wait_s"),
    [(7_000, 7.0), (-1_500, PAUSE_MIN_S), (-3_600_000, PAUSE_DOUBTED_S), (10**15, PAUSE_DOUBTED_S)],
    ids=["ahead", "our clock is ahead", "long past", "far ahead"],
)
def test_an_end_that_the_venue_names_is_kept_or_doubted(ahead_ms: int, wait_s: float) -> None:
    assert pause_until(NOW // 10**6 + ahead_ms, NOW).wait_s == pytest.approx(wait_s)


def paused(budget: RateBudget, now_ns: int = NOW) -> set[Use]:
    return {use for use in SHARES if budget.wait_until_ns(use, 1, now_ns)}


def test_a_pause_that_one_process_was_told_every_other_keeps(tmp_path: Path) -> None:
    path = tmp_path / "limits"
    program = (
        "import sys, pathlib; from tradigrade.exchanges.limit_windows import SharedWindows; "
        "from tradigrade.exchanges.rate_budget import RateBudget; now = int(sys.argv[2]); "
        "RateBudget(windows=SharedWindows(pathlib.Path(sys.argv[1]))).pause(now + 7 * 10**9, now)"
    )
    budget = RateBudget(windows=SharedWindows(path))
    assert not paused(budget)
    subprocess.run([sys.executable, "-c", program, str(path), str(NOW)], check=True)
    assert paused(budget) == set(SHARES), "who goes on is banned, cancels too"
    assert budget.pause_s("cancel", NOW) == 7.0
    assert not paused(budget, NOW + 7 * S)
    assert budget.used_share(NOW) == 0.0, "it is no limit"


def test_a_pause_for_orders_keeps_back_nothing_else() -> None:
    budget = RateBudget()
    budget.pause(NOW + 5 * S, NOW, orders=True)
    assert paused(budget) == {"order"}


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    budget = RateBudget()
    budget.pause(NOW + 60 * S, NOW)
    budget.pause(NOW + 2 * S, NOW + S)
    budget.pause(NOW - S, NOW + S)
    assert budget.paused_until_ns("look", NOW + S) == NOW + 60 * S


def test_a_ban_of_three_days_is_kept_to_its_end_and_nothing_longer_is() -> None:
    budget = RateBudget()
    budget.pause(NOW + 3 * DAY_S * S, NOW)
    assert paused(budget, NOW + 3 * DAY_S * S - 1) == set(SHARES)
    budget.pause(NOW + 10**9 * S, NOW)
    assert not paused(budget, NOW + 3 * DAY_S * S)


@pytest.mark.parametrize(
    ("row", "holds"),
    [
        (Window(10, 1, NOW + 10 * S), True),
        (Window(10, 1, NOW + 60 * S), True),
        (Window(10, 1, NOW + DAY_S * S), False),
        (Window(10**9, 1, NOW + DAY_S * S), False),
        (Window(2**64 - 1, 1, 2**64 - 1), False),
    ],
    ids=["now", "a clock a little ahead", "a clock a day ahead", "no ban is so long", "damaged"],
)
@pytest.mark.parametrize("kind", [PAUSE, ORDERS_PAUSE])
def test_a_pause_that_nobody_can_have_been_told_silences_nobody(
    tmp_path: Path, kind: str, row: Window, holds: bool
) -> None:
    SharedWindows(tmp_path / "limits").put((kind, 1), row)
    assert bool(paused(RateBudget(windows=SharedWindows(tmp_path / "limits")))) == holds


class Exchange:
    def __init__(self, **headers: str) -> None:
        self.last_response_headers = headers


def watches(path: Path) -> tuple[LimitWatch, LimitWatch, list[Any]]:
    """Of two processes, and what the second is told."""
    told: list[Any] = []
    clock = ManualClock(NOW)
    one, other = (RateBudget(windows=SharedWindows(path)) for _ in range(2))
    return LimitWatch(clock, lambda _: None, one), LimitWatch(clock, told.append, other), told


def test_who_did_not_hear_it_itself_is_told_when_it_wants_to_ask(tmp_path: Path) -> None:
    one, other, told = watches(tmp_path / "limits")
    one.hear_error(Exchange(**{"Retry-After": "30"}), ccxt.DDoSProtection("binance 418 banned"))
    assert "refuses us for 30.0 s" in other.refuse("cancel")
    assert other.take("look")
    assert told == [RateLimited(NOW + 30 * S, "the venue refuses us")], "once"


@pytest.mark.parametrize(
    ("error", "kept_back"),
    [
        (ccxt.DDoSProtection('binance 429 {"code":-1003}'), set(SHARES)),
        (ccxt.DDoSProtection('binance 429 {"code":-1015,"msg":"Too many new orders."}'), {"order"}),
        (ccxt.RateLimitExceeded("kraken EOrder:Rate limit exceeded"), set()),
        (ccxt.RequestTimeout("no answer"), set()),
    ],
    ids=["the address", "its orders", "one call", "another error"],
)
def test_only_what_is_refused_is_kept_back(error: Exception, kept_back: set[Use]) -> None:
    limits = LimitWatch(ManualClock(NOW), lambda _: None)
    limits.hear_error(Exchange(), error)
    assert {use for use in SHARES if limits.refuse(use)} == kept_back


def test_an_absurd_end_in_an_answer_is_told_as_such() -> None:
    told: list[Any] = []
    limits = LimitWatch(ManualClock(NOW), told.append)
    limits.hear_answer(Answer("1", 418, error=Refusal(-1003, "", Retry(10**17))))
    assert (told[0].until_ns, "cannot be meant" in told[0].doubt) == (NOW + 120 * S, True)
