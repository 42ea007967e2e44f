"""Trades that their stream left out: asked for over REST, told apart from those of now, counted and timed."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.actors.test_feed import SYMBOLS, Stand, ticker, trade
from tests.actors.test_feed_faults import BTC, Watched
from tests.kit.account import Listener
from tradigrade.actors import topics
from tradigrade.actors.feed_trades import ASKED_MAX, TRIES
from tradigrade.exchanges.market import TradesArrived, TradesUnavailable
from tradigrade.trading.messages import SymbolStatus
from tradigrade.trading.refills import MissedTrade, TradesRefilled

NOW_MS = 1_700_000_000_000


def rows(*ids: int, price: str = "99.5", at_ms: int = NOW_MS) -> TradesArrived:
    told = [{"id": each, "price": price, "qty": "0.25", "time": at_ms, "isBuyerMaker": True} for each in ids]
    return TradesArrived(SYMBOLS[0], json.dumps(told).encode())


class Traded(Stand):
    """Live, and told trades by their numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.refills: list[TradesRefilled] = []
        self.system.spawn("trader/refills", lambda: Listener(self.refills, (topics.refilled(SYMBOLS[0]),)))
        self.live()
        self.system.publish(topics.UNIVERSE, SymbolStatus(SYMBOLS[1], "halted", "nobody misses it", 0))
        self.frame(ticker())

    def trade(self, *ids: int) -> "Traded":
        for trade_id in ids:
            self.frame(trade() | {"t": trade_id, "T": NOW_MS})
        self.loop.advance(0.5)
        return self

    def told(self) -> list[int]:
        return [each.trade_id for word in self.refills for each in word.trades]


def test_what_was_passed_over_is_asked_for_and_told_apart() -> None:
    stand = Traded().trade(77, 81)
    assert stand.market.searched == [(SYMBOLS[0], 78, 3)]
    stand.heard.clear()
    stand.tell(rows(78, 79, 80, 81, 82))
    (word,) = stand.refills
    assert word.trades[0] == MissedTrade(78, NOW_MS * 1_000_000, Decimal("99.5"), Decimal("0.25"), "sell")
    assert stand.told() == [78, 79, 80], "81 was told, 82 comes by its stream"
    assert stand.heard == [], "nobody takes what is past for the market of now"
    assert (stand.counter("trades_refilled"), stand.counter("feed_repairs_missed")) == (3, 1)
    stand.trade(82)
    assert stand.counter("quarantined_doubled") == 0
    assert stand.market.searched == [(SYMBOLS[0], 78, 3)], "nothing is asked for twice"


def test_what_comes_late_by_itself_is_not_asked_for() -> None:
    stand = Traded()
    stand.frame(trade() | {"t": 77, "T": NOW_MS})
    for trade_id in (79, 78):
        stand.frame(trade() | {"t": trade_id, "T": NOW_MS})
        stand.loop.advance(0.15)
    stand.loop.advance(3)
    assert stand.market.searched == []


def test_a_great_gap_is_asked_for_once_and_by_its_newest_part() -> None:
    stand = Traded().trade(77, 50_000)
    assert stand.market.searched == [(SYMBOLS[0], 50_000 - ASKED_MAX, ASKED_MAX)]


@pytest.mark.parametrize("answer", [TradesUnavailable(SYMBOLS[0], "HTTP 429"), TradesArrived(SYMBOLS[0], b"<html>")])
def test_a_venue_that_does_not_answer_is_asked_ever_later_and_then_no_more(answer: Any) -> None:
    stand, asked = Traded().trade(77, 79), 0
    for number in range(200):
        stand.frame(ticker() | {"u": 500 + number})
        stand.loop.advance(0.2)
        if len(stand.market.searched) > asked:
            asked += 1
            stand.tell(answer)
    assert len(stand.market.searched) == TRIES
    assert (stand.counter("trades_lost"), stand.refills) == (1, [])


def test_a_trade_of_no_believable_price_is_kept_back() -> None:
    stand = Traded().trade(77, 79)
    stand.tell(rows(78, price="9999"))
    assert (stand.refills, stand.counter("quarantined_price")) == ([], 1)


def test_after_a_lost_connection_every_trade_of_the_pause_is_told() -> None:
    watched = Watched()
    watched.system.spawn("trader/refills", lambda: Listener(watched.heard, (topics.refilled(BTC),)))
    watched.venue.faults.market_cut = 1
    watched.venue.unreachable(3.0)
    watched.advance(15.3)
    told = {word.sequence for word in watched.updates(BTC) if word.kind == "trade"}
    refilled = {each.trade_id for word in watched.heard if isinstance(word, TradesRefilled) for each in word.trades}
    assert len(refilled) >= 5
    assert not told & refilled
    both = sorted(told | refilled)
    assert both == list(range(both[0], both[-1] + 1))
    assert watched.repairs()["missed"] >= 1


def test_a_dead_stream_of_trades_is_found_within_twice_its_usual_pause_and_loses_none() -> None:
    watched = Watched()
    watched.system.spawn("trader/refills", lambda: Listener(watched.heard, (topics.refilled(BTC),)))
    market = watched.feed._by_symbol[BTC]
    usual_s = market.trade_times.usual_ns / 1e9
    watched.venue.mute(BTC, "trade")
    watched.advance(2 * usual_s)
    assert market.trades_ns, "it is in doubt"
    assert watched.scores(BTC)[-1].reasons == ("trades",)
    assert watched.scores(BTC)[-1].score < 1.0
    watched.advance(1.0)
    assert watched.system.metrics.counters["feed_resubscriptions"] == 1
    watched.advance(2.0)
    assert watched.repairs() == {"trades": 1, "missed": 1}
    assert watched.scores(BTC)[-1].score == 1.0


def test_a_pause_in_which_nobody_traded_is_proven_and_nothing_is_repaired() -> None:
    stand = Traded()
    for number in range(40):
        stand.frame(trade() | {"t": 100 + number, "T": NOW_MS})
        stand.frame(ticker() | {"u": 500 + number})
        stand.loop.advance(0.2)
    asked = []
    for number in range(300):
        stand.frame(ticker() | {"u": 600 + number})
        stand.frame(ticker("99.4") | {"u": 600 + number})
        stand.loop.advance(0.2)
        if len(stand.market.searched) > len(asked):
            asked.append(number)
            stand.tell(TradesArrived(SYMBOLS[0], b"[]"))
    assert stand.counter("trade_silences_excused") == len(asked) <= 8, "each proven pause is borne for twice as long"
    assert SYMBOLS[0] not in stand.market.resubscribed
    assert stand.counter("feed_repairs_trades") == 0


def test_trades_that_are_only_just_told_are_waited_for_and_not_asked_for_at_every_look() -> None:
    stand = Traded()
    first = usual(stand)
    for _ in range(50):
        asked, now_ms = len(stand.market.searched), stand.loop.clock.now_ns() // 1_000_000
        stand.frame(ticker() | {"u": now_ms})
        stand.loop.advance(0.1)
        if len(stand.market.searched) > asked:
            stand.tell(rows(first, at_ms=now_ms))
    assert 2 <= len(stand.market.searched) <= 6
    assert stand.refills == []


# -- what a search must not do ----------------------------------------------------------------------------------------


def usual(stand: Traded, step_s: float = 0.2) -> int:
    """Forty trades, of which the next id is said."""
    for number in range(40):
        stand.frame(trade() | {"t": 100 + number, "T": NOW_MS})
        stand.frame(ticker() | {"u": 500 + number})
        stand.loop.advance(step_s)
    return 140


def pass_time(stand: Traded, seconds: float, answer: Any, step_s: float = 0.2) -> None:
    """Quotes go on, and each search is answered so."""
    for number in range(round(seconds / step_s)):
        asked = len(stand.market.searched)
        stand.frame(ticker() | {"u": 1_000 + number})
        stand.loop.advance(step_s)
        if len(stand.market.searched) > asked:
            stand.tell(answer)


def test_in_a_quiet_hour_it_asks_a_few_times_only() -> None:
    stand = Traded()
    usual(stand, 1.0)
    pass_time(stand, 3_600, TradesArrived(SYMBOLS[0], b"[]"), 1.0)
    assert 5 <= len(stand.market.searched) <= 14


@pytest.mark.parametrize("count", [5, 200], ids=["few", "as many as a new count would be"])
def test_what_was_refilled_and_then_comes_late_by_its_stream_is_told_once(count: int) -> None:
    stand = Traded()
    first = usual(stand)
    stand.market.searched.clear()
    later_ms = NOW_MS + 5_000
    late = rows(*range(first, first + count), at_ms=later_ms)
    pass_time(stand, 5, late)
    assert stand.told() == list(range(first, first + count))
    stand.heard.clear()
    for trade_id in range(first, first + count):
        stand.frame(trade() | {"t": trade_id, "T": later_ms})
    assert [word.sequence for word in stand.updates() if word.kind == "trade"] == []
    assert stand.counter("quarantined_doubled") == count
    stand.frame(trade() | {"t": first + count, "T": later_ms})
    assert [word.sequence for word in stand.updates() if word.kind == "trade"] == [first + count]


def test_a_gap_that_comes_up_while_another_is_asked_for_is_asked_for_after_it() -> None:
    stand = Traded().trade(77, 79)
    stand.frame(trade() | {"t": 82, "T": NOW_MS})
    stand.tell(rows(78))
    stand.loop.advance(0.5)
    assert stand.market.searched == [(SYMBOLS[0], 78, 1), (SYMBOLS[0], 80, 2)]
    stand.tell(rows(80, 81))
    assert (stand.told(), stand.counter("trades_lost")) == ([78, 80, 81], 0)


def test_a_gap_that_closed_by_itself_takes_no_grace_from_the_next() -> None:
    stand = Traded()
    for trade_id in (77, 79):
        stand.frame(trade() | {"t": trade_id, "T": NOW_MS})
    stand.loop.advance(0.15)
    stand.frame(trade() | {"t": 78, "T": NOW_MS})
    stand.loop.advance(1.0)
    stand.frame(trade() | {"t": 81, "T": NOW_MS})
    stand.loop.advance(0.15)
    assert stand.market.searched == []
    stand.loop.advance(0.3)
    assert stand.market.searched == [(SYMBOLS[0], 80, 1)]


def test_a_request_that_failed_once_says_nothing_of_the_stream_and_the_second_does() -> None:
    stand = Traded()
    usual(stand)
    refused = TradesUnavailable(SYMBOLS[0], "HTTP 429")
    for failures, resubscribed in ((1, 0), (2, 1)):
        while stand.counter("trades_not_answered") < failures:
            pass_time(stand, 0.2, refused)
        assert stand.market.resubscribed.count(SYMBOLS[0]) == resubscribed


def test_a_stream_that_heals_is_asked_for_without_delay_when_it_dies_again() -> None:
    stand = Traded()
    next_id = usual(stand)
    pass_time(stand, 40, TradesUnavailable(SYMBOLS[0], "HTTP 429"))
    search = stand.feed.trades._searches[SYMBOLS[0]]
    assert search.tries > TRIES
    stand.frame(trade() | {"t": next_id, "T": NOW_MS})
    assert (search.tries, search.failed) == (0, 0)
    assert search.retry_ns <= stand.loop.clock.monotonic_ns()
