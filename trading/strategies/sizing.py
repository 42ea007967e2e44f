"""From a sum of quote currency to an amount of base currency."""

from decimal import ROUND_DOWN, Decimal
from math import isfinite
from typing import Any

from ..strategy import StrategyFault

AMOUNT_STEP = Decimal("1e-8")
"""As fine as spot venues count; the venue's own step is applied to the order."""


def hold_quote(amount_quote: Decimal, price: Decimal) -> Decimal:
    """The base amount that `amount_quote` buys at `price` (positive), rounded down to `AMOUNT_STEP`."""
    return (amount_quote / price).quantize(AMOUNT_STEP, ROUND_DOWN)


def read_quote_amount(parameters: dict[str, Any], name: str, strategy: str) -> Decimal:
    """A positive sum of money; `StrategyFault` otherwise. Exact as written: 0.1 is a tenth."""
    value = parameters[name]
    if not (isfinite(value) and 0 < value <= 1e12):
        raise StrategyFault(f"{strategy}: parameter {name!r} must be positive and at most 1e12, got {value!r}")
    return Decimal(str(value))
