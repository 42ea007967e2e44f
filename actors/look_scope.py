"""The reconciler's part that says whose trades a look asks for: those weigh most at a venue."""

from itertools import cycle, islice

from ..trading.books import Books

ALL_EVERY = 60
"""Within so many looks the trades of every symbol are asked for, whatever happened: a few of them each time."""


class LookScope:
    """Knows the symbols of which something happened since their trades were asked for and all was equal.

    Where nothing is known to have happened the venue's orders and balances speak: a trade changes them. While balances
    differ every symbol is asked for.
    """

    def __init__(self, symbols: tuple[str, ...]) -> None:
        self._symbols = symbols
        self._touched: set[str] = set()
        self._asked: tuple[str, ...] = ()
        self._round = cycle(symbols)
        self._at_once = -(-len(symbols) // ALL_EVERY)

    def touch(self, *symbols: str) -> None:
        self._touched.update(symbols)

    def touch_all(self) -> None:
        self._touched.update(self._symbols)

    def take(self, books: Books) -> tuple[str, ...]:
        """For the next look. What a symbol's trades were before its first order must be known."""
        self.touch(*(symbol for symbol in self._symbols if symbol not in books.last_trade_id))
        self.touch(*islice(self._round, self._at_once))
        self._asked = tuple(symbol for symbol in self._symbols if symbol in self._touched)
        self._touched = set()
        return self._asked

    def give_back(self) -> None:
        """The last look came to nothing: the next one asks for its symbols, too."""
        self._touched.update(self._asked)
