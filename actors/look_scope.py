"""The reconciler's part that says whose trades a look asks for: those weigh most at a venue."""

from collections.abc import Iterable
from itertools import cycle, islice

from ..trading.books import Books
from ..trading.differences import Difference

ALL_EVERY = 60
"""Within so many looks the trades of every symbol are asked for, whatever happened: a few of them each time."""


class LookScope:
    """A trade that was missed changes what the venue has filled of an order that is open in the books, which the look
    itself follows, or balances: where these differ, trades are asked for. Nothing is asked for because we traded."""

    def __init__(self, symbols: tuple[str, ...]) -> None:
        self._symbols = symbols
        self._touched: set[str] = set()
        self._asked: tuple[str, ...] = ()
        self._round = cycle(symbols)
        self._at_once = -(-len(symbols) // ALL_EVERY)

    def touch(self, *symbols: str) -> None:
        self._touched.update(symbols)

    def widen(self, differences: Iterable[Difference], *, again: bool) -> None:
        """A trade that was missed shows in the balance of what was traded. `again`: they differ still."""
        found = {each.subject for each in differences if again or each.kind == "balance"}
        bases = [symbol for symbol in self._symbols if symbol.partition("/")[0] in found]
        if found:
            self.touch(*(self._symbols if again or not bases else bases))

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
