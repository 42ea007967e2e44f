"""Limits are kept before a venue refuses: looks slow down first, orders after them, cancels have the rest."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradigrade.exchanges.binance.order_wire import Answer, Limit, Refusal, Retry
from tradigrade.exchanges.limit_watch import LimitWatch, look_weight
from tradigrade.exchanges.limit_windows import ORDERS, WEIGHT, SharedWindows, Window
from tradigrade.exchanges.rate_budget import SHARES, RateBudget, Use
from tradigrade.exchanges.streams import SNAPSHOT_WEIGHTS, snapshot_levels
from tradigrade.exchanges.venue import EvidenceAsked, RateLimited
from tradigrade.kernel.clock import ManualClock

S = 1_000_000_000
NOW = 1_000 * 60 * S + 20 * S
END = 1_001 * 60 * S


@pytest.mark.parametrize(
    ("used", "free"),
    [
        (0, ("market", "look", "order", "cancel")),
        (2_999, ("market", "look", "order", "cancel")),
        (3_000, ("look", "order", "cancel")),
        (4_199, ("look", "order", "cancel")),
        (4_200, ("order", "cancel")),
        (5_399, ("order", "cancel")),
        (5_400, ("cancel",)),
        (5_999, ("cancel",)),
        (6_000, ()),
    ],
)
def test_who_may_still_ask(used: int, free: tuple[Use, ...]) -> None:
    budget = RateBudget()
    budget.note(WEIGHT, 60, used, NOW)
    assert tuple(use for use in SHARES if not budget.wait_until_ns(use, 1, NOW)) == free
    assert {budget.wait_until_ns(use, 1, NOW) for use in SHARES if use not in free} <= {END}


def test_a_new_minute_begins_empty() -> None:
    budget = RateBudget()
    budget.note(WEIGHT, 60, 6_000, NOW)
    assert budget.wait_until_ns("cancel", 1, END - 1) == END
    assert budget.wait_until_ns("look", 100, END) == 0


def test_counts_of_orders_bound_orders_alone() -> None:
    budget = RateBudget()
    budget.note(ORDERS, 10, 45, NOW, limit=50)
    assert budget.wait_until_ns("order", 1, NOW) == NOW + 10 * S
    assert not budget.wait_until_ns("cancel", 1, NOW)
    assert not budget.wait_until_ns("look", 1, NOW)


def test_what_was_sent_counts_before_its_answer_and_a_late_answer_takes_none_of_it_back() -> None:
    budget = RateBudget(100)
    for _ in range(89):
        budget.spend("order", 1, NOW)
    budget.note(WEIGHT, 60, 3, NOW)
    assert not budget.wait_until_ns("order", 1, NOW)
    budget.spend("order", 1, NOW)
    assert budget.wait_until_ns("order", 1, NOW)
    assert not budget.wait_until_ns("cancel", 1, NOW)


def test_a_look_too_large_for_any_minute_may_have_one_to_itself() -> None:
    budget = RateBudget()
    assert not budget.wait_until_ns("look", 10_000, NOW)
    budget.note(WEIGHT, 60, 1, NOW)
    assert budget.wait_until_ns("look", 10_000, NOW)


@given(st.lists(st.tuples(st.sampled_from(["market", "look", "order", "cancel"]), st.integers(1, 80), st.floats(0, 5))))
def test_whatever_is_asked_the_limit_is_never_passed(asked: list[tuple[Use, int, float]]) -> None:
    budget, now_ns, minute, used = RateBudget(600), NOW, 0, 0
    for use, weight, passes_s in asked:
        now_ns += round(passes_s * S)
        if now_ns // (60 * S) != minute:
            minute, used = now_ns // (60 * S), 0
        if not budget.wait_until_ns(use, weight, now_ns):
            budget.spend(use, weight, now_ns)
            used += weight
        assert used <= 600


def test_what_one_process_spends_another_cannot(tmp_path: Path) -> None:
    path = tmp_path / "venue" / "limits"
    one, other = (RateBudget(100, SharedWindows(path)) for _ in range(2))
    for _ in range(45):
        one.spend("order", 1, NOW)
        other.spend("look", 1, NOW)
    assert one.wait_until_ns("order", 1, NOW) == other.wait_until_ns("order", 1, NOW) == END
    other.note(ORDERS, 10, 9, END, limit=10)
    assert one.wait_until_ns("order", 1, END) == END + 10 * S
    assert RateBudget(100, SharedWindows(path)).used_share(NOW) == 0.9


def test_a_file_of_limits_is_shared_between_real_processes(tmp_path: Path) -> None:
    path = tmp_path / "limits"
    program = (
        "import sys, pathlib; from tradigrade.exchanges.limit_windows import SharedWindows; "
        "from tradigrade.exchanges.rate_budget import RateBudget; "
        "RateBudget(100, SharedWindows(pathlib.Path(sys.argv[1]))).spend('look', 60, int(sys.argv[2]))"
    )
    budget = RateBudget(100, SharedWindows(path))
    subprocess.run([sys.executable, "-c", program, str(path), str(NOW)], check=True)
    assert budget.used_share(NOW) == 0.6


@pytest.mark.parametrize("content", [b"", b"x", b"\xff" * 4096], ids=["empty", "short", "foreign"])
def test_a_damaged_file_of_limits_begins_anew(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "limits"
    path.write_bytes(content)
    budget = RateBudget(100, SharedWindows(path))
    assert not budget.wait_until_ns("order", 1, NOW)
    budget.spend("order", 90, NOW)
    assert budget.wait_until_ns("order", 1, NOW) == END


def write_weight(path: Path, ends_ns: int) -> None:
    SharedWindows(path).put((WEIGHT, 60), Window(6_000, 6_000, ends_ns))


@pytest.mark.parametrize(
    ("ends_ns", "counts"),
    [
        (END - 600 * 60 * S, False),
        (END - 60 * S, False),
        (END, True),
        (END + 60 * S, True),
        (END + 24 * 60 * 60 * S, False),
        (2**64 - 1, False),
    ],
    ids=["yesterday", "last minute", "now", "our clock fell back a minute", "it was set a day ahead", "damaged"],
)
def test_only_a_window_of_about_now_counts(tmp_path: Path, ends_ns: int, counts: bool) -> None:
    """A clock that was ahead for a moment may not silence this machine until its time comes."""
    write_weight(tmp_path / "limits", ends_ns)
    budget = RateBudget(6_000, SharedWindows(tmp_path / "limits"))
    assert bool(budget.wait_until_ns("cancel", 1, NOW)) == counts
    assert (budget.used_share(NOW) == 1.0) == counts
    budget.spend("cancel", 1, NOW)
    assert bool(budget.wait_until_ns("cancel", 1, NOW)) == counts


def test_a_row_that_another_process_took_in_the_same_instant_is_not_read_as_ours(tmp_path: Path) -> None:
    one, other = SharedWindows(tmp_path / "limits"), SharedWindows(tmp_path / "limits")
    one.put((WEIGHT, 60), Window(6_000, 7, END))
    assert one.get((WEIGHT, 60)) == Window(6_000, 7, END)
    other.put((ORDERS, 10), Window(100, 9, END))
    taken = SharedWindows(tmp_path / "limits")
    taken._map[16:48], taken._map[48:80] = taken._map[48:80], taken._map[16:48]  # as of one that was a moment slower
    assert one.get((ORDERS, 10)) == Window(100, 9, END)
    assert one.get((WEIGHT, 60)) == Window(6_000, 7, END)
    one.put((WEIGHT, 60), Window(6_000, 8, END))
    assert (other.get((WEIGHT, 60)), other.get((ORDERS, 10))) == (Window(6_000, 8, END), Window(100, 9, END))


def test_a_venue_with_more_limits_than_rows_loses_the_last(tmp_path: Path) -> None:
    windows = SharedWindows(tmp_path / "limits")
    for interval_s in range(1, 100):
        windows.put((WEIGHT, interval_s), Window(10, 1, END))
    assert windows.get((WEIGHT, 1)) == Window(10, 1, END)
    assert windows.get((WEIGHT, 99)) is None


class Exchange:
    def __init__(self, used: object) -> None:
        self.last_response_headers = {"X-MBX-USED-WEIGHT-1M": used}


def watch() -> tuple[LimitWatch, list[Any]]:
    told: list[Any] = []
    return LimitWatch(ManualClock(NOW), told.append), told


def test_near_the_limit_it_is_told_once_and_orders_are_kept_back() -> None:
    limits, told = watch()
    limits.hear_headers(Exchange("5300"))
    assert not told
    assert not limits.take("order")
    for used in ("5400", "5500"):
        limits.hear_headers(Exchange(used))
    assert [(word.until_ns, type(word)) for word in told] == [(END, RateLimited)]
    assert "92%" in limits.take("order")
    assert not limits.take("cancel")


@pytest.mark.parametrize("used", ["", "nan", "-1", None, "1e9"])
def test_a_header_that_is_no_count_says_nothing(used: object) -> None:
    limits, told = watch()
    limits.hear_headers(Exchange(used))
    limits.hear_headers(object())
    assert not told
    assert not limits.take("look", 4_000)


def test_the_venues_own_limits_replace_ours() -> None:
    limits, told = watch()
    limits.hear_answer(Answer("1", 200, rate_limits=(Limit(WEIGHT, "MINUTE", 1, 100, 95),)))
    assert limits.take("order")
    assert len(told) == 1


@pytest.mark.parametrize(("number", "limit", "count"), [(0, 100, 99), (1, 0, 0), (1, -5, 99), (1, 100, -1)])
def test_a_limit_that_is_none_says_nothing(number: int, limit: int, count: int) -> None:
    limits, told = watch()
    limits.hear_answer(Answer("1", 200, rate_limits=(Limit(WEIGHT, "MINUTE", number, limit, count),)))
    assert not limits.take("order")
    assert not told


def test_an_answer_that_comes_too_soon_says_until_when() -> None:
    limits, told = watch()
    limits.hear_answer(Answer("1", 429, error=Refusal(-1003, "", Retry(NOW // 10**6 + 7_000))))
    limits.hear_answer(Answer("2", 418, error=Refusal(-1003)))
    limits.hear_answer(Answer("3", 400, error=Refusal(-2010)))
    assert [word.until_ns - NOW for word in told] == [7 * S, 10 * S]


def test_a_look_weighs_what_it_asks_for() -> None:
    two = ("BTC/USDT", "ETH/USDT")
    assert look_weight(EvidenceAsked(1, two, {}, {}, {}, two)) == 1 + 2 * 26 + 20
    assert look_weight(EvidenceAsked(1, two, {}, {}, {})) == 1 + 2 * 6 + 20
    assert look_weight(EvidenceAsked(1, ("A/B",) * 100, {}, {}, {})) == 1 + 80 + 20


def test_a_hundred_symbols_leave_room_to_look_at_the_account_in_the_first_minute() -> None:
    budget, symbols = RateBudget(), tuple(f"C{number}/USDT" for number in range(100))
    for _ in symbols:
        weight = SNAPSHOT_WEIGHTS[snapshot_levels(len(symbols))]
        assert not budget.wait_until_ns("market", weight, NOW)
        budget.spend("market", weight, NOW)
    assert not budget.wait_until_ns("look", look_weight(EvidenceAsked(1, symbols, {}, {}, {}, symbols)), NOW)
