"""How a synthetic price moves: momentum that fades, a pull back to the opening price, and volatility in spells.

A discretised Ornstein-Uhlenbeck process each for the momentum and for the logarithm of the volatility; the logarithm of
the price integrates the momentum, adds noise and reverts to its opening value.
"""

import math
from random import Random

import msgspec

NOISE_BPS = 2.5
"""Standard deviation of the unpredictable part of a one-second move, in a market of heat 0."""
MOMENTUM_BPS = 2.0
"""Standard deviation of the drift per second, in a market of heat 0."""
MOMENTUM_FADE_S = 6.0
REVERSION_S = 1_200.0
HEAT = 0.5
"""Standard deviation of the logarithm of the volatility."""
HEAT_FADE_S = 60.0
HEAT_LIMIT = 1.5
DEVIATION_LIMIT = 0.3
BPS = 1e-4


class PriceState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    deviation: float = 0.0
    """Logarithm of the price over its opening price, within 0.3 of 0."""
    momentum: float = 0.0
    """In standard deviations."""
    heat: float = 0.0
    """Logarithm of the volatility over its usual level, within 1.5 of 0."""

    @property
    def volatility(self) -> float:
        return math.exp(self.heat)


def advance_price(state: PriceState, random: Random, step_s: float) -> PriceState:
    """The price `step_s` later, by three normal draws."""
    drift = MOMENTUM_BPS * BPS * state.momentum * step_s
    noise = NOISE_BPS * BPS * math.sqrt(step_s) * random.gauss(0, 1)
    deviation = state.deviation * (1 - step_s / REVERSION_S) + (drift + noise) * state.volatility
    return PriceState(
        deviation=_limit(deviation, DEVIATION_LIMIT),
        momentum=_fade(state.momentum, random, step_s / MOMENTUM_FADE_S),
        heat=_limit(HEAT * _fade(state.heat / HEAT, random, step_s / HEAT_FADE_S), HEAT_LIMIT),
    )


def _fade(value: float, random: Random, share: float) -> float:
    """One exact step of an Ornstein-Uhlenbeck process of mean 0 and standard deviation 1."""
    kept = math.exp(-share)
    return value * kept + math.sqrt(1 - kept * kept) * random.gauss(0, 1)


def _limit(value: float, bound: float) -> float:
    return max(-bound, min(bound, value))
