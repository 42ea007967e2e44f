"""An order book: exact prices and sizes of both sides, kept in order of price."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Literal

from .messages import ZERO, Level

BookSide = Literal["bid", "ask"]


class OrderBook:
    """Levels by exact price. Equal prices are one level however they are spelled (`1.0` is `1.00`).

    An update of a known level costs one hash look-up; only a new or vanished level touches the sorted prices.
    """

    __slots__ = ("_ask_levels", "_ask_prices", "_bid_levels", "_bid_prices")

    def __init__(self) -> None:
        self._bid_levels: dict[Decimal, Level] = {}
        self._ask_levels: dict[Decimal, Level] = {}
        self._bid_prices: list[Decimal] = []
        self._ask_prices: list[Decimal] = []
        """Both ascending."""

    def set_level(self, side: BookSide, price: Decimal, size: Decimal) -> None:
        """Let `size` stand at `price`; a size of 0 removes the level, whether or not it is there.

        Raises:
            ValueError: the price is not finite and positive, or the size not finite and at least 0; nothing changed.
        """
        if not (price.is_finite() and size.is_finite() and price > ZERO and size >= ZERO):
            raise ValueError(f"expected a finite price above 0 and size of at least 0, found {price} and {size}")
        _set(*self._side(side), ((price, size),))

    def apply(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Set all levels of a diff or a snapshot, as `set_level` does. That they are valid is for their decoder."""
        _set(self._bid_levels, self._bid_prices, bids)
        _set(self._ask_levels, self._ask_prices, asks)

    def truncate(self, depth: int) -> None:
        """Keep the best `depth` levels of each side."""
        if (excess := len(self._bid_prices) - depth) > 0:
            _drop(self._bid_levels, self._bid_prices, slice(excess))
        if len(self._ask_prices) > depth:
            _drop(self._ask_levels, self._ask_prices, slice(depth, None))

    def clear(self) -> None:
        for part in (self._bid_levels, self._ask_levels, self._bid_prices, self._ask_prices):
            part.clear()

    @property
    def best_bid(self) -> Level | None:
        return self._bid_levels[self._bid_prices[-1]] if self._bid_prices else None

    @property
    def best_ask(self) -> Level | None:
        return self._ask_levels[self._ask_prices[0]] if self._ask_prices else None

    @property
    def crossed(self) -> bool:
        """Whether the best bid is at or above the best ask, which no book of a working venue is."""
        bids, asks = self._bid_prices, self._ask_prices
        return bool(bids and asks) and bids[-1] >= asks[0]

    def top(self, n: int) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """The best `n` levels, or as many as there are, as (bids, asks), each best first."""
        if n <= 0:
            return (), ()
        bids = map(self._bid_levels.__getitem__, self._bid_prices[: -n - 1 : -1])
        return tuple(bids), tuple(map(self._ask_levels.__getitem__, self._ask_prices[:n]))

    def size_at(self, side: BookSide, price: Decimal) -> Decimal:
        """What stands at a price; zero where nothing does."""
        level = self._side(side)[0].get(price)
        return level[1] if level else ZERO

    def levels(self, side: BookSide) -> Iterator[Level]:
        """All levels of one side, best first. The book must not change while they are read."""
        levels, prices = self._side(side)
        return map(levels.__getitem__, reversed(prices) if side == "bid" else prices)

    def __len__(self) -> int:
        """How many levels both sides have together."""
        return len(self._bid_prices) + len(self._ask_prices)

    def _side(self, side: BookSide) -> tuple[dict[Decimal, Level], list[Decimal]]:
        return (self._bid_levels, self._bid_prices) if side == "bid" else (self._ask_levels, self._ask_prices)


def _set(levels: dict[Decimal, Level], prices: list[Decimal], changed: Iterable[Level]) -> None:
    for level in changed:
        price, size = level
        if size:
            if price not in levels:
                insort(prices, price)
            levels[price] = level
        elif levels.pop(price, None) is not None:
            del prices[bisect_left(prices, price)]


def _drop(levels: dict[Decimal, Level], prices: list[Decimal], worst: slice) -> None:
    for price in prices[worst]:
        del levels[price]
    del prices[worst]
