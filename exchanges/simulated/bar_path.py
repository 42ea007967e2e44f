"""From one bar to a plausible way of the price through it. Pure."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import NamedTuple

WOBBLE = 0.35
"""Of a way's noise, by the range of its bar."""


class PriceBar(NamedTuple):
    """Prices are above 0, and `low` and `high` hold the other two."""

    start_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float


def make_path(bar: PriceBar, steps: int, random: Random) -> list[float]:
    """The price at the end of each of `steps`, at least 4: from the open it touches both extremes, stays between them,
    and ends at the close. A bar that rose went to its low first, more often than not."""
    low_first = random.random() < (0.75 if bar.close >= bar.open else 0.25)
    first, second = sorted(random.sample(range(1, steps), 2))
    extremes = (bar.low, bar.high) if low_first else (bar.high, bar.low)
    anchors = [(0, bar.open), (first, extremes[0]), (second, extremes[1]), (steps, bar.close)]
    path: list[float] = []
    for (begin, price), (end, target) in pairwise(anchors):
        path += _bridge(price, target, end - begin, bar, random)
    return path


def _bridge(price: float, target: float, steps: int, bar: PriceBar, random: Random) -> list[float]:
    """A Brownian bridge between the two, kept within the bar: each step goes its part of the rest, and astray."""
    noise = WOBBLE * (bar.high - bar.low) / math.sqrt(max(steps, 1))
    ways: list[float] = []
    for left in range(steps, 1, -1):
        price += (target - price) / left + noise * math.sqrt((left - 1) / left) * random.gauss(0, 1)
        price = min(bar.high, max(bar.low, price))
        ways.append(price)
    return [*ways, target]


def usual_interval_ms(bars: Sequence[PriceBar]) -> int:
    """The most common time between two bars that follow each other; at least two bars."""
    gaps = Counter(later.start_ms - bar.start_ms for bar, later in pairwise(bars))
    return max(gaps, key=lambda gap: (gaps[gap], -gap))
