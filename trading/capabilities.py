"""What each venue can hold itself; the rest is emulated here."""

from typing import NamedTuple

from .messages import ORDER_TYPES, OrderType, TimeInForce


class Capabilities(NamedTuple):
    """One venue's. What is not named is not sent to it."""

    types: frozenset[OrderType] = frozenset({"market", "limit"})
    times_in_force: frozenset[TimeInForce] = frozenset({"gtc"})
    trailing: bool = False
    post_only: bool = False
    iceberg: bool = False
    quote_amount: bool = False
    """Market orders by what they spend or bring, in quote currency."""


EVERYWHERE = Capabilities()
"""What every exchange has: a venue without a row of its own."""

VENUES: dict[str, Capabilities] = {
    "binance": Capabilities(
        types=frozenset(ORDER_TYPES),
        times_in_force=frozenset({"gtc", "ioc", "fok"}),
        trailing=True,
        post_only=True,
        iceberg=True,
        quote_amount=True,
    ),
    "kraken": Capabilities(
        types=frozenset(ORDER_TYPES),
        times_in_force=frozenset({"gtc", "ioc"}),
        trailing=True,
        post_only=True,
        iceberg=True,
    ),
}
"""By ccxt's name of the exchange. Spot knows no `gtd`, no `reduce_only`; its groups are not used: they would be a
second way of doing what must be done here for every other venue."""

NOT_EMULATED = ("fok", "post_only")
"""What only the venue can promise: refused where it lacks it."""


def capabilities_of(venue: str) -> Capabilities:
    return VENUES.get(venue, EVERYWHERE)
