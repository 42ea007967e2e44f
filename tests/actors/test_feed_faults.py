"""Faults of the market's streams in virtual time: when the feed finds them, and when its data is right again."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from tests.kit.account import OPENING, Listener
from tests.kit.cells import VirtualSystem
from tradigrade.actors import topics
from tradigrade.actors.feed import Feed
from tradigrade.exchanges.simulated.memory import MemoryVenue
from tradigrade.exchanges.simulated.quiet_market import QuietMarket
from tradigrade.kernel.clock import Clock
from tradigrade.trading.instruments import PAPER_INSTRUMENTS
from tradigrade.trading.messages import DataQuality, FeedChanged, MarketDataUpdate
from tradigrade.trading.views import FeedView
from tradigrade.transports.control import FeedAsked

BTC, ETH, SOL = SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")
PATH = "trader/feeds/binance"
STEP_S = 0.5
LATENCY_S = 0.02
"""The most of one way."""


class Watched:
    """A feed on the venue in memory, whose symbols move every `STEP_S`, after its habits are known."""

    def __init__(
        self,
        seed: int = 3,
        symbols: tuple[str, ...] = SYMBOLS,
        clock: Callable[[Clock], Clock] = lambda true: true,
        step_s: float = STEP_S,
    ) -> None:
        """`clock` makes the node's out of the true one."""
        self.system = VirtualSystem("trader", seed=seed)
        true = self.system.clock
        self.system.clock = clock(true)
        self.venue = MemoryVenue(
            QuietMarket(symbols, seed, step_s), PAPER_INSTRUMENTS.values(), self.system.virtual, true, Random(seed),
            opening_balances=OPENING,
        )  # fmt: skip
        self.venue.open()
        self.system.ports = {"market": self.venue.market_port(self.system.clock)}
        self.heard: list[Any] = []
        heard = (topics.FEEDS, topics.QUALITY, *map(topics.market, symbols))
        self.system.spawn("trader/listener", lambda: Listener(self.heard, heard))
        self.feed = Feed(symbols)
        self.system.spawn(PATH, lambda: self.feed)
        self.system.advance(60)
        self.heard.clear()
        self.began_ns = true.now_ns()

    def advance(self, seconds: float) -> None:
        self.system.advance(seconds)

    def turns(self, symbol: str) -> list[tuple[float, bool]]:
        """When its feed was told live or not, in seconds from the beginning of the fault."""
        words = [word for word in self.heard if isinstance(word, FeedChanged) and word.symbol == symbol]
        return [((word.at_ns - self.began_ns) / 1e9, word.live) for word in words]

    def down_s(self, symbol: str) -> float:
        return next(at_s for at_s, live in self.turns(symbol) if not live)

    def up_s(self, symbol: str) -> float:
        """When it was live again and stayed so."""
        at_s, live = self.turns(symbol)[-1]
        assert live
        return at_s

    def updates(self, symbol: str, since_s: float = 0.0) -> list[MarketDataUpdate]:
        since_ns = self.began_ns + since_s * 1e9
        mine = (word for word in self.heard if isinstance(word, MarketDataUpdate) and word.symbol == symbol)
        return [word for word in mine if word.received_ns >= since_ns]

    def scores(self, symbol: str) -> list[DataQuality]:
        return [word for word in self.heard if isinstance(word, DataQuality) and word.symbol == symbol]

    def view(self) -> FeedView:
        reply = self.system.ask(PATH, FeedAsked(), 1.0)
        self.system.run()
        assert isinstance(reply.value, FeedView)
        return reply.value

    def repairs(self) -> dict[str, int]:
        return {each.kind: each.count for each in self.view().repairs}

    def assert_true(self) -> None:
        """Every book equals the venue's at the same update id."""
        for symbol in SYMBOLS:
            market = self.feed._by_symbol[symbol]
            theirs = self.venue.engine.markets[symbol.replace("/", "")]
            assert market.state[0], market.state
            assert market.synchronizer.last_id == theirs.last_update_id
            assert market.synchronizer.book.top(5) == theirs.book.top(5)


def test_a_healthy_feed_is_fully_trusted_and_knows_its_habits() -> None:
    watched = Watched()
    watched.advance(20.3)
    assert not watched.turns(BTC)
    for symbol in watched.view().symbols:
        assert symbol.usual_s == pytest.approx(STEP_S, abs=2 * LATENCY_S)
        assert (symbol.score, symbol.reasons, symbol.gaps) == (1.0, (), 0)
        assert symbol.quarantined == {"untouched": 1}, "a trade before the first quote"
    watched.assert_true()


def test_a_silent_symbol_is_found_within_twice_its_usual_interval_and_repaired_alone() -> None:
    watched = Watched()
    watched.venue.mute(BTC)
    watched.advance(5.3)
    assert watched.down_s(BTC) <= 2 * STEP_S + LATENCY_S
    assert watched.up_s(BTC) - watched.down_s(BTC) <= STEP_S + 4 * LATENCY_S
    assert not watched.turns(ETH)
    assert watched.repairs().keys() == {"silent", "missed"}, "its trades of that time were read afterwards"
    assert watched.view().connections == 1
    watched.assert_true()


@pytest.mark.parametrize("kind", ["quote", "book"])
def test_one_stream_that_stands_still_is_found_by_the_other_and_subscribed_to_anew(kind: str) -> None:
    watched = Watched()
    watched.venue.mute(BTC, kind)
    watched.advance(8.3)
    assert watched.down_s(BTC) <= 2 * STEP_S + LATENCY_S
    assert watched.up_s(BTC) - watched.down_s(BTC) <= STEP_S + 4 * LATENCY_S
    assert watched.repairs()["frozen"] == 1
    watched.assert_true()


def test_a_connection_that_says_nothing_more_is_made_anew_and_live_only_once_it_speaks() -> None:
    watched = Watched()
    watched.venue.silence(6.0)
    watched.advance(5.9)
    assert all(watched.down_s(symbol) <= 2 * STEP_S + LATENCY_S for symbol in SYMBOLS)
    assert not any(live for _, live in watched.turns(BTC)), "a fresh snapshot is no proof that the streams speak"
    assert watched.scores(BTC)[-1].score == 0.0
    watched.advance(6.4)
    assert all(watched.up_s(symbol) <= 6.0 + 2 * STEP_S for symbol in SYMBOLS)
    assert watched.repairs()["stale"] == 3
    watched.assert_true()


def test_a_market_in_which_nothing_happens_is_excused_once_the_venue_shows_the_same_book() -> None:
    watched = Watched()
    watched.venue._pump.stop()
    watched.advance(2.0)
    assert watched.down_s(BTC) <= 2 * STEP_S + LATENCY_S
    assert watched.turns(BTC)[-1][1], "nothing happened since: the book is right"
    watched.advance(30)
    watched.venue._pump.start()
    watched.advance(5.3)
    assert len(watched.turns(BTC)) <= 12, "each silence that was proven is borne for twice as long the next time"
    watched.assert_true()


@pytest.mark.parametrize(
    ("fault", "count", "kind", "within_s"),
    [
        ("market_cut", 1, "disconnected", 0.3),
        ("diff_lost", 1, "frozen", 0.6),  # quotes show it before the next change proves it
        ("frame_crossed", 6, "crossed", 0.2),
    ],
)
def test_each_fault_is_counted_and_its_repair_timed(fault: str, count: int, kind: str, within_s: float) -> None:
    watched = Watched()
    setattr(watched.venue.faults, fault, count)
    watched.advance(10.3)
    assert watched.venue.fired[fault] == count
    (repair,) = [each for each in watched.view().repairs if each.kind == kind]
    assert 0.0 < repair.p50_s <= repair.max_s <= within_s
    assert repair.last_s <= repair.max_s
    assert watched.system.metrics.counters[f"feed_repairs_{kind}"] == repair.count
    watched.assert_true()


def test_a_crossed_quote_is_kept_back_counted_and_lowers_the_score_for_a_while() -> None:
    watched = Watched()
    watched.venue.faults.frame_crossed = 3
    watched.advance(2.05)
    assert all(word.bid < word.ask for symbol in SYMBOLS for word in watched.updates(symbol))
    kept = {view.symbol: view.quarantined for view in watched.view().symbols}
    assert sum(each.get("crossed", 0) for each in kept.values()) >= 1
    assert any(
        "crossed" in word.reasons and word.score < 1.0 for word in watched.heard if isinstance(word, DataQuality)
    )
    watched.advance(30)
    assert watched.scores(BTC)[-1].score == 1.0


def test_trades_go_on_complete_and_in_order_through_everything() -> None:
    watched = Watched()
    for name in ("market_cut", "diff_lost", "frame_crossed"):
        setattr(watched.venue.faults, name, 2)
    watched.advance(20.3)
    ids = [word.sequence for word in watched.updates(BTC) if word.kind == "trade"]
    assert ids == sorted(set(ids))
    assert all(0 < word.bid < word.ask for word in watched.updates(BTC))


def test_a_feed_held_up_by_its_own_host_takes_nobody_for_silent() -> None:
    watched = Watched()
    reopened = watched.system.metrics.counters.get("feed_reopened", 0)
    watched.feed.watch._looked_ns -= 2_000_000_000
    for market in watched.feed._by_symbol.values():
        market.quote_times.last_ns -= 2_000_000_000
        market.book_times.last_ns -= 2_000_000_000
    watched.feed.watch.look()
    assert watched.system.metrics.counters.get("feed_reopened", 0) == reopened
    assert not watched.turns(BTC)
