"""The reconciler's part that says whose trades a look asks for: those weigh most at a venue."""

from ..trading.books import Books

ALL_EVERY = 60
"""Of so many looks one asks for the trades of every symbol, whatever happened."""


class LookScope:
    """Knows the symbols of which something happened since their trades were asked for and all was equal."""

    def __init__(self, symbols: tuple[str, ...]) -> None:
        self._symbols = symbols
        self._touched = set(symbols)
        self._asked: tuple[str, ...] = ()
        self._looks = 0

    def touch(self, *symbols: str) -> None:
        self._touched.update(symbols)

    def touch_all(self) -> None:
        self._touched.update(self._symbols)

    def take(self, books: Books) -> tuple[str, ...]:
        """For the next look. Where orders stand, something may happen at any time."""
        self._looks += 1
        if self._looks % ALL_EVERY == 0 or not books.adopted:
            self.touch_all()
        self.touch(*(order.intent.symbol for order in books.open_orders()))
        self._asked = tuple(symbol for symbol in self._symbols if symbol in self._touched)
        self._touched = set()
        return self._asked

    def give_back(self) -> None:
        """The last look came to nothing: the next one asks for its symbols, too."""
        self._touched.update(self._asked)
