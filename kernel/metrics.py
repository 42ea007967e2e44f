"""Counters, gauges and latency histograms of one node: plain numbers, written from any thread."""

from bisect import bisect_left
from math import isfinite
from threading import Lock

BOUNDS_S = tuple(round(base * 10.0**power, 9) for power in range(-6, 1) for base in (1.0, 2.0, 5.0))
"""Upper bounds of latency buckets: 1 µs to 5 s, three to a decade."""


class Histogram:
    """Counts of durations in fixed buckets; the last bucket is unbounded."""

    __slots__ = ("counts", "sum_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_S) + 1)
        self.sum_s = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.sum_s += seconds


class Metrics:
    """Names are `snake_case` without unit prefix or `_total`; every name appears on first use."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.counters: dict[str, int] = {}
        self.gauges: dict[str, float] = {}
        self.histograms: dict[str, Histogram] = {}

    def count(self, name: str, amount: int = 1) -> None:
        with self._lock:
            self.counters[name] = self.counters.get(name, 0) + amount

    def gauge(self, name: str, value: float) -> None:
        """`value` is finite: NaN never passes."""
        assert isfinite(value), f"gauge {name!r}: expected a finite number, got {value}"
        self.gauges[name] = value

    def observe(self, name: str, seconds: float) -> None:
        with self._lock:
            histogram = self.histograms.get(name)
            if histogram is None:
                histogram = self.histograms[name] = Histogram()
            histogram.observe(seconds)
