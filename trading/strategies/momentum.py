"""Buys what rises, and says with the entry where it will be out: by a bracket, which holds also while we are down."""

from decimal import Decimal
from typing import Any, ClassVar

from ..messages import BarClosed
from ..strategy import Strategy, StrategyFault
from ..strategy_orders import Bracket
from .sizing import hold_quote, read_quote_amount


class Momentum(Strategy):
    """Holding nothing, it buys `amount_quote` worth after a bar that closed `entry_bps` above the last, guarded by a
    stop `stop_bps` below the close and a profit `profit_bps` above it; at most once in `pause_bars`. The order's id is
    the bar's: a strategy that restarts in the middle asks for the same one again.
    """

    defaults: ClassVar[dict[str, Any]] = {
        "amount_quote": 500.0,
        "entry_bps": 5.0,
        "stop_bps": 30.0,
        "profit_bps": 60.0,
        "pause_bars": 5,
    }

    def __init__(self, symbol: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(symbol, parameters)
        self.amount_quote = read_quote_amount(self.parameters, "amount_quote", type(self).__name__)
        self.entry, self.stop, self.profit = (self._read(name) for name in ("entry_bps", "stop_bps", "profit_bps"))
        self._pause = 0
        self._close: Decimal | None = None

    def on_bar(self, bar: BarClosed) -> Bracket | None:
        before, self._close = self._close, bar.close
        self._pause = max(self._pause - 1, 0)
        rose = before is not None and bar.close >= before * (1 + self.entry)
        if self._pause or not rose or not self.is_flat(bar.close):
            return None
        self._pause = int(self.parameters["pause_bars"])
        amount = hold_quote(self.amount_quote, bar.close)
        stop, profit = bar.close * (1 - self.stop), bar.close * (1 + self.profit)
        return Bracket("buy", amount, stop, profit, id=str(bar.end_ns))

    def _read(self, name: str) -> Decimal:
        value = self.parameters[name]
        if not 0 < value < 5_000:
            raise StrategyFault(f"Momentum: parameter {name!r} must be above 0 and below 5000, got {value!r}")
        return Decimal(str(value)) / 10_000
