"""A strategy of your own: buy the breakout of a price channel, sell the break-down.

Copy this file into a folder of yours and name both in `tradigrade.toml`:

    strategies_dir = "strategies"

    [[strategies]]
    path = "breakout.py:Breakout"
    symbols = ["BTC/USDT"]
    parameters = { lookback = 30, amount_quote = 500.0 }

then run `tradigrade up`. The same file runs in backtest, paper and live. A wrong parameter is told in one sentence at
the start; an exception restarts the strategy with a clean state and harms no other.
"""

from collections import deque
from decimal import Decimal
from typing import Any, ClassVar

from tradigrade.trading.messages import BarClosed, MarketDataUpdate
from tradigrade.trading.order_events import OrderFilled
from tradigrade.trading.strategy import Strategy, StrategyFault, Target


class Breakout(Strategy):
    """Long from a close above the highest high of the last `lookback` bars until one below their lowest low,
    or `stop_percent` below the average price paid."""

    defaults: ClassVar[dict[str, Any]] = {"lookback": 30, "amount_quote": 500.0, "stop_percent": 1.0}

    def __init__(self, symbol: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(symbol, parameters)  # checks names and types against `defaults`
        if self.parameters["lookback"] < 2:
            raise StrategyFault(f"lookback must be at least 2 bars, got {self.parameters['lookback']}")
        self.amount_quote = Decimal(str(self.parameters["amount_quote"]))
        self.stop_share = 1 - Decimal(str(self.parameters["stop_percent"])) / 100
        self.bars: deque[BarClosed] = deque(maxlen=self.parameters["lookback"])
        self.paid = Decimal(0)
        self.stopping = False

    def on_bar(self, bar: BarClosed) -> Target | None:
        """Called at every closed bar. Return what you want to hold, or None to leave things as they are."""
        earlier = list(self.bars)
        self.bars.append(bar)
        self.stopping = False
        if len(earlier) < self.parameters["lookback"]:
            return None
        if bar.close > max(b.high for b in earlier) and self.is_flat(bar.close):
            return Target(round(self.amount_quote / bar.close, 8))
        if bar.close < min(b.low for b in earlier) and not self.is_flat(bar.close):
            return Target(Decimal(0))
        return None

    def on_market(self, update: MarketDataUpdate) -> Target | None:
        """Called at every trade, quote and book change: keep it short. The stop asks once a bar."""
        if self.stopping or not 0 < update.bid < self.paid * self.stop_share or self.is_flat(update.bid):
            return None
        self.stopping = True
        return Target(Decimal(0))

    def on_fill(self, fill: OrderFilled) -> None:
        """Called after each of your fills; `self.position` already counts it."""
        if fill.side == "buy" and self.position > 0:
            before = max(self.position - fill.amount, Decimal(0))
            self.paid = (self.paid * before + fill.price * fill.amount) / (before + fill.amount)
