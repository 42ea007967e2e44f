"""What own takers took from the displayed levels of one market: it is not there a second time.

The replayed market knows nothing of it. A level stays thinner until the market's own updates put something there anew,
and by and by all is forgotten: `lasts_ms` bounds how long, `LEVELS_MAX` how much is kept.
"""

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal

from ...trading.book import BookSide, OrderBook
from ...trading.messages import ZERO, Level

LASTS_MS = 10_000
LEVELS_MAX = 200
Key = tuple[BookSide, Decimal]


class Impact:
    """`lasts_ms`: what was taken comes back evenly over that time, in whole steps of the amount; zero for a market that
    at once is as it was."""

    def __init__(self, step: Decimal, lasts_ms: int = LASTS_MS) -> None:
        self.lasts_ms = lasts_ms
        self._step = step
        self._taken: dict[Key, tuple[Decimal, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._taken)

    def take(self, side: BookSide, price: Decimal, size: Decimal, now_ms: int) -> None:
        taken = self.taken(side, price, now_ms) + size
        self._taken.pop((side, price), None)
        if self.lasts_ms:
            self._taken[side, price] = taken, now_ms
        if len(self._taken) > LEVELS_MAX:
            del self._taken[next(iter(self._taken))]

    def taken(self, side: BookSide, price: Decimal, now_ms: int) -> Decimal:
        """What is missing at a level."""
        if not (entry := self._taken.get((side, price))):
            return ZERO
        size, at_ms = entry
        left_ms = self.lasts_ms - (now_ms - at_ms)
        if left_ms <= 0:
            return ZERO
        steps = (size * left_ms / (self.lasts_ms * self._step)).to_integral_value(ROUND_CEILING)
        return min(size, steps * self._step)

    def restated(self, side: BookSide, price: Decimal, size: Decimal) -> None:
        """The market says what stands at a level: no more than that can be missing of it."""
        if entry := self._taken.get((side, price)):
            if size:
                self._taken[side, price] = min(entry[0], size), entry[1]
            else:
                del self._taken[side, price]

    def moved(self, bid: Decimal, ask: Decimal, book: OrderBook) -> None:
        """The best quote: what stood at better prices is gone with what was taken of it, once the book says so too."""
        better = [(side, price) for side, price in self._taken if (price > bid if side == "bid" else price < ask)]
        for side, price in better:
            if not book.size_at(side, price):
                del self._taken[side, price]

    def thinned(self, side: BookSide, levels: Iterator[Level], now_ms: int) -> Iterator[Level]:
        """The levels without what was taken of them."""
        for level in levels:
            price, size = level
            if (side, price) not in self._taken:
                yield level
            elif (left := size - self.taken(side, price, now_ms)) > 0:
                yield price, left
