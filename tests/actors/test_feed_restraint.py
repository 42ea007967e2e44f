"""What a feed must not do to itself: ask too often, disturb other symbols, take a pause or a set clock for a fault."""

import pytest

from tests.actors.test_feed_faults import BTC, ETH, SYMBOLS, Watched
from tradigrade.actors import topics
from tradigrade.kernel.simulation.hosts import NodeClock
from tradigrade.trading.messages import SymbolStatus
from tradigrade.trading.quality_prices import PriceBand


@pytest.mark.parametrize("fate", ["halt", "delist"])
def test_a_symbol_that_stands_still_for_good_costs_the_others_their_books_ever_more_seldom(fate: str) -> None:
    watched = Watched()
    getattr(watched.venue, fate)(BTC)
    watched.venue.faults.snapshot_stale = 0.0
    watched.venue.faults.snapshot_lost = 1.0  # nothing excuses its silence
    watched.advance(300.3)
    assert not watched.turns(BTC)[-1][1]
    assert watched.view().connections <= 1 + 5
    watched.venue.faults.snapshot_lost = 0.0
    watched.venue.open_again(BTC)
    watched.advance(30.3)
    watched.assert_true()


def test_a_symbol_that_is_known_not_to_trade_is_not_repaired_and_comes_back_by_itself() -> None:
    watched = Watched()
    watched.venue.faults.snapshot_lost = 1.0
    watched.venue.halt(BTC)
    watched.system.publish(topics.UNIVERSE, SymbolStatus(BTC, "halted", "a break", 0))
    watched.advance(120)
    assert watched.view().connections == 1
    assert not watched.turns(ETH)
    assert watched.view().symbols[0].reason == "halted: a break"
    watched.venue.faults.snapshot_lost = 0.0
    watched.venue.open_again(BTC)
    watched.system.publish(topics.UNIVERSE, SymbolStatus(BTC, "online", "", 0))
    watched.advance(5.3)
    watched.assert_true()


def test_a_trade_stream_that_dies_alone_is_trusted_less_and_subscribed_to_anew() -> None:
    watched = Watched()
    usual_s = watched.feed._by_symbol[BTC].trade_times.usual_ns / 1e9
    bound_s = max(2 * usual_s, 5.0)
    watched.venue.mute(BTC, "trade")
    watched.advance(1.5 * bound_s + usual_s + 2)
    first = next(word for word in watched.scores(BTC) if "trades" in word.reasons)
    assert (first.at_ns - watched.began_ns) / 1e9 <= bound_s * 1.2 + 1
    assert watched.repairs() == {"trades": 1, "missed": 1}
    assert watched.scores(BTC)[-1].score == 1.0
    assert all(live for _, live in watched.turns(BTC)), "its quotes and its book were right all the time"


def test_quotes_and_book_that_differ_for_a_moment_after_a_pause_are_no_frozen_stream() -> None:
    """The touch moves after a pause: one stream tells it a little before the other."""
    watched = Watched()
    market, clock = watched.feed._by_symbol[BTC], watched.system.clock
    watched.venue._pump.stop()
    watched.advance(0.3)
    market.book_times.last_ns -= 2_000_000_000
    market.quote_times.last_ns = clock.monotonic_ns()
    market.bid -= 1
    watched.feed.watch.look()
    assert not watched.turns(BTC)


def test_a_book_that_is_lost_again_and_again_is_asked_for_ever_more_seldom() -> None:
    watched = Watched()
    asked, ask = [0], watched.system.ports["market"].request_snapshot

    def count(symbol: str, delay_s: float) -> None:
        asked[0] += 1
        ask(symbol, delay_s)

    watched.system.ports["market"].request_snapshot = count
    watched.venue.faults.frame_crossed = 1.0
    watched.advance(60)
    assert asked[0] <= 35 * len(SYMBOLS)
    watched.venue.faults.frame_crossed = 0.0
    watched.advance(10.3)
    watched.assert_true()


@pytest.mark.parametrize("step_s", [-3_600, 3_600, -40, 40])
def test_a_clock_that_is_set_costs_no_trades_and_no_trust(step_s: int) -> None:
    watched = Watched(clock=NodeClock)
    clock = watched.system.clock
    assert isinstance(clock, NodeClock)
    watched.advance(0.05)
    clock.offset_ns += step_s * 1_000_000_000
    watched.advance(20.3)
    kept = {view.symbol: view.quarantined.get("time", 0) for view in watched.view().symbols}
    assert max(kept.values()) <= 2, "what comes before the next look"
    assert watched.scores(BTC)[-1].score == 1.0
    assert not watched.turns(BTC)


def test_quotes_from_before_the_first_book_are_no_doubt_about_it() -> None:
    watched = Watched()
    market = watched.feed._by_symbol[BTC]
    market.band = PriceBand()
    assert not market.band.consider(market.bid, "quote")
    market.book_ready()
    watched.advance(10.3)
    assert watched.repairs() == {}


def test_a_venue_that_numbers_its_trades_anew_is_believed_once_one_is_clearly_newer_than_the_last() -> None:
    watched = Watched()
    market = watched.feed._by_symbol[BTC]
    last_id = market.ids.last_id
    assert last_id > 5
    market.ids.last_id = 10_000_000
    watched.advance(30)
    trades = [word for word in watched.updates(BTC) if word.kind == "trade"]
    assert len(trades) >= 3
    assert market.quarantined["doubled"] <= 2
    assert market.trade_gaps == 1


def test_a_market_in_which_nobody_trades_any_more_is_trusted_less_and_still_traded_on() -> None:
    """Nobody can tell it from a dead stream, and its quotes and its book are right."""
    watched = Watched()
    watched.system.ports["market"].resubscribe = lambda _: None
    watched.venue.mute(BTC, "trade")
    watched.advance(200)
    last = watched.scores(BTC)[-1]
    assert last.reasons == ("trades",)
    assert 0.5 < last.score < 0.7
    assert watched.system.metrics.counters["feed_resubscriptions"] <= 9, "ever more seldom"
    assert not watched.turns(BTC)
