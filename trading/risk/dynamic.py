"""Limits that shrink when markets are wild or money was lost: pure, computed beside the checks."""

from decimal import Decimal
from math import exp, isfinite, log, sqrt
from typing import NamedTuple

from ..limits import Limits
from .view import ONE

HALF_LIFE_S = 60.0
MINUTE_S = 60.0
STEP = Decimal("0.001")


class Volatility(NamedTuple):
    """An exponentially weighted variance of returns per second; `fold` a price whenever there is a new one."""

    price: float = 0.0
    at_ns: int = 0
    variance_per_s: float = 0.0
    seen_s: float = 0.0

    def fold(self, price: float, at_ns: int) -> "Volatility":
        """A price that is none, or is not later, changes nothing."""
        if not (isfinite(price) and price > 0.0):
            return self
        if self.price <= 0.0:
            return Volatility(price, at_ns)
        elapsed_s = (at_ns - self.at_ns) / 1e9
        if elapsed_s <= 0.0:
            return self
        weight = 1.0 - exp(-elapsed_s * log(2.0) / HALF_LIFE_S)
        moved = (log(price) - log(self.price)) ** 2 / elapsed_s
        variance = self.variance_per_s + weight * (moved - self.variance_per_s)
        return Volatility(price, at_ns, variance, self.seen_s + elapsed_s)

    @property
    def minute_bps(self) -> float:
        """The deviation of a minute's return."""
        return sqrt(self.variance_per_s * MINUTE_S) * 10_000


def scale(limits: Limits, minute_bps: float, drawdown: float) -> Decimal:
    """By which the limits of orders and positions are multiplied: 1 in calm, never below `min_scale`."""
    least = limits.min_scale or ONE
    by = min(_by_volatility(limits, minute_bps), _by_drawdown(limits, drawdown, least))
    return max(least, by).quantize(STEP)


def _by_volatility(limits: Limits, minute_bps: float) -> Decimal:
    calm = limits.calm_volatility_bps
    if calm is None or minute_bps <= calm:
        return ONE
    return calm / Decimal(minute_bps)


def _by_drawdown(limits: Limits, drawdown: float, least: Decimal) -> Decimal:
    """From 1 at `scale_from_drawdown` evenly down to the least at `max_drawdown`."""
    since, until = limits.scale_from_drawdown, limits.max_drawdown
    if since is None or until is None or drawdown <= since:
        return ONE
    if since >= until:
        return least
    return ONE - (ONE - least) * (Decimal(drawdown) - since) / (until - since)
