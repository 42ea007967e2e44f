"""Paging over a venue's history: no row lost, none doubled, and a hole believed only when it is proven."""

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tradigrade.exchanges.history import REPEATS_MAX, HistoryRefused, Paging, PastBar, PastTrade

STEP_MS = 60_000
LIMIT = 10
END_MS = 250 * STEP_MS
HOLES = {5, 6, 7, 100, *range(150, 200)}
BARS = [PastBar(i * STEP_MS, "1", "1", "1", "1", "1") for i in range(300) if i not in HOLES]
TRADES = [PastTrade(i // 4 * 900_000, str(i), "1", "1", None) for i in range(120)]
"""Four in each of their milliseconds, then nothing for a quarter of an hour."""


def over_bars(end_ms=END_MS):
    return Paging(0, end_ms, lambda ms: ms + STEP_MS, lambda ms: ms + STEP_MS * LIMIT, LIMIT)


def over_trades(end_ms):
    return Paging(0, end_ms, lambda ms: ms, lambda ms: ms + 3_600_000, LIMIT)


def walk(paging, answer, most=3_000):
    rows = []
    for count in range(most):
        since_ms = paging.since_ms
        if since_ms is None:
            return rows, count
        rows += paging.take(answer(since_ms)).rows
    raise AssertionError("it never ends")


def honest(since_ms, rows=BARS):
    return [row for row in rows if row.at_ms >= since_ms][:LIMIT]


def expected(rows, end_ms=END_MS):
    return [row for row in rows if row.at_ms < end_ms]


def test_an_honest_venue_gives_all_and_its_holes_are_proven():
    paging = over_bars()
    rows, questions = walk(paging, honest)
    assert rows == expected(BARS)
    assert covered(paging) == END_MS
    assert questions <= len(rows) / LIMIT + 6


def covered(paging):
    return sum(end - start for start, end in paging.proven())


def test_a_venue_that_ignores_since_proves_nothing_about_older_bars():
    paging = over_bars(300 * STEP_MS)
    rows, _ = walk(paging, lambda since_ms: [row for row in BARS[-LIMIT:] if row.at_ms >= since_ms])
    assert rows == BARS[-LIMIT:]
    assert paging.proven() == [(290 * STEP_MS, 300 * STEP_MS)]
    assert paging.withheld == [(0, 290 * STEP_MS)]


def test_a_venue_that_always_gives_its_oldest_page_is_given_up():
    paging = over_bars()
    with pytest.raises(HistoryRefused, match=f"answers {REPEATS_MAX + 1} times"):
        walk(paging, lambda _: BARS[:LIMIT])
    assert paging.done_ms == BARS[LIMIT - 1].at_ms + STEP_MS


class Faulty:
    """Every answer may be wrong in one way, but not the one after it, and not twice about the same time."""

    def __init__(self, seed, rows):
        self.random, self.rows = random.Random(seed), rows
        self.wrong, self.emptied = False, set()

    def __call__(self, since_ms):
        self.wrong = not self.wrong and self.random.random() < 0.6
        fault = self.random.choice(("empty", "old", "short", "shuffled")) if self.wrong else ""
        page = honest(since_ms, self.rows)
        match fault:
            case "empty" if since_ms not in self.emptied:
                self.emptied.add(since_ms)
                return []
            case "old" if since_ms > 0:
                return [row for row in self.rows if row.at_ms < since_ms][-5:]
            case "short":
                return page[: self.random.randint(4, 9)]
            case "shuffled":
                return self.random.sample(page, len(page)) * 2
        return page


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_faulty_pages_lose_no_bar_and_double_none(seed):
    rows, _ = walk(over_bars(), Faulty(seed, BARS))
    assert sorted(rows) == expected(BARS)


@example(644)  # an empty answer, then a short one, then an empty one, all about one time
@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_faulty_pages_lose_no_trade(seed):
    end_ms = TRADES[-1].at_ms + 7_200_000
    rows, _ = walk(over_trades(end_ms), Faulty(seed, TRADES))
    assert {row.trade_id for row in rows} == {row.trade_id for row in TRADES}


def test_a_millisecond_with_more_trades_than_a_page_is_told():
    crowd = [PastTrade(5, str(i), "1", "1", None) for i in range(LIMIT + 3)] + [PastTrade(9, "99", "1", "1", None)]
    paging = over_trades(100)
    rows, _ = walk(paging, lambda since_ms: honest(since_ms, crowd))
    assert len({row.trade_id for row in rows}) == LIMIT + 1
    assert (5, 6) in paging.withheld
