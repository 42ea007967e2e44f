"""What is usual of a figure, and how far from that a value is: median and MAD over a window (Hampel's identifier)."""

from collections import deque
from math import isfinite
from statistics import median

GAUSSIAN = 1.4826
"""The MAD of normal values times this is their standard deviation."""


class Usual:
    """The latest `kept` values of one figure. Median and spread are computed anew at every `every`th value only."""

    __slots__ = ("_every", "_least", "_least_known", "_since", "_spread", "_values", "level")

    def __init__(self, kept: int, least_spread: float, least_known: int = 8, every: int = 8) -> None:
        """`least_spread`: a figure that never moves would make an outlier of everything. With fewer than
        `least_known` values nothing is one."""
        self._values: deque[float] = deque(maxlen=kept)
        self._least, self._least_known, self._every = least_spread, least_known, every
        self._since = 0
        self._spread = least_spread
        self.level = 0.0
        """The median."""

    @property
    def known(self) -> bool:
        return len(self._values) >= self._least_known

    def score(self, value: float) -> float:
        """How many spreads from the median; 0 while too little is known. What is no number is infinitely far."""
        if not isfinite(value):
            return float("inf")
        return abs(value - self.level) / self._spread if self.known else 0.0

    def note(self, value: float) -> float:
        """The score of a value against those before it; from then on it is one of them."""
        found = self.score(value)
        if isfinite(value):
            self._values.append(value)
            self._since += 1
            if self._since >= self._every or len(self._values) <= self._least_known:
                self._measure()
        return found

    def shift(self, by: float) -> None:
        """All that was noted was by a measure that has moved so far."""
        self._values = deque((value + by for value in self._values), self._values.maxlen)
        self.level += by

    def _measure(self) -> None:
        self._since = 0
        self.level = median(self._values)
        mad = median(abs(value - self.level) for value in self._values)
        self._spread = max(GAUSSIAN * mad, self._least)
