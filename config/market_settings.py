"""The settings of markets: whose, how they are read, and how the venue on this machine behaves."""

from typing import Annotated, Literal

import msgspec

from .section import Fraction, Milliseconds, PositiveFloat, PositiveInt, Section


class VenueSettings(Section, frozen=True):
    """Whose market is traded on. Orders are matched on this machine, whatever market they are matched against."""

    name: Literal["simulated", "binance", "kraken", "okx", "coinbase", "bybit"] = "simulated"
    """`simulated` needs no network; of any other the public streams are read, without keys."""
    paper: bool = False
    """Has to be true for every venue but the simulated one: real orders are not there yet."""
    address: str = ""
    """`HOST:PORT` of what stands in for the real venue under all its names, such as another exchange of this program;
    empty: the venue itself."""
    certificate: str = ""
    """A file with the only certificate to trust there; empty: those this machine trusts."""
    protocol: Literal["binance", "kraken"] = "binance"
    """What the local venue speaks, with the rules, fees and refusals that go with it; the market is the same."""


class VenueModelSettings(Section, frozen=True):
    """How the local venue behaves as one far away would. Off as it stands: no latency, no limit anybody meets."""

    latency_ms: Milliseconds = 0.0
    """One way, at least; every request, answer and frame takes it."""
    jitter_ms: Milliseconds = 0.0
    """At most so much more, evenly."""
    tail_ms: Milliseconds = 0.0
    """The mean of what some take longer, exponentially."""
    tail_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    """How many of them."""
    weight_per_minute: PositiveInt = 1_000_000
    """Request weight; Binance allows 6,000."""
    orders_per_10_s: PositiveInt = 1_000_000
    """Binance allows 100."""
    connection_life_s: PositiveFloat = 24 * 3_600.0
    """Every connection ends after that; it is told ten minutes before."""
    connections_per_5_min: PositiveInt = 1_000_000
    """New WebSockets of an address; Binance allows 300."""


class ReferenceSettings(Section, frozen=True):
    """Another venue whose public prices ours are compared with; nothing is traded there."""

    venue: Literal["kraken", "okx", "coinbase", "bybit"]
    symbols: tuple[str, ...] = ()
    """Empty: every symbol of the system."""
    address: str = ""
    """`HOST:PORT` of what stands in for it on this machine, as of `[venue]`; empty: the venue itself."""
    certificate: str = ""
    """A file with the only certificate to trust there."""


class FeedSettings(Section, frozen=True):
    symbols_per_feed: PositiveInt = 100
    """Each feed has its own connection, its own part of the symbols, and fails alone."""
    max_jump: Fraction = 0.05
    """A price that differs by more than this fraction from the last ones is kept back until another stream of the venue
    says the same."""
    references: tuple[ReferenceSettings, ...] = ()


class UniverseSettings(Section, frozen=True):
    """What the venue trades: asked for now and then, besides what its streams say."""

    refresh_s: PositiveFloat = 60.0
    cancel_orders: bool = True
    """Cancel what is open on a symbol that is halted, all but what guards a position, and all on one that is gone."""
