"""The market data of the venue in memory, through the real feed: live, kept in sync, and back after every fault."""

from decimal import Decimal

import pytest

from tests.kit.account import Listener
from tests.kit.cells import VirtualSystem
from tests.kit.memory import BTC, OPENING
from tradigrade.actors import topics
from tradigrade.actors.feed import Feed
from tradigrade.exchanges.binance.decoder import decode
from tradigrade.exchanges.market_events import DepthEvent, TickerEvent, TradeEvent
from tradigrade.exchanges.simulated.memory import MemoryVenue
from tradigrade.exchanges.simulated.quiet_market import QuietMarket
from tradigrade.exchanges.simulated.synthetic import MarketFault
from tradigrade.kernel.identity import SeededEntropy
from tradigrade.trading.book import OrderBook
from tradigrade.trading.instruments import PAPER_INSTRUMENTS
from tradigrade.trading.messages import FeedChanged, MarketDataUpdate

ETH = "ETH/USDT"


class Watched:
    """The feed on the market port of a venue in memory, and all it publishes."""

    def __init__(self, seed=1):
        self.system = VirtualSystem("trader")
        self.venue = MemoryVenue(
            QuietMarket((BTC, ETH), seed), PAPER_INSTRUMENTS.values(), self.system.virtual, self.system.virtual.clock,
            SeededEntropy(seed)._random, opening_balances=OPENING,
        )  # fmt: skip
        self.venue.open()
        self.system.ports = {"market": self.venue.market_port()}
        self.heard = []
        self.system.spawn("listener", lambda: Listener(self.heard, (topics.FEEDS, topics.market(BTC))))
        self.system.spawn("feed", lambda: Feed((BTC, ETH)))
        self.system.advance(1.5)  # between two turns of the market, with nothing on its way

    def mark(self):
        self._marked = len(self.heard)

    def fresh(self):
        """What was heard since the mark."""
        return self.heard[self._marked :]

    def live(self, symbol=BTC):
        states = [word.live for word in self.heard if isinstance(word, FeedChanged) and word.symbol == symbol]
        return states[-1] if states else False

    def assert_true(self):
        """What the feed published last is what the venue's book and quote are."""
        assert self.live()
        assert self.live(ETH)
        book = [word for word in self.heard if isinstance(word, MarketDataUpdate) and word.kind == "book"][-1]
        market = self.venue.engine.markets["BTCUSDT"]
        assert (book.bids, book.asks) == market.book.top(10)
        assert (book.bid, book.ask) == (market.quote.bid, market.quote.ask)


def test_the_feed_comes_live_and_agrees_with_the_venue():
    watched = Watched()
    watched.system.advance(60)
    watched.assert_true()
    updates = [word for word in watched.heard if isinstance(word, MarketDataUpdate)]
    assert len(updates) >= 3 * 59
    assert all(0 <= word.received_ns - word.venue_ns < 50_000_000 for word in updates)


@pytest.mark.parametrize(
    ("fault", "leaves"),
    [
        ("diff_lost", True),
        ("frame_crossed", False),
        ("frame_malformed", False),
        ("market_cut", True),
        ("market_silent", True),
    ],
)
def test_the_feed_comes_back_after_every_fault(fault, leaves):
    watched = Watched()
    watched.mark()
    setattr(watched.venue.faults, fault, 3)
    watched.system.advance(30)
    assert watched.venue.fired == {fault: 3}
    lost = [word for word in watched.fresh() if isinstance(word, FeedChanged) and not word.live]
    assert lost or not leaves
    assert watched.system.metrics.counters.get("frames_malformed", 0) == (3 if fault == "frame_malformed" else 0)
    watched.assert_true()


def test_a_crossed_diff_throws_the_book_away():
    watched = Watched()
    watched.mark()
    watched.venue.faults.frame_crossed = 4  # a quote and a diff of each symbol
    watched.system.advance(5)
    reasons = [word.reason for word in watched.fresh() if isinstance(word, FeedChanged) and not word.live]
    assert any("crossed" in reason for reason in reasons)
    watched.assert_true()


def test_lost_snapshots_are_asked_for_again():
    watched = Watched()
    watched.venue.faults.snapshot_lost = 2
    watched.venue.cut_market()
    watched.system.advance(2)
    assert not watched.live()
    watched.system.advance(15)
    assert watched.venue.fired == {"snapshot_lost": 2, "market_cut": 1}
    watched.assert_true()


def test_a_stale_snapshot_is_seen_through_and_asked_for_again():
    watched = Watched()
    watched.system.advance(5)
    watched.venue.faults.snapshot_stale = 3
    watched.venue.cut_market()
    watched.system.advance(20)
    assert watched.venue.fired == {"snapshot_stale": 3, "market_cut": 1}
    watched.assert_true()


def test_a_silent_market_stays_connected_and_says_nothing():
    watched = Watched()
    watched.mark()
    watched.venue.silence(3.0)
    watched.system.advance(3.0)
    assert not any(isinstance(word, MarketDataUpdate) or word.live for word in watched.fresh())
    watched.system.advance(10)
    watched.assert_true()


def test_a_market_goes_on_where_its_venue_went_down():
    watched = Watched()
    before = watched.venue.engine.markets["BTCUSDT"].last_update_id
    watched.venue.close()
    watched.system.advance(5)
    assert not watched.live()
    assert watched.venue.engine.markets["BTCUSDT"].last_update_id == before
    watched.venue.open()
    watched.system.advance(20)
    watched.assert_true()


# -- the market itself ------------------------------------------------------------------------------------------------


def frames(market, count):
    return [market.next() for _ in range(count)]


def test_a_quiet_market_is_a_true_market():
    """Books are never crossed, update ids leave no gap, quotes are the best of the book after their diff."""
    market, book, last_id, last_quote = QuietMarket((BTC,), 5), OrderBook(), 0, None
    prices = set()
    for frame in frames(market, 3_000):
        match decode(frame.payload):
            case TradeEvent(price=price):
                assert price in (book.best_bid[0], book.best_ask[0])
            case TickerEvent() as quote:
                last_quote = quote
            case DepthEvent() as diff:
                assert diff.first_id == last_id + 1
                last_id = diff.last_id
                book.apply(diff.bids, diff.asks)
                assert not book.crossed
                assert (last_quote.bid, last_quote.bid_size) == book.best_bid
                assert (last_quote.ask, last_quote.ask_size) == book.best_ask
                assert last_quote.update_id == last_id
                prices.add(last_quote.bid)
    assert len(prices) > 50
    assert all(price % PAPER_INSTRUMENTS[BTC].tick_size == 0 for price in prices)


def test_a_quiet_market_goes_on_from_any_of_its_states():
    market = QuietMarket((BTC, ETH), 5)
    frames(market, 101)
    state, after = market.state(), frames(market, 200)
    other = QuietMarket((BTC, ETH), 5)
    other.restore(state)
    assert frames(other, 200) == after
    with pytest.raises(MarketFault, match="found seed 5"):
        QuietMarket((BTC, ETH), 6).restore(state)
    with pytest.raises(MarketFault):
        QuietMarket((), 6)


def test_a_quiet_market_strays_both_ways():
    market = QuietMarket((BTC,), 2)
    bids = [decode(frame.payload).bid for frame in frames(market, 30_000) if "bookTicker" in frame.stream]
    assert Decimal(28_000) < min(bids) < Decimal(29_950)
    assert Decimal(30_050) < max(bids) < Decimal(32_000)
