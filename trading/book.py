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

    __slots__ = ("_ascending", "_sizes")

    def __init__(self) -> None:
        self._sizes: dict[BookSide, dict[Decimal, Decimal]] = {"bid": {}, "ask": {}}
        self._ascending: dict[BookSide, list[Decimal]] = {"bid": [], "ask": []}

    def set_level(self, side: BookSide, price: Decimal, size: Decimal) -> None:
        """Let `size` stand at `price`; a size of 0 removes the level, whether or not it is there.

        Raises:
            ValueError: the price is not finite and positive, or the size not finite and at least 0; nothing changed.
        """
        if not (price.is_finite() and size.is_finite() and price > ZERO and size >= ZERO):
            raise ValueError(f"expected a finite price above 0 and size of at least 0, found {price} and {size}")
        sizes = self._sizes[side]
        if size:
            if price not in sizes:
                insort(self._ascending[side], price)
            sizes[price] = size
        elif sizes.pop(price, None) is not None:
            ascending = self._ascending[side]
            del ascending[bisect_left(ascending, price)]

    def apply(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Set all levels of a diff or a snapshot, with the rules of `set_level`."""
        for price, size in bids:
            self.set_level("bid", price, size)
        for price, size in asks:
            self.set_level("ask", price, size)

    def truncate(self, depth: int) -> None:
        """Keep the best `depth` levels of each side."""
        self._drop("bid", slice(max(len(self._ascending["bid"]) - depth, 0)))
        self._drop("ask", slice(depth, None))

    def clear(self) -> None:
        for side in self._sizes:
            self._sizes[side].clear()
            self._ascending[side].clear()

    @property
    def best_bid(self) -> Level | None:
        prices = self._ascending["bid"]
        return (prices[-1], self._sizes["bid"][prices[-1]]) if prices else None

    @property
    def best_ask(self) -> Level | None:
        prices = self._ascending["ask"]
        return (prices[0], self._sizes["ask"][prices[0]]) if prices else None

    @property
    def crossed(self) -> bool:
        """Whether the best bid is at or above the best ask, which no book of a working venue is."""
        bids, asks = self._ascending["bid"], self._ascending["ask"]
        return bool(bids and asks) and bids[-1] >= asks[0]

    def top(self, n: int) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """The best `n` levels, or as many as there are, as (bids, asks), each best first."""
        if n <= 0:
            return (), ()
        bids, asks = self._sizes["bid"], self._sizes["ask"]
        best_bids, best_asks = self._ascending["bid"][: -n - 1 : -1], self._ascending["ask"][:n]
        return tuple((price, bids[price]) for price in best_bids), tuple((price, asks[price]) for price in best_asks)

    def size_at(self, side: BookSide, price: Decimal) -> Decimal:
        """What stands at a price; zero where nothing does."""
        return self._sizes[side].get(price, ZERO)

    def levels(self, side: BookSide) -> Iterator[Level]:
        """All levels of one side, best first. The book must not change while they are read."""
        ascending, sizes = self._ascending[side], self._sizes[side]
        for price in reversed(ascending) if side == "bid" else ascending:
            yield price, sizes[price]

    def __len__(self) -> int:
        """How many levels both sides have together."""
        return len(self._ascending["bid"]) + len(self._ascending["ask"])

    def _drop(self, side: BookSide, worst: slice) -> None:
        for price in self._ascending[side][worst]:
            del self._sizes[side][price]
        del self._ascending[side][worst]
