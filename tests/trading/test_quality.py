"""The parts of data quality, each by itself: habits, outliers, bands of prices, ids of trades, the score."""

from decimal import Decimal
from math import exp, inf, isnan, nan
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradigrade.trading.quality import FAULTS, explain, fade, judge
from tradigrade.trading.quality_interval import UsualInterval
from tradigrade.trading.quality_prices import PriceBand
from tradigrade.trading.quality_repairs import Repairs, kind_of
from tradigrade.trading.quality_robust import Usual
from tradigrade.trading.quality_trades import MISSING_KEPT, RESTART_RUN, TradeIds

MS = 1_000_000


# -- intervals --------------------------------------------------------------------------------------------------------


def heard(gaps_ms: list[int]) -> UsualInterval:
    interval, at_ns = UsualInterval(), 0
    interval.begin(0)
    for gap_ms in gaps_ms:
        at_ns += gap_ms * MS
        interval.note(at_ns)
    return interval


@pytest.mark.parametrize(
    ("gaps_ms", "usual_ms"),
    [
        ([100] * 3, 0),
        ([100] * 40, 0),
        ([100] * 64, 100),
        ([60_000] * 4, 60_000),
        ([100] * 2_000, 100),
        ([10, 10, 10, 470] * 500, 470),
        ([100] * 2_000 + [60_000] + [100] * 2_000, 100),
        ([100] * 5_000 + [1_000] * 600, 1_000),
    ],
    ids=["too few", "too short", "enough", "seldom", "regular", "bursts", "one outage", "slower by now"],
)
def test_the_usual_interval_is_that_between_bursts_and_no_outage_moves_it(gaps_ms: list[int], usual_ms: int) -> None:
    assert heard(gaps_ms).usual_ns == usual_ms * MS


@pytest.mark.parametrize("mean_s", [0.02, 0.1, 1.0, 20.0])
def test_of_an_hour_of_trades_by_chance_hardly_a_pause_is_called_a_silence(mean_s: float) -> None:
    """Poisson: four hours are heard, in which somebody who bears twice the mean would cry 488 times an hour at 1 s."""
    random, alarms, hours = Random(7), 0, 4
    interval, at_ns = UsualInterval(), 0
    interval.begin(0)
    while at_ns < hours * 3_600_000 * MS:
        gap_ns = round(random.expovariate(1 / mean_s) * 1e9)
        alarms += gap_ns >= interval.patience_ns(2.0, 100 * MS, 600_000 * MS, 600_000 * MS)
        at_ns += gap_ns
        interval.note(at_ns)
    assert alarms / hours <= 1.0
    assert interval.usual_ns / 1e9 < 10 * mean_s, "and a stream that is dead is found all the same"


def test_patience_has_bounds_and_grows_with_every_excuse() -> None:
    bounds = (500 * MS, 10_000 * MS, 2_000 * MS)
    assert UsualInterval().patience_ns(2.0, *bounds) == 2_000 * MS
    assert heard([10] * 1_000).patience_ns(2.0, *bounds) == 500 * MS
    assert heard([30_000] * 100).patience_ns(2.0, *bounds) == 10_000 * MS
    interval = heard([400] * 100)
    assert interval.patience_ns(2.0, *bounds) == 800 * MS
    interval.excuse(3_000 * MS)
    assert interval.patience_ns(2.0, *bounds) == 6_000 * MS
    interval.excuse(6_000 * MS)
    assert interval.patience_ns(2.0, *bounds) == 10_000 * MS
    for _ in range(300):
        interval.note(interval.last_ns + 400 * MS)
    assert interval.patience_ns(2.0, *bounds) == 800 * MS, "it is lively again"


# -- robust figures ---------------------------------------------------------------------------------------------------


def test_outliers_are_told_from_median_and_spread_and_do_not_move_them() -> None:
    usual = Usual(kept=50, least_spread=1.0)
    assert [usual.note(value) for value in (5.0, 900.0)] == [0.0, 0.0], "too little is known to call it far"
    for number in range(100):
        usual.note(10.0 + number % 3)
    assert usual.level == 11.0
    assert usual.score(12.0) < 1.0
    assert usual.note(1_000.0) > 100.0
    assert usual.level == 11.0


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_what_is_no_number_is_infinitely_far_and_not_kept(value: float) -> None:
    usual = Usual(kept=50, least_spread=1.0)
    for _ in range(20):
        usual.note(1.0)
    assert usual.note(value) == inf
    assert usual.level == 1.0


# -- prices -----------------------------------------------------------------------------------------------------------


def test_nothing_is_believed_before_a_first_price() -> None:
    band = PriceBand()
    assert not band.admits(Decimal(100))
    band.centre(Decimal(100))
    assert band.admits(Decimal(95))
    assert band.admits(Decimal(105))
    assert not band.admits(Decimal("94.99"))
    assert not band.admits(Decimal("105.01"))


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ([("quote", 120)] * 50, False),
        ([("quote", 120), ("trade", 121), ("quote", 122)], False),
        ([("quote", 120), ("trade", 121), ("quote", 122), ("trade", 120)], True),
        ([("quote", 120), ("trade", 140)] * 20, False),
        ([("quote", 120), ("quote", 120), ("quote", 120), ("snapshot", 120)], True),
    ],
    ids=["one stream", "too few", "two streams", "they disagree", "a fresh book"],
)
def test_a_jump_is_believed_only_once_streams_agree(told: list[tuple[str, int]], believed: bool) -> None:
    band = PriceBand()
    band.centre(Decimal(100))
    answers = [band.consider(Decimal(price), source) for source, price in told]
    assert any(answers) is believed
    assert band.admits(Decimal(120)) is believed


@given(st.lists(st.integers(-40, 40), max_size=200))
def test_a_band_follows_a_price_that_moves_in_small_steps(steps: list[int]) -> None:
    band, price = PriceBand(), 100.0
    band.centre(Decimal(100))
    for step in steps:
        price *= exp(step / 1e3)
        exact = Decimal(f"{price:.8f}")
        assert band.admits(exact)
        band.centre(exact)


# -- trades -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "found", "missed"),
    [
        ([5, 6, 7], "next next next", 0),
        ([5, 5, 6], "next doubled next", 0),
        ([5, 8, 7, 6, 7, 9], "next gap late late doubled next", 0),
        ([5, 8, 9], "next gap next", 2),
        ([0, 0, 0], "next next next", 0),
        ([5, 5 + 2 * MISSING_KEPT, 6], "next gap doubled", 2 * MISSING_KEPT - 1),
    ],
    ids=["a chain", "twice", "late", "a gap", "no numbers", "too long ago"],
)
def test_each_trade_is_told_once(told: list[int], found: str, missed: int) -> None:
    ids = TradeIds()
    assert " ".join(ids.take(trade_id) for trade_id in told) == found
    assert ids.missed == missed


def test_a_venue_that_counts_anew_is_heard_again_after_a_while() -> None:
    ids = TradeIds()
    ids.take(1_000_000)
    found = [ids.take(trade_id) for trade_id in range(1, RESTART_RUN + 3)]
    assert found == ["doubled"] * (RESTART_RUN - 1) + ["gap", "next", "next"]


def test_what_was_told_on_request_and_comes_late_by_its_stream_is_no_new_count() -> None:
    ids, refilled = TradeIds(), range(101, 101 + 3 * RESTART_RUN)
    ids.take(100)
    assert all(ids.refill(trade_id, newest=True) for trade_id in refilled)
    assert {ids.take(trade_id) for trade_id in refilled} == {"doubled"}
    assert ids.take(refilled[-1] + 1) == "next"


def test_what_could_not_be_told_is_kept_in_order_and_bounded() -> None:
    ids = TradeIds()
    for trade_id in (5, 9, 7):
        ids.take(trade_id)
    ids.miss(7)
    assert list(ids.missing) == [6, 7, 8]
    for trade_id in range(10, 10 + 2 * MISSING_KEPT):
        ids.miss(trade_id)
    assert len(ids.missing) == MISSING_KEPT
    assert next(reversed(ids.missing)) == 9 + 2 * MISSING_KEPT


def test_only_what_was_asked_for_is_given_up() -> None:
    ids = TradeIds()
    for trade_id in (5, 8, 10):
        ids.take(trade_id)
    assert ids.give_up(7) == 2
    assert list(ids.missing) == [9]


@pytest.mark.parametrize(("silence_s", "borne_s"), [(60, 120), (3_600, 7_200), (86_400, 90_000)])
def test_an_excuse_bears_twice_as_long_and_at_most_an_hour_more(silence_s: int, borne_s: int) -> None:
    interval = heard([400] * 100)
    interval.excuse(silence_s * 1_000 * MS)
    assert interval.excused_ns == borne_s * 1_000 * MS


@given(st.lists(st.integers(1, 80), max_size=120))
def test_no_order_of_trades_lets_one_through_twice(told: list[int]) -> None:
    ids = TradeIds()
    through = [trade_id for trade_id in told if ids.take(trade_id) != "doubled"]
    assert len(through) == len(set(through)) or len(told) >= RESTART_RUN
    assert ids.missed >= 0


# -- the score --------------------------------------------------------------------------------------------------------


def test_nothing_wrong_is_full_trust() -> None:
    assert judge({}) == (1.0, ())
    assert judge({name: fault.fine for name, fault in FAULTS.items()}) == (1.0, ())


@pytest.mark.parametrize("name", FAULTS)
def test_each_figure_takes_evenly_until_nothing_is_left(name: str) -> None:
    fine, bad, _ = FAULTS[name]
    half = judge({name: (fine + bad) / 2})
    assert half.value == pytest.approx(0.5)
    assert half.reasons == (name,)
    for worst in (bad, bad * 10, inf, nan):
        assert judge({name: worst}) == (0.0, (name,))
    assert explain({name: bad}, (name, "not live")).endswith("; not live")


@given(st.dictionaries(st.sampled_from(list(FAULTS)), st.floats()))
def test_a_score_is_a_number_from_0_to_1_and_names_what_took_from_it(figures: dict[str, float]) -> None:
    score = judge(figures)
    assert 0.0 <= score.value <= 1.0
    assert not isnan(score.value)
    assert score.value == 1.0 or score.reasons


def test_the_worst_comes_first() -> None:
    assert judge({"gaps": 2.0, "crossed": 3.0}).reasons == ("crossed", "gaps")


def test_counts_of_late_fade_and_go() -> None:
    counts = {"gaps": 4.0}
    fade(counts, 2.0)
    assert counts == {"gaps": pytest.approx(1.0)}
    fade(counts, 20.0)
    assert counts == {}


# -- repairs ----------------------------------------------------------------------------------------------------------


def test_repairs_are_counted_and_timed_by_kind() -> None:
    repairs = Repairs()
    for repaired_s in (0.1, 0.5, 0.2):
        repairs.note("gap", repaired_s)
    repairs.note("checksum", 1.0)
    assert [(each.kind, each.count, each.p50_s, each.max_s, each.last_s) for each in repairs.views()] == [
        ("checksum", 1, 1.0, 1.0, 1.0),
        ("gap", 3, 0.2, 0.5, 0.2),
    ]


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("expected a diff that begins at update 5, found 7 to 8", "gap"),
        ("the book is crossed at update 5", "crossed"),
        ("expected checksum 1, found 2", "checksum"),
        ("something else", "lost"),
    ],
)
def test_the_kind_of_a_fault_is_told_by_its_words(reason: str, kind: str) -> None:
    assert kind_of(reason) == kind
