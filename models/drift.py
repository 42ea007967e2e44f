"""Drift: a model that was good enough and predicts clearly worse than a coin now."""

from collections import deque
from math import log

COIN = log(2.0)
WINDOW_BARS = 60
MIN_BARS = 30


class DriftMonitor:
    """Alarms once the mean log-loss of recent bars is above a coin's by `margin`; it ends at half of that, so that a
    model at the border does not alternate."""

    def __init__(self, margin: float) -> None:
        self.alarm = False
        self._margin = margin
        self._losses: deque[float] = deque(maxlen=WINDOW_BARS)

    def record(self, loss: float) -> None:
        """The log-loss of one settled bar."""
        self._losses.append(loss)
        if len(self._losses) >= MIN_BARS:
            excess = sum(self._losses) / len(self._losses) - COIN
            self.alarm = not excess <= (self._margin / 2 if self.alarm else self._margin)
