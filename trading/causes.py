"""What leads down the ladder: one table of causes, each with its rung, its words and how long it must be gone."""

from math import isfinite
from typing import NamedTuple

from .rungs import Rung


class Cause(NamedTuple):
    """`hold_s`: a scope goes up once the cause was gone for so long; down it goes at once."""

    rung: Rung
    words: str
    hold_s: float = 0.0
    latched: bool = False
    """True: gone only when a person releases it."""


CAUSES: dict[str, Cause] = {
    # 0 s where being gone is proven, or is a person's word; longer where it may come back at any moment.
    "LEASE_LOST": Cause(Rung.FENCED, "the lease of the account is not held"),
    "HALT": Cause(Rung.HALTED, "halted by a person", latched=True),
    "STOPPING": Cause(Rung.CANCEL_ONLY, "stopping"),
    "UNRECONCILED": Cause(Rung.CANCEL_ONLY, "not yet reconciled with the venue"),
    "CLOCK_SKEW": Cause(Rung.CANCEL_ONLY, "the clock differs from the venue's", 5.0),
    "RATE_LIMIT": Cause(Rung.CANCEL_ONLY, "the venue limits our requests", 1.0),
    "VENUE_UNHEALTHY": Cause(Rung.CANCEL_ONLY, "the venue leaves too many requests in doubt", 0.5),
    "JOURNAL_UNWRITABLE": Cause(Rung.CANCEL_ONLY, "the journal cannot be written", 1.0),
    "FEED_UNHEARD": Cause(Rung.CANCEL_ONLY, "no market data yet"),
    "FEED_DOWN": Cause(Rung.CANCEL_ONLY, "the feed is not live", 0.5),
    "FEED_STALE": Cause(Rung.CANCEL_ONLY, "the market is stale", 0.5),
    "FEED_CROSSED": Cause(Rung.CANCEL_ONLY, "the book is crossed", 0.5),
    "DATA_POOR": Cause(Rung.CANCEL_ONLY, "the market data is not to be trusted", 0.5),
    "SYMBOL_HALTED": Cause(Rung.CANCEL_ONLY, "the venue does not trade the symbol now", 0.5),
    "SYMBOL_GONE": Cause(Rung.CANCEL_ONLY, "the venue does not list the symbol any more"),
    "FLATTENING": Cause(Rung.REDUCING, "stopping: closing every position"),
    "PAUSED": Cause(Rung.REDUCING, "paused by a person"),
    "LEFT_DOWN": Cause(Rung.REDUCING, "the strategy was left down after too many failures", 5.0),
    "RESTARTS": Cause(Rung.REDUCING, "the account restarted too often", 5.0),
    "POST_TRADE": Cause(Rung.REDUCING, "a fill was past its bounds", 60.0),
    "DAILY_LOSS": Cause(Rung.REDUCING, "the day's loss reached its warning", 60.0),
    "STORAGE_FAILING": Cause(Rung.REDUCING, "the journal cannot be put on disk", 5.0),
    "DISK_NEARLY_FULL": Cause(Rung.REDUCING, "the disk is nearly full", 5.0),
    "LEARNER_SILENT": Cause(Rung.FALLBACK, "the learner is not heard of", 2.0),
    "MODEL_STALE": Cause(Rung.FALLBACK, "the model in use was not renewed for too long", 2.0),
    "MODEL_DRIFT": Cause(Rung.FALLBACK, "the model predicts worse than a coin", 30.0),
}
"""By name. Of several on the lowest rung the first in this order gives its words."""

MARKET_CAUSES = frozenset({"FEED_UNHEARD", "FEED_DOWN", "FEED_STALE", "FEED_CROSSED", "DATA_POOR"})
"""Those by which a symbol's prices are not to be trusted."""

RANKS = {name: rank for rank, name in enumerate(CAUSES)}


def within(value: float, bound: float) -> bool:
    """True for a number from 0 to `bound`; what is not a number, or negative, proves nothing good."""
    return isfinite(value) and 0.0 <= value <= bound
