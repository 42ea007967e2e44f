"""What a trade costs at Kraken: rates by what the account traded in the last 30 days, always in the quote currency."""

from decimal import Decimal

from ..fees import Tier

SCHEDULE = (
    ("0", "0.25", "0.40"),
    ("10000", "0.20", "0.35"),
    ("50000", "0.14", "0.24"),
    ("100000", "0.12", "0.22"),
    ("250000", "0.10", "0.20"),
    ("500000", "0.08", "0.18"),
    ("1000000", "0.06", "0.16"),
    ("2500000", "0.04", "0.14"),
    ("5000000", "0.02", "0.12"),
    ("10000000", "0", "0.10"),
)
"""Volume in dollars, and the maker's and taker's rates in per cent."""
TIERS = tuple(Tier(Decimal(volume), Decimal(maker) / 100, Decimal(taker) / 100) for volume, maker, taker in SCHEDULE)
RESERVE = TIERS[0].taker
"""What a buyer sets aside for fees on top of its price."""
