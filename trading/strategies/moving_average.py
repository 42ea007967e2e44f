"""The classic: long while the fast moving average of the closes stands above the slow one."""

from collections import deque
from decimal import Decimal
from typing import Any, ClassVar

from ..messages import ZERO, BarClosed
from ..strategy import Strategy, StrategyFault, Target
from .sizing import hold_quote, read_quote_amount


class MovingAverage(Strategy):
    """Holds `amount_quote` worth while fast > slow, nothing otherwise; by market orders, at most one target a bar.

    It looks at its position, not at its own past wishes: a refused or lost order is wished for again at the next bar.
    """

    defaults: ClassVar[dict[str, Any]] = {"fast": 5, "slow": 20, "amount_quote": 1000.0}

    def __init__(self, symbol: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(symbol, parameters)
        self.fast, self.slow = int(self.parameters["fast"]), int(self.parameters["slow"])
        self.amount_quote = read_quote_amount(self.parameters, "amount_quote", type(self).__name__)
        if not 0 < self.fast < self.slow <= 10_000:
            raise StrategyFault(
                f"MovingAverage: expected 0 < fast < slow <= 10000, got fast {self.fast} and slow {self.slow}"
            )
        self._closes: deque[Decimal] = deque(maxlen=self.slow)
        self._fast_sum = self._slow_sum = ZERO

    def on_bar(self, bar: BarClosed) -> Target | None:
        self._add(bar.close)
        if len(self._closes) < self.slow:
            return None
        long = self._fast_sum * self.slow > self._slow_sum * self.fast
        if long and self.is_flat(bar.close):
            return Target(hold_quote(self.amount_quote, bar.close))
        if not long and not self.is_flat(bar.close):
            return Target(ZERO)
        return None

    def _add(self, close: Decimal) -> None:
        """Keeps both sums exact and in constant time."""
        if len(self._closes) == self.slow:
            self._slow_sum -= self._closes[0]
        if len(self._closes) >= self.fast:
            self._fast_sum -= self._closes[-self.fast]
        self._closes.append(close)
        self._fast_sum += close
        self._slow_sum += close
