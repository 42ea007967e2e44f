"""How synthetic prices move: momentum that fades, a pull back to the opening price, volatility in spells, and a market
that moves all of them together, by regimes.

A discretised Ornstein-Uhlenbeck process each for the momentum and for the logarithm of the volatility; the logarithm of
the price integrates the momentum, adds noise and its part of the market's move, and reverts to its opening value. The
market's regime is a Markov chain in continuous time.
"""

import math
from random import Random
from typing import NamedTuple

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


COMMON = 0.5
"""Part of the variance of the noise that all symbols share, of one that moves just as the market does."""


class Regime(NamedTuple):
    name: str
    drift_bps: float
    """Of the market, per second."""
    volatility: float
    """By which noise and drifts of all symbols grow."""
    lasts_s: float
    """On average."""


REGIMES = (
    Regime("calm", 0.0, 0.75, 240.0),
    Regime("rising", 0.25, 1.0, 120.0),
    Regime("falling", -0.3, 1.25, 90.0),
    Regime("wild", 0.0, 2.0, 45.0),
)


class MarketState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all symbols have in common."""

    regime: int = 0
    """One of `REGIMES`."""
    index: float = 0.0
    """The sum of the market's moves, as the logarithm of a price."""

    @property
    def volatility(self) -> float:
        return REGIMES[self.regime].volatility


def advance_market(state: MarketState, random: Random, step_s: float) -> MarketState:
    """The market `step_s` later, by three draws."""
    now = REGIMES[state.regime]
    noise = NOISE_BPS * math.sqrt(COMMON * step_s) * random.gauss(0, 1) * now.volatility
    ends, next_regime = random.random() < step_s / now.lasts_s, random.randrange(1, len(REGIMES))
    regime = (state.regime + next_regime) % len(REGIMES) if ends else state.regime
    return MarketState(regime, state.index + (now.drift_bps * step_s + noise) * BPS)


class PriceState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    deviation: float = 0.0
    """Logarithm of the price over its opening price, within 0.3 of 0."""
    momentum: float = 0.0
    """In standard deviations."""
    heat: float = 0.0
    """Logarithm of the volatility over its usual level, within 1.5 of 0."""
    index: float = 0.0
    """The market's, as far as this price has followed it."""

    @property
    def volatility(self) -> float:
        return math.exp(self.heat)


def advance_price(state: PriceState, market: MarketState, beta: float, random: Random, step_s: float) -> PriceState:
    """The price `step_s` later, by three normal draws; it moves `beta` times as far as the market did."""
    drift = MOMENTUM_BPS * state.momentum * step_s
    noise = NOISE_BPS * math.sqrt((1 - COMMON) * step_s) * random.gauss(0, 1)
    own = (drift + noise) * BPS * state.volatility * market.volatility
    common = beta * (market.index - state.index)
    return PriceState(
        deviation=_limit(state.deviation * (1 - step_s / REVERSION_S) + own + common, DEVIATION_LIMIT),
        momentum=_fade(state.momentum, random, step_s / MOMENTUM_FADE_S),
        heat=_limit(HEAT * _fade(state.heat / HEAT, random, step_s / HEAT_FADE_S), HEAT_LIMIT),
        index=market.index,
    )


def _fade(value: float, random: Random, share: float) -> float:
    """One exact step of an Ornstein-Uhlenbeck process of mean 0 and standard deviation 1."""
    kept = math.exp(-share)
    return value * kept + math.sqrt(1 - kept * kept) * random.gauss(0, 1)


def _limit(value: float, bound: float) -> float:
    return max(-bound, min(bound, value))
