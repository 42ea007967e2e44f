"""Candles for people to look at: folded from trades, rounded to floats, bounded."""

from collections import deque
from decimal import Decimal

from .messages import Message

KEPT = 600
COARSE = 60
"""Intervals in a coarse candle."""


class Candle(Message, frozen=True, gc=False):
    """The trades of one interval; `volume` is in the base currency."""

    start_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class Candles:
    """Of one symbol. Intervals without trades have none. A trade that comes late counts in the newest."""

    def __init__(self, interval_ns: int) -> None:
        self.interval_ns = interval_ns
        self._done: deque[Candle] = deque(maxlen=KEPT)
        self._end_ns = 0
        self._open = self._high = self._low = self._close = self._volume = 0.0

    def add(self, at_ns: int, price: Decimal, size: Decimal) -> Candle | None:
        """One trade; the candle that it ended, if it did."""
        value, ended = float(price), None
        if at_ns >= self._end_ns:
            ended = self._begin(at_ns, value)
        elif value > self._high:
            self._high = value
        elif value < self._low:
            self._low = value
        self._close = value
        self._volume += float(size)
        return ended

    def take(self, finer: Candle) -> None:
        """All trades of a finer candle."""
        if finer.start_ns >= self._end_ns:
            self._begin(finer.start_ns, finer.open)
        self._high, self._low = max(self._high, finer.high), min(self._low, finer.low)
        self._close = finer.close
        self._volume += finer.volume

    def newest(self) -> tuple[Candle, ...]:
        """Oldest first; the last is still open."""
        return (*self._done, self._now()) if self._end_ns else ()

    def _begin(self, at_ns: int, price: float) -> Candle | None:
        ended = self._now() if self._end_ns else None
        if ended is not None:
            self._done.append(ended)
        self._end_ns = at_ns - at_ns % self.interval_ns + self.interval_ns
        self._open = self._high = self._low = price
        self._volume = 0.0
        return ended

    def _now(self) -> Candle:
        start_ns = self._end_ns - self.interval_ns
        return Candle(start_ns, self._open, self._high, self._low, self._close, self._volume)
