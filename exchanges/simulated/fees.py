"""What a trade costs: rates by what the account traded in the last 30 days, as Binance spot publishes them."""

from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

FEE_STEP = Decimal("0.00000001")


class Tier(NamedTuple):
    """Rates from `volume` on (30 days, in dollars): parts of the amount received."""

    volume: Decimal
    maker: Decimal
    taker: Decimal

    def rate(self, *, maker: bool) -> Decimal:
        return self.maker if maker else self.taker


def _tier(volume: str, maker: str, taker: str) -> Tier:
    """Rates in per cent."""
    return Tier(Decimal(volume), Decimal(maker) / 100, Decimal(taker) / 100)


TIERS: tuple[Tier, ...] = (
    _tier("0", "0.1", "0.1"),
    _tier("1e6", "0.09", "0.1"),
    _tier("5e6", "0.08", "0.1"),
    _tier("20e6", "0.04", "0.06"),
    _tier("100e6", "0.04", "0.052"),
    _tier("150e6", "0.025", "0.031"),
    _tier("400e6", "0.02", "0.029"),
    _tier("800e6", "0.019", "0.028"),
    _tier("2e9", "0.016", "0.025"),
    _tier("4e9", "0.011", "0.023"),
)
"""Without discounts. The day's tier is that of the 30 days before it: it never changes within a day."""


def tier_of(volume: Decimal, tiers: tuple[Tier, ...] = TIERS) -> Tier:
    return next(tier for tier in reversed(tiers) if volume >= tier.volume)


def fee_of(received: Decimal, rate: Decimal) -> Decimal:
    """In whole hundred-millionths of the asset received, rounded down."""
    return (received * rate).quantize(FEE_STEP, ROUND_DOWN)
