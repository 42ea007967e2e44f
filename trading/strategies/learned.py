"""Trades what the models learned: holds more the likelier a rise, and hurries when they are sure."""

from decimal import Decimal
from math import exp
from typing import Any, ClassVar

from ..messages import ZERO, MarketDataUpdate, Prediction
from ..strategy import Strategy, StrategyFault, Target
from .sizing import hold_quote, read_quote_amount


class Learned(Strategy):
    """Long-only spot: holds a share of `amount_quote` that grows with the probability of a rise.

    The share is 1 / (1 + exp(-sensitivity · (p - 0.5))): a half at p = 0.5, never quite nothing or all, so nearly every
    bar moves it. Each target closes `pace` of the gap to that share: a single prediction is worth little, and turnover
    costs fees. A target is returned when it differs from the position by at least `step_quote`, at most one a
    prediction. While |p - 0.5| >= `threshold` the limit is the opposite touch (it takes what is there at once);
    below it, the own touch (it waits there, and is re-targeted at the next bar).
    """

    needs_model: ClassVar[bool] = True
    defaults: ClassVar[dict[str, Any]] = {
        "amount_quote": 1000.0,
        "sensitivity": 12.0,
        "threshold": 0.03,
        "step_quote": 10.0,
        "pace": 0.2,
    }

    def __init__(self, symbol: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(symbol, parameters)
        self.amount_quote = read_quote_amount(self.parameters, "amount_quote", "Learned")
        self.step_quote = read_quote_amount(self.parameters, "step_quote", "Learned")
        self.sensitivity = self._read("sensitivity", 100.0)
        self.threshold = self._read("threshold", 0.5)
        self.pace = Decimal(str(self._read("pace", 1.0)))

    def on_signal(self, prediction: Prediction, market: MarketDataUpdate) -> Target | None:
        if market.bid <= 0 or market.ask <= 0:
            return None
        mid = (market.bid + market.ask) / 2
        edge = prediction.probability_up - 0.5
        change = (hold_quote(self.amount_quote * self._share(edge), mid) - self.position) * self.pace
        if abs(change) * mid < self.step_quote:
            return None
        buying, hurried = change > 0, abs(edge) >= self.threshold
        return Target(max(self.position + change, ZERO), market.ask if buying == hurried else market.bid)

    def _share(self, edge: float) -> Decimal:
        return Decimal(str(round(1.0 / (1.0 + exp(-self.sensitivity * edge)), 4)))

    def _read(self, name: str, most: float) -> float:
        value = float(self.parameters[name])
        if not 0.0 <= value <= most:
            raise StrategyFault(f"Learned: parameter {name!r} must be from 0 to {most}, got {value!r}")
        return value
