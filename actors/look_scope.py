"""The reconciler's part that says what a look asks for; trades, which weigh most at a venue, of few symbols."""

from collections.abc import Iterable
from itertools import cycle, islice

from ..exchanges.venue import EvidenceAsked
from ..trading.books import CLOSED_KEPT, Books
from ..trading.differences import Difference
from ..trading.order_events import OrderEvent, OrderFilled

ALL_EVERY = 60
"""Within so many looks the trades of every symbol are asked for, whatever happened: a few of them each time."""
FILLS_BORNE = 100
"""Of one symbol. Evidence tells again what was filled since the symbol was asked for: the books must know all of it
still, or they would book it twice."""
ALL_FILLS_BORNE = CLOSED_KEPT * 4 // 5
"""Of all symbols: an order that the books have forgotten has to be looked for."""


class LookScope:
    """A trade that was missed changes what the venue has filled of an order that is open in the books, which the look
    itself follows, or balances: where these differ, trades are asked for. That we traded is no reason, unless it was
    often."""

    def __init__(self, symbols: tuple[str, ...]) -> None:
        self._symbols = symbols
        self._touched: set[str] = set()
        self._asked: tuple[str, ...] = ()
        self._round = cycle(symbols)
        self._at_once = -(-len(symbols) // ALL_EVERY)
        self._fills = dict.fromkeys(symbols, 0)
        """How many were booked since the symbol was asked for."""
        self._all_fills = 0

    def touch(self, *symbols: str) -> None:
        self._touched.update(symbols)

    def note(self, event: OrderEvent) -> None:
        """It was booked."""
        if not isinstance(event, OrderFilled) or event.symbol not in self._fills:
            return
        self._fills[event.symbol] += 1
        self._all_fills += 1
        if self._fills[event.symbol] >= FILLS_BORNE:
            self.touch(event.symbol)
        if self._all_fills >= ALL_FILLS_BORNE:
            self.touch(*(symbol for symbol, count in self._fills.items() if count))

    def ask(self, request_id: int, books: Books, transfers_since_ns: int | None) -> EvidenceAsked:
        opened = books.open_orders()
        return EvidenceAsked(
            request_id,
            self._symbols,
            {order.intent.client_id: order.intent.symbol for order in opened},
            dict(books.last_trade_id),
            {order.venue_id: order.intent.client_id for order in books.orders.values() if order.venue_id},
            self.take(books),
            transfers_since_ns,
            {order.intent.client_id: order.filled for order in opened},
        )

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
        self._fills |= dict.fromkeys(self._asked, 0)
        self._all_fills = sum(self._fills.values())
        return self._asked

    def give_back(self) -> None:
        """The last look came to nothing: the next one asks for its symbols, too."""
        self._touched.update(self._asked)
