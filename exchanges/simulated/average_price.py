"""The price that filters compare with: what was traded in the last minutes, weighted by size."""

from collections import deque
from decimal import Decimal

from ..market_events import TradeEvent
from .accounts import ZERO

MINUTES = 5
_MINUTE_MS = 60_000


class AveragePrice:
    """Over the running minute and the `MINUTES` before it."""

    def __init__(self) -> None:
        self._sums: deque[tuple[int, Decimal, Decimal]] = deque(maxlen=MINUTES + 1)

    def add(self, trade: TradeEvent) -> None:
        minute, sums = trade.trade_ms // _MINUTE_MS, self._sums
        value, size = trade.price * trade.size, trade.size
        if sums and sums[-1][0] >= minute:
            minute, before, amount = sums[-1]
            sums[-1] = minute, before + value, amount + size
        else:
            sums.append((minute, value, size))

    def over(self, now_ms: int) -> Decimal | None:
        """None where nothing was traded since then."""
        first = now_ms // _MINUTE_MS - MINUTES
        value = amount = ZERO
        for minute, each, size in self._sums:
            if minute >= first:
                value += each
                amount += size
        return value / amount if amount else None
