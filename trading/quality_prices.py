"""Which prices are believed: those near the last ones, and others once another stream of the venue says the same."""

from decimal import Decimal

from .messages import ZERO

CONFIRMATIONS = 3
"""So many further updates near a price make it believed, where they are of more than one stream."""
JUMP = 0.05
RECENTRE = 0.01


class PriceBand:
    """A price outside [`low`, `high`] is not to be forwarded. Nothing is inside before the first `centre`.

    A real jump is believed within a few updates, since quotes, trades and book all move; a stream that lies alone never
    is. At most one such candidate is remembered.
    """

    __slots__ = ("_candidate", "_jump", "_middle", "_sources", "high", "low")

    def __init__(self, jump: float = JUMP) -> None:
        """`jump`: the fraction by which a price may differ from the last ones."""
        self._jump = jump
        self._middle = 0.0
        self.low, self.high = Decimal(1), ZERO
        self._candidate = ZERO
        self._sources: dict[str, int] = {}

    @property
    def known(self) -> bool:
        return self._middle > 0.0

    @property
    def doubts(self) -> bool:
        """Whether a price waits to be believed."""
        return bool(self._sources)

    def admits(self, price: Decimal) -> bool:
        return self.low <= price <= self.high

    def centre(self, price: Decimal) -> None:
        """`price` is right. Cheap where it is near the one before."""
        value = float(price)
        if self._middle and abs(value - self._middle) <= RECENTRE * self._middle:
            return
        self._middle = value
        self.low, self.high = _around(price, self._jump)

    def settle(self) -> None:
        """What waited to be believed was found to be wrong."""
        self._candidate, self._sources = ZERO, {}

    def consider(self, price: Decimal, source: str) -> bool:
        """A price from outside the band; True where it is believed now, and the band is around it."""
        low, high = _around(self._candidate, self._jump)
        if not (self._sources and low <= price <= high):
            self._candidate, self._sources = price, {source: 1}
            return False
        self._sources[source] = self._sources.get(source, 0) + 1
        if len(self._sources) < 2 or sum(self._sources.values()) <= CONFIRMATIONS:
            return False
        self.centre(price)
        self.settle()
        return True


def _around(price: Decimal, jump: float) -> tuple[Decimal, Decimal]:
    width = price * Decimal(str(jump))
    return price - width, price + width
