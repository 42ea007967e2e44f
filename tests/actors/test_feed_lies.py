"""A venue that lies in one of its streams: whatever it says there, nobody hears a price that is none."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.actors.test_feed import SYMBOLS, Stand, depth, snapshot, ticker, trade
from tests.kit.account import Listener
from tradigrade.actors import topics
from tradigrade.actors.feed_watch import DOUBT_NS, LOOK_S
from tradigrade.exchanges.market import SnapshotArrived
from tradigrade.trading.messages import DataQuality

ABSURD = ("NaN", "Infinity", "-5", "0", "1e308", "999999999999999", "0.000000001", "", "100,5", "1e2", "900", "11")
NOW_MS = 1_700_000_000_000
TIMES = (0, 1, -1, 2**53 - 1, 2**70, NOW_MS - 90_000_000, NOW_MS + 90_000_000)

near = st.integers(9_900, 10_100).map(lambda cents: f"{cents / 100:.2f}")
ids = st.sampled_from((-1, *range(1, 60)))
absurd = st.sampled_from(ABSURD)


@st.composite
def quotes(draw: Any, prices: Any) -> dict[str, Any]:
    return ticker(draw(prices), draw(prices))


@st.composite
def trades(draw: Any, prices: Any, times: Any) -> dict[str, Any]:
    at_ms = draw(times)
    more = {"p": draw(prices), "q": draw(st.sampled_from(("0.1", *ABSURD))), "t": draw(ids)}
    return trade() | more | {"T": at_ms, "E": at_ms}


@st.composite
def diffs(draw: Any, prices: Any, times: Any) -> dict[str, Any]:
    first = draw(st.integers(95, 140))
    levels = st.lists(st.tuples(prices, st.sampled_from(("0", "1", "-1", "NaN"))).map(list), max_size=3)
    frame = depth(first, first + draw(st.integers(-1, 3)), draw(levels), draw(levels))
    return frame | {"E": draw(times)}


honest_times = st.just(NOW_MS)
any_times = st.sampled_from((NOW_MS, *TIMES))
LIARS = {
    "quote": (quotes(absurd | near), trades(near, honest_times), diffs(near, honest_times)),
    "trade": (quotes(near), trades(absurd | near, any_times), diffs(near, honest_times)),
    "book": (quotes(near), trades(near, honest_times), diffs(absurd | near, any_times)),
}
cut = st.binary(max_size=30)


@pytest.mark.parametrize("liar", LIARS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_price_that_is_none_is_ever_told(liar: str, data: st.DataObject) -> None:
    frames = data.draw(st.lists(st.one_of(*LIARS[liar], cut, st.none()), max_size=40))
    stand = Stand().live()
    for frame in frames:
        if frame is None:
            stand.loop.advance(0.3)
            stand.tell(snapshot(130))
        else:
            stand.frame(frame)
    told: list[int] = []
    for update in stand.updates():
        prices = [update.bid, update.ask, *([update.price] if update.kind == "trade" else [])]
        assert all(price.is_finite() and Decimal(90) <= price <= Decimal(110) for price in prices), update
        assert update.bid < update.ask
        if update.bids:
            assert Decimal(90) <= update.bids[0][0] < update.asks[0][0] <= Decimal(110)
        assert abs(update.venue_ns - update.received_ns) < 86_400_000_000_001
        told += [update.sequence] if update.kind == "trade" else []
    assert len(told) == len(set(told))


# -- jumps ------------------------------------------------------------------------------------------------------------


def tell_levels(stand: Stand, last_id: int, bid: str, ask: str) -> None:
    """A diff that moves the whole book of `snapshot` there."""
    gone = [["99.0", "0"]], [["101.0", "0"]]
    stand.frame(depth(last_id, last_id, [*gone[0], [bid, "1"]], [*gone[1], [ask, "1"]]) | {"E": NOW_MS})


def test_a_price_far_away_is_kept_back_and_counted_with_its_reason() -> None:
    stand = Stand().live()
    stand.frame(ticker())
    stand.heard.clear()
    for bid, ask in (("9", "11"), ("900", "901"), ("99", "1000")):
        stand.frame(ticker(bid, ask))
    stand.frame(trade() | {"p": "200"})
    assert stand.updates() == []
    assert stand.counter("quarantined_price") == 4


def test_a_real_jump_is_believed_once_quotes_and_book_say_the_same() -> None:
    stand = Stand().live()
    stand.frame(ticker())
    stand.heard.clear()
    stand.frame(ticker("119.9", "120.1"))
    tell_levels(stand, 102, "119.9", "120.1")
    stand.frame(ticker("119.9", "120.2"))
    assert stand.updates() == []
    stand.frame(ticker("120.0", "120.2"))
    (update,) = stand.updates()
    assert (update.bid, update.ask) == (Decimal("120.0"), Decimal("120.2"))
    stand.frame(trade() | {"p": "120.1"})
    assert stand.updates()[-1].price == Decimal("120.1")


def test_a_stream_that_lies_alone_is_never_believed_and_its_book_is_checked() -> None:
    stand = Stand().live()
    stand.frame(ticker())
    stand.market.asked.clear()
    stand.heard.clear()
    for number in range(round(DOUBT_NS / 1e9 / LOOK_S) + 2):
        stand.frame(ticker("119.9", "120.1") | {"u": 500 + number})
        tell_levels(stand, 102 + number, f"99.{number:02}", "101.0")  # goes on as ever
        stand.loop.advance(LOOK_S)
    assert all(update.ask < 110 for update in stand.updates())
    assert (SYMBOLS[0], 0.0) in stand.market.asked, "a fresh book is another witness"
    far = {"lastUpdateId": 300, "bids": [["119.8", "2"]], "asks": [["120.2", "3"]]}
    stand.tell(SnapshotArrived(SYMBOLS[0], json.dumps(far).encode()))
    for number in range(3):
        stand.frame(ticker("119.9", "120.1") | {"u": 700 + number})
    assert stand.updates()[-1].bid == Decimal("119.9"), "and where it says the same, that is the price"


def test_quotes_that_creep_away_from_their_book_are_trusted_no_more() -> None:
    stand = Stand()
    scores: list[DataQuality] = []
    stand.system.spawn("trader/scores", lambda: Listener(scores, (topics.quality(SYMBOLS[0]),)))
    stand.live()
    for number in range(30):
        price = 100 + number / 2
        stand.frame(ticker(f"{price - 0.5:.2f}", f"{price + 0.5:.2f}") | {"u": 500 + number})
        stand.frame(depth(102 + number, 102 + number, [["98.0", str(1 + number)]]) | {"E": NOW_MS})
        stand.loop.advance(LOOK_S)
    assert any("apart_bps" in word.reasons and word.score < 0.5 for word in scores)
    assert (SYMBOLS[0], 0.0) in stand.market.asked[2:], "and its book is asked for anew, as a witness"


# -- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at_ms", [0, NOW_MS - 90_000_000, NOW_MS + 90_000_000])
def test_a_trade_of_another_time_is_kept_back(at_ms: int) -> None:
    stand = Stand().live()
    stand.loop.advance(1.1)  # the bounds are those of the clock by now
    stand.frame(ticker())
    stand.frame(trade() | {"T": at_ms})
    assert [update.kind for update in stand.updates()] == ["quote"]
    assert stand.counter("quarantined_time") == 1


def test_a_venue_whose_clock_runs_behind_is_trusted_and_one_that_changes_its_habit_is_not() -> None:
    stand = Stand()
    scores: list[DataQuality] = []
    stand.system.spawn("trader/scores", lambda: Listener(scores, (topics.quality(SYMBOLS[0]),)))
    stand.live()
    for number in range(30):
        now_ms = stand.loop.clock.now_ns() // 1_000_000
        stand.frame(ticker() | {"u": 500 + number})
        stand.frame(trade() | {"t": 100 + number, "T": now_ms - 1_520})
        stand.loop.advance(LOOK_S)
    assert (scores[-1].score, scores[-1].reasons) == (1.0, ())
    for number in range(30, 34):
        now_ms = stand.loop.clock.now_ns() // 1_000_000
        stand.frame(ticker() | {"u": 500 + number})
        stand.frame(trade() | {"t": 100 + number, "T": now_ms - 9_000})
        stand.loop.advance(LOOK_S)
    assert scores[-1].reasons == ("skew_s",)


# -- trades -----------------------------------------------------------------------------------------------------------


def test_trades_are_told_once_and_what_is_missing_is_counted() -> None:
    stand = Stand().live()
    stand.frame(ticker())
    stand.heard.clear()
    for trade_id in (77, 78, 78, 81, 80, 80, 82):
        stand.frame(trade() | {"t": trade_id})
    assert [update.sequence for update in stand.updates()] == [77, 78, 81, 80, 82]
    assert (stand.counter("quarantined_doubled"), stand.counter("trade_gaps")) == (2, 1)
