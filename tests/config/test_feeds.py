"""Which feeds there are: shards of the trader's own symbols, and venues that are only compared with."""

import pytest

from tradigrade.config.consistency import inconsistencies
from tradigrade.config.feeds import feed_paths, feed_plans
from tradigrade.config.market_settings import FeedSettings, ReferenceSettings, VenueSettings
from tradigrade.config.settings import Settings

THREE = BTC, ETH, SOL = ("BTC/USDT", "ETH/USDT", "SOL/USDT")


def plans(**feeds: object) -> list[tuple[str, str, tuple[str, ...], bool]]:
    settings = Settings(symbols=THREE, feeds=FeedSettings(**feeds))  # type: ignore[arg-type]
    return [(plan.name, plan.port, plan.symbols, plan.reference) for plan in feed_plans(settings)]


def test_few_symbols_are_one_feed() -> None:
    assert plans() == [("binance", "market", THREE, False)]
    assert feed_paths(Settings()) == ("trader/feeds/binance",)


def test_the_feed_bears_the_name_of_what_the_venue_speaks() -> None:
    settings = Settings(venue=VenueSettings(protocol="kraken"))
    (plan,) = feed_plans(settings)
    assert (plan.name, plan.port, plan.venue) == ("kraken", "market", "kraken")
    references = FeedSettings(references=(ReferenceSettings("kraken"),))
    (wrong,) = inconsistencies(Settings(venue=VenueSettings(protocol="kraken"), feeds=references))
    assert wrong.key == "feeds.references"
    assert not list(inconsistencies(Settings(feeds=references)))


def test_many_symbols_are_several_feeds_each_with_its_own_way_to_the_venue() -> None:
    assert plans(symbols_per_feed=2) == [
        ("binance", "market", (BTC, ETH), False),
        ("binance-2", "market/binance-2", (SOL,), False),
    ]


@pytest.mark.parametrize(("symbols", "expected"), [((), THREE), ((BTC,), (BTC,))])
def test_references_have_feeds_of_their_own(symbols: tuple[str, ...], expected: tuple[str, ...]) -> None:
    found = plans(references=(ReferenceSettings("kraken", symbols),))
    assert found[1:] == [("kraken", "market/kraken", expected, True)]
