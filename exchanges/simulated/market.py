"""What the venue knows of one symbol's market: the published book, the fresher best quote, and its tape."""

from collections.abc import Iterator
from decimal import Decimal
from typing import assert_never

from ...trading.book import BookSide, OrderBook
from ...trading.instruments import Instrument
from ...trading.messages import Level
from ..market_events import DepthEvent, MarketEvent, TickerEvent, TradeEvent
from .tape import Tape


class Market:
    """One symbol. `book` is what clients can know from the depth stream and `last_update_id` its last published id;
    orders match against `levels`, which corrects the book by the best quote."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.book = OrderBook()
        self.last_update_id = 0
        self.quote: TickerEvent | None = None
        self.tape = Tape()

    @property
    def last_price(self) -> Decimal | None:
        """Of the last trade, else the middle of the best quote, else None."""
        if self.tape.trades:
            return self.tape.trades[-1].price
        return (self.quote.bid + self.quote.ask) / 2 if self.quote else None

    def apply(self, event: MarketEvent) -> None:
        match event:
            case TradeEvent():
                self.tape.add(event)
            case TickerEvent():
                self.quote = event
            case DepthEvent():
                self._apply_depth(event)
            case _:
                assert_never(event)

    def _apply_depth(self, event: DepthEvent) -> None:
        # Behind a gap the market begins anew (a recording's next loop): what the book held is not of it.
        if event.first_id != self.last_update_id + 1:
            self.book.clear()
        self.book.apply(event.bids, event.asks)
        self.last_update_id = event.last_id

    def levels(self, side: BookSide) -> Iterator[Level]:
        """The levels a taker meets, best first: the best quote, then the book's levels behind it."""
        if self.quote is None:
            yield from self.book.levels(side)
            return
        bids = side == "bid"
        best, size = (self.quote.bid, self.quote.bid_size) if bids else (self.quote.ask, self.quote.ask_size)
        yield best, size
        for price, level_size in self.book.levels(side):
            if price < best if bids else price > best:
                yield price, level_size
