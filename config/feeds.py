"""Which feeds a trader has: one for each shard of its symbols, and one for each venue that is only compared with."""

from typing import NamedTuple

from .settings import Settings


class FeedPlan(NamedTuple):
    """One feed, by the name it goes by below `trader/feeds`. `port` is its way to the market data."""

    name: str
    port: str
    venue: str
    symbols: tuple[str, ...]
    reference: bool = False
    address: str = ""
    """Of what stands in for a reference, with its certificate; empty: the venue itself."""
    certificate: str = ""


def feed_plans(settings: Settings) -> tuple[FeedPlan, ...]:
    """Shards in the order of the symbols; the first feed of the trader's own venue bears its protocol's name, and is on
    `market`."""
    symbols, most = settings.symbols, settings.feeds.symbols_per_feed
    shards = [symbols[start : start + most] for start in range(0, len(symbols), most)]
    own = [_plan(settings.venue.protocol, number, shard) for number, shard in enumerate(shards, 1)]
    others = [
        FeedPlan(
            each.venue,
            f"market/{each.venue}",
            each.venue,
            each.symbols or symbols,
            True,
            each.address,
            each.certificate,
        )
        for each in settings.feeds.references
    ]
    return (*own, *others)


def feed_paths(settings: Settings) -> tuple[str, ...]:
    return tuple(f"trader/feeds/{plan.name}" for plan in feed_plans(settings))


def _plan(venue: str, number: int, symbols: tuple[str, ...]) -> FeedPlan:
    name = venue if number == 1 else f"{venue}-{number}"
    return FeedPlan(name, "market" if number == 1 else f"market/{name}", venue, symbols)
