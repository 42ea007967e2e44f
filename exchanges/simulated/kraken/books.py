"""One symbol's book as Kraken's clients of one depth know it: what they are told when it changes. Pure."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from ....trading.book import OrderBook
from ....trading.messages import Level

DEPTHS = (10, 25, 100, 500, 1000)
ZERO = Decimal(0)


class Changes(NamedTuple):
    """Levels with their new sizes; 0 where a level is gone."""

    bids: list[Level]
    asks: list[Level]

    def __bool__(self) -> bool:
        return bool(self.bids or self.asks)


class BookView:
    """The best `depth` levels as last told."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.bids: tuple[Level, ...] = ()
        self.asks: tuple[Level, ...] = ()

    def update(self, book: OrderBook) -> Changes:
        """Bring it up to the book. Of a level that only falls out of the depth nothing is said; one that comes into it
        is told like a new one."""
        bids, asks = book.top(self.depth)
        changes = Changes(
            [*_gone(self.bids, bids, self.depth, -1), *_new(self.bids, bids)],
            [*_gone(self.asks, asks, self.depth, 1), *_new(self.asks, asks)],
        )
        self.bids, self.asks = bids, asks
        return changes


def _new(old: tuple[Level, ...], levels: tuple[Level, ...]) -> Iterable[Level]:
    told = dict(old)
    return ((price, size) for price, size in levels if told.get(price) != size)


def _gone(old: tuple[Level, ...], levels: tuple[Level, ...], depth: int, away: int) -> Iterable[Level]:
    there = {price for price, _ in levels}
    full = len(levels) == depth
    return (
        (price, ZERO) for price, _ in old if price not in there and not (full and (price - levels[-1][0]) * away > 0)
    )
