"""Returns of an account that money comes to and leaves: a transfer earns nothing and loses nothing. Pure."""

from decimal import Decimal
from typing import NamedTuple

from .messages import ZERO


def adjust_for_flows(level: Decimal, equity: Decimal, flow: Decimal) -> Decimal:
    """A level of the past (a day's opening, a peak) that today's `equity` is compared with, after transfers of `flow`
    (deposits less withdrawals, in the same currency) that `equity` already includes: moved in proportion, so that the
    fraction lost since is what it was before them. Where nothing was left before them, there is only what came."""
    before = equity - flow
    return level * equity / before if before > ZERO and equity > ZERO else max(equity, ZERO)


class TimeWeightedReturn(NamedTuple):
    """What a unit of money would have become that stayed in the account all the time, whatever came and went beside
    it. Begin with the first equity known, and tell every transfer before anything else happens."""

    base: Decimal
    """Equity after the latest transfer, or at the beginning."""
    growth: float = 1.0
    """Until then."""

    def after_flow(self, equity: Decimal, flow: Decimal) -> "TimeWeightedReturn":
        """`equity` already includes the transfer."""
        return TimeWeightedReturn(equity, self.growth * _ratio(equity - flow, self.base))

    def at(self, equity: Decimal) -> float:
        """The return so far: 0.01 is one per cent."""
        return self.growth * _ratio(equity, self.base) - 1.0


def _ratio(now: Decimal, before: Decimal) -> float:
    """1 where there was nothing that could have grown."""
    return float(now / before) if before > ZERO else 1.0
