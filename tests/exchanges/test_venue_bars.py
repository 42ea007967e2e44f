"""Bars of the venue's tape: what is folded step by step equals what is computed from all trades at once."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tradigrade.exchanges.market_events import TradeEvent
from tradigrade.exchanges.simulated.bars import DAY_MS, HOUR_MS, INTERVALS, MINUTE_MS, Bar, end_of, start_of
from tradigrade.exchanges.simulated.tape import Tape

BEGIN_MS = 1_704_067_200_000  # a Monday, the first of a month and of a year
steps = st.integers(0, 3 * HOUR_MS) | st.integers(0, 40 * MINUTE_MS) | st.integers(0, 2_000)
trades = st.lists(st.tuples(steps, st.integers(1, 50), st.integers(1, 9), st.booleans()), min_size=1, max_size=60)
EVERY_FEW_MINUTES = [(5 * MINUTE_MS + number, 10 + number, 1, False) for number in range(40)]


def made(rows: list[tuple[int, int, int, bool]]) -> list[TradeEvent]:
    events, at_ms = [], BEGIN_MS + DAY_MS // 2
    for number, (step_ms, price, size, maker) in enumerate(rows):
        at_ms += step_ms
        events.append(TradeEvent("X", at_ms, at_ms, number, Decimal(price), Decimal(size), maker))
    return events


def plain(events: list[TradeEvent], start_ms: int) -> Bar:
    """Of all these trades, the plain way."""
    prices = [each.price for each in events]
    taken = [each for each in events if not each.buyer_is_maker]
    return Bar(
        start_ms,
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        sum((each.size for each in events), Decimal(0)),
        sum((each.size * each.price for each in events), Decimal(0)),
        sum((each.size for each in taken), Decimal(0)),
        sum((each.size * each.price for each in taken), Decimal(0)),
        len(events),
        events[0].trade_id,
        events[-1].trade_id,
    )


@settings(max_examples=60, deadline=None)
@given(trades, st.sampled_from([each for each in INTERVALS if each != "1s"]))
def test_bars_of_any_interval_equal_a_plain_recomputation(
    rows: list[tuple[int, int, int, bool]], interval: str
) -> None:
    events, tape = made(rows), Tape()
    for event in events:
        tape.add(event)
    start = start_of(interval)
    wanted: dict[int, list[TradeEvent]] = {}
    for event in events:
        wanted.setdefault(start(event.trade_ms), []).append(event)
    bars = tape.bars(interval, events[-1].trade_ms)
    assert [bar for bar in bars if bar.trades] == [plain(group, begin) for begin, group in wanted.items()]
    for before, bar in itertools.pairwise(bars):
        assert bar.start_ms == end_of(interval, before.start_ms) + 1
        if not bar.trades:
            assert {bar.open, bar.high, bar.low, bar.close} == {before.close}


@settings(max_examples=60, deadline=None)
@given(trades, st.integers(1, 600))
@example(EVERY_FEW_MINUTES, 90)
def test_the_figures_of_a_stretch_equal_a_plain_recomputation(
    rows: list[tuple[int, int, int, bool]], minutes: int
) -> None:
    events, tape = made(rows), Tape()
    for event in events:
        tape.add(event)
    from_ms = events[-1].trade_ms - minutes * MINUTE_MS
    from_ms -= from_ms % MINUTE_MS
    inside = [event for event in events if event.trade_ms >= from_ms]
    assert tape.since(from_ms) == plain(inside, from_ms)


@pytest.mark.parametrize(
    ("interval", "at", "start", "end"),
    [
        ("1s", 1_999, 1_000, 1_999),
        ("3d", 4 * DAY_MS, 3 * DAY_MS, 6 * DAY_MS - 1),
        ("1w", BEGIN_MS + 6 * DAY_MS, BEGIN_MS, BEGIN_MS + 7 * DAY_MS - 1),
        ("1M", BEGIN_MS + 31 * DAY_MS - 1, BEGIN_MS, BEGIN_MS + 31 * DAY_MS - 1),
        ("1M", BEGIN_MS + 40 * DAY_MS, BEGIN_MS + 31 * DAY_MS, BEGIN_MS + 60 * DAY_MS - 1),  # a leap year's February
    ],
)
def test_a_bar_begins_and_ends_where_the_calendar_says(interval: str, at: int, start: int, end: int) -> None:
    assert start_of(interval)(at) == start
    assert end_of(interval, start) == end


def test_nothing_is_known_before_the_first_trade() -> None:
    tape = Tape()
    assert tape.bars("1m", BEGIN_MS) == []
    assert tape.since(0) is None


def test_a_bar_runs_on_without_trades() -> None:
    tape = Tape()
    tape.add(TradeEvent("X", BEGIN_MS, BEGIN_MS, 1, Decimal(5), Decimal(1), False))
    bars = tape.bars("1m", BEGIN_MS + 2 * MINUTE_MS)
    assert [(bar.close, bar.trades, bar.first_id) for bar in bars] == [(5, 1, 1), (5, 0, -1), (5, 0, -1)]


def test_what_is_asked_for_is_bounded() -> None:
    tape = Tape()
    tape.add(TradeEvent("X", 0, 0, 1, Decimal(5), Decimal(1), False))
    assert len(tape.bars("1s", 400 * DAY_MS)) <= 10_000
