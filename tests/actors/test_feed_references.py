"""Another venue's prices beside our own: compared with, never traded on."""

from decimal import Decimal

import pytest

from tests.actors.test_feed_faults import BTC, ETH, SYMBOLS, Watched
from tests.kit.account import Listener
from tradigrade.actors import topics
from tradigrade.actors.feed import Feed
from tradigrade.trading.messages import DataQuality, FeedChanged, MarketDataUpdate, ReferencePrice


def test_a_reference_only_tells_its_prices_and_the_other_feed_is_measured_by_them() -> None:
    watched = Watched()
    told: list[object] = []
    heard = (topics.FEEDS, topics.QUALITY, topics.reference(BTC), topics.market(BTC))
    watched.system.ports["market/kraken"] = watched.venue.market_port()
    watched.advance(1)
    watched.system.spawn("trader/feeds/kraken", lambda: Feed(SYMBOLS, "market/kraken", venue="kraken", reference=True))
    watched.system.spawn("trader/other", lambda: Listener(told, heard))
    watched.advance(20)
    prices = [word for word in told if isinstance(word, ReferencePrice)]
    assert 150 < len(prices) <= 200
    assert all(price.venue == "kraken" and 0 < price.bid < price.ask for price in prices)
    assert not any(isinstance(word, FeedChanged) for word in told)
    assert all(word.score == 1.0 for word in told if isinstance(word, DataQuality))
    updates = [word for word in told if isinstance(word, MarketDataUpdate)]
    assert len(updates) == len({(word.kind, word.sequence) for word in updates}), "none of them is the reference's"
    assert watched.view().symbols[0].deviation_bps == pytest.approx(0.0, abs=5.0)


def test_a_venue_that_leaves_the_others_is_trusted_less() -> None:
    watched = Watched()
    scores, market = watched.scores, watched.feed._by_symbol[BTC]
    for number in range(40):
        away = market.bid * (0 if number < 20 else Decimal("0.02"))
        bid, ask, now_ns = market.bid + away, market.ask + away, watched.system.clock.now_ns()
        watched.system.publish(topics.reference(BTC), ReferencePrice(BTC, "kraken", bid, ask, now_ns))
        watched.advance(1)
    assert scores(BTC)[-1].reasons == ("deviation_bps",)
    assert scores(BTC)[-1].score < 0.5
    assert all(word.score == 1.0 for word in scores(ETH))
