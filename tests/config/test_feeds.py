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


@pytest.mark.parametrize(
    ("stand_in", "key"),
    [
        ({"address": "127.0.0.1:9443", "certificate": "venue.pem"}, None),
        ({"address": "127.0.0.1:9443"}, "feeds.references[0].certificate"),
        ({"certificate": "venue.pem"}, "feeds.references[0].certificate"),
        ({"address": "example.org:443", "certificate": "venue.pem"}, "feeds.references[0].address"),
    ],
    ids=["both", "no certificate", "no address", "another machine"],
)
def test_what_stands_in_for_a_reference_is_on_this_machine_with_a_certificate(
    stand_in: dict[str, str], key: str | None
) -> None:
    settings = Settings(feeds=FeedSettings(references=(ReferenceSettings("kraken", **stand_in),)))
    assert [wrong.key for wrong in inconsistencies(settings)] == ([key] if key else [])
    assert (feed_plans(settings)[1].address, feed_plans(settings)[1].certificate) == (
        stand_in.get("address", ""), stand_in.get("certificate", ""),
    )  # fmt: skip
