"""Trades for the sake of trading: what simulations and chaos runs put a system under load with."""

from decimal import Decimal
from typing import Any, ClassVar
from zlib import crc32

from ..messages import ZERO, BarClosed
from ..strategy import Strategy, Target
from .sizing import hold_quote, read_quote_amount

SIZES = (ZERO, ZERO, Decimal("0.2"), Decimal("0.6"), Decimal(1))
"""Of `amount_quote`: what may be wished for."""
LIMITS_BPS = (None, None, Decimal(0), Decimal(-20), Decimal(20))
"""Distance of the limit from the close; None is a market order."""


class Exerciser(Strategy):
    """A new target at every bar, drawn from `seed` and the bar alone: a restart changes nothing of it. About a third of
    the orders rest. It earns nothing."""

    defaults: ClassVar[dict[str, Any]] = {"seed": 1, "amount_quote": 1000.0}

    def __init__(self, symbol: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(symbol, parameters)
        self.amount_quote = read_quote_amount(self.parameters, "amount_quote", type(self).__name__)

    def on_bar(self, bar: BarClosed) -> Target | None:
        drawn = crc32(f"{self.parameters['seed']}/{self.symbol}/{bar.end_ns}".encode())
        size, limit_bps = SIZES[drawn % 5], LIMITS_BPS[drawn // 5 % 5]
        target = hold_quote(self.amount_quote, bar.close) * size
        if limit_bps is None:
            return Target(target)
        side = 1 if target > self.position else -1
        return Target(target, bar.close * (1 + side * limit_bps / 10_000))
