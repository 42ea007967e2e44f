"""An order book: exact prices and sizes of both sides, kept in order of price."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Literal

from .messages import ZERO, Level

BookSide = Literal["bid", "ask"]


class OrderBook:
    """Levels by exact price. Equal prices are one level however they are spelled (`1.0` is `1.00`)."""

    __slots__ = ("_asks", "_bids")

    def __init__(self) -> None:
        self._bids, self._asks = _Side(Decimal.copy_abs), _Side(Decimal.copy_negate)

    def set_level(self, side: BookSide, price: Decimal, size: Decimal) -> None:
        """Let `size` stand at `price`; a size of 0 removes the level, whether or not it is there.

        Raises:
            ValueError: the price is not finite and positive, or the size not finite and at least 0; nothing changed.
        """
        if not (price.is_finite() and size.is_finite() and price > ZERO and size >= ZERO):
            raise ValueError(f"expected a finite price above 0 and size of at least 0, found {price} and {size}")
        self._side(side).set(((price, size),))

    def apply(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Set all levels of a diff or a snapshot, as `set_level` does. That they are valid is for their decoder."""
        self._bids.set(bids)
        self._asks.set(asks)

    def truncate(self, depth: int) -> None:
        """Keep the best `depth` levels of each side."""
        self._bids.truncate(depth)
        self._asks.truncate(depth)

    def clear(self) -> None:
        self.truncate(0)

    @property
    def best_bid(self) -> Level | None:
        return self._bids.levels[-1] if self._bids.levels else None

    @property
    def best_ask(self) -> Level | None:
        return self._asks.levels[-1] if self._asks.levels else None

    @property
    def crossed(self) -> bool:
        """Whether the best bid is at or above the best ask, which no book of a working venue is."""
        bids, asks = self._bids.levels, self._asks.levels
        return bool(bids and asks) and bids[-1][0] >= asks[-1][0]

    def top(self, n: int) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """The best `n` levels, or as many as there are, as (bids, asks), each best first."""
        if n <= 0:
            return (), ()
        return tuple(self._bids.levels[: -n - 1 : -1]), tuple(self._asks.levels[: -n - 1 : -1])

    def size_at(self, side: BookSide, price: Decimal) -> Decimal:
        """What stands at a price; zero where nothing does."""
        return self._side(side).size_at(price)

    def levels(self, side: BookSide) -> Iterator[Level]:
        """All levels of one side, best first. The book must not change while they are read."""
        return reversed(self._side(side).levels)

    def __len__(self) -> int:
        """How many levels both sides have together."""
        return len(self._bids.levels) + len(self._asks.levels)

    def _side(self, side: BookSide) -> "_Side":
        return self._bids if side == "bid" else self._asks


class _Side:
    """The levels of one side, best last: most changes are near the best, and cheap at a list's end."""

    __slots__ = ("_keys", "_to_key", "levels")

    def __init__(self, to_key: Callable[[Decimal], Decimal]) -> None:
        """`to_key`: of a price, exact; the better the price, the larger."""
        self.levels: list[Level] = []
        self._keys: list[Decimal] = []
        """Ascending, one a level."""
        self._to_key = to_key

    def set(self, changed: Iterable[Level]) -> None:
        keys, levels, to_key = self._keys, self.levels, self._to_key
        for level in changed:
            key = to_key(level[0])
            place = bisect_left(keys, key)
            if place < len(keys) and keys[place] == key:
                if level[1]:
                    levels[place] = level
                else:
                    del keys[place], levels[place]
            elif level[1]:
                keys.insert(place, key)
                levels.insert(place, level)

    def size_at(self, price: Decimal) -> Decimal:
        key = self._to_key(price)
        place = bisect_left(self._keys, key)
        return self.levels[place][1] if place < len(self._keys) and self._keys[place] == key else ZERO

    def truncate(self, depth: int) -> None:
        if (excess := len(self.levels) - depth) > 0:
            del self._keys[:excess], self.levels[:excess]
