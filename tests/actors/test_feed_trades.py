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
