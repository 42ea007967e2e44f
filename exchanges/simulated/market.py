"""What the venue knows of one symbol's market: the published book, the fresher best quote, and its tape."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple, assert_never

from ...trading.book import BookSide, OrderBook
from ...trading.instruments import Instrument
from ...trading.messages import ZERO, Level
from ..market_events import DepthEvent, MarketEvent, TickerEvent, TradeEvent
from .average_price import AveragePrice
from .filters import Rules
from .impact import Impact
from .tape import Tape


class BookShown(NamedTuple):
    update_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class Market:
    """One symbol. `book` is what clients can know from the depth stream and `last_update_id` its last published id;
    orders match against `available`: the book corrected by the best quote, without what own orders took of it."""

    def __init__(self, instrument: Instrument, rules: Rules | None = None) -> None:
        self.instrument = instrument
        self.rules = rules or Rules()
        self.book = OrderBook()
        self.last_update_id = 0
        self.quote: TickerEvent | None = None
        self.tape = Tape()
        self.impact = Impact(instrument.step_size, self.rules.impact_ms)
        self.traded: dict[tuple[BookSide, Decimal], Decimal] = {}
        """By strangers since the level was last stated, of levels where our orders stand."""
        self._average = AveragePrice()

    def shown(self, limit: int) -> BookShown:
        """The published book's best levels."""
        return BookShown(self.last_update_id, *self.book.top(limit))

    @property
    def last_price(self) -> Decimal | None:
        """Of the last trade, else the middle of the best quote, else None."""
        if self.tape.trades:
            return self.tape.trades[-1].price
        return (self.quote.bid + self.quote.ask) / 2 if self.quote else None

    def average_price(self, now_ms: int) -> Decimal | None:
        """Of the last minutes' trades, else the last price."""
        return self._average.over(now_ms) or self.last_price

    def apply(self, event: MarketEvent) -> None:
        match event:
            case TradeEvent():
                self.tape.add(event)
                self._average.add(event)
            case TickerEvent():
                self._thin_out(event)
                self.quote = event
            case DepthEvent():
                self._apply_depth(event)
            case _:
                assert_never(event)

    def levels(self, side: BookSide) -> Iterator[Level]:
        """As displayed, best first: the best quote, then the book's levels behind it."""
        if self.quote is None:
            yield from self.book.levels(side)
            return
        bids = side == "bid"
        best, size = self._quoted(side)
        yield best, size
        for price, level_size in self.book.levels(side):
            if price < best if bids else price > best:
                yield price, level_size

    def available(self, side: BookSide, now_ms: int) -> Iterator[Level]:
        """The levels a taker meets, best first."""
        return self.impact.thinned(side, self.levels(side), now_ms) if self.impact else self.levels(side)

    def displayed(self, side: BookSide, price: Decimal) -> Decimal:
        """What strangers have standing at a price; nothing where it is better than the best quote."""
        if self.quote is not None:
            best, size = self._quoted(side)
            if price == best:
                return size
            if price > best if side == "bid" else price < best:
                return ZERO
        return self.book.size_at(side, price)

    def stated(self, event: TickerEvent | DepthEvent) -> Iterator[tuple[BookSide, Decimal, Decimal]]:
        """What the event says of levels: (side, price, size). Of the best quote's levels, diffs are late to tell."""
        if isinstance(event, TickerEvent):
            yield "bid", event.bid, event.bid_size
            yield "ask", event.ask, event.ask_size
            return
        bid, ask = (self.quote.bid, self.quote.ask) if self.quote else (ZERO, ZERO)
        for price, size in event.bids:
            if price != bid:
                yield "bid", price, size
        for price, size in event.asks:
            if price != ask:
                yield "ask", price, size

    def _quoted(self, side: BookSide) -> Level:
        quote = self.quote
        assert quote is not None
        return (quote.bid, quote.bid_size) if side == "bid" else (quote.ask, quote.ask_size)

    def _apply_depth(self, event: DepthEvent) -> None:
        # Behind a gap the market begins anew (a recording's next loop): what the book held is not of it.
        if event.first_id != self.last_update_id + 1:
            self.book.clear()
        self._thin_out(event)
        self.book.apply(event.bids, event.asks)
        self.last_update_id = event.last_id

    def _thin_out(self, event: TickerEvent | DepthEvent) -> None:
        if self.impact:
            for side, price, size in self.stated(event):
                self.impact.restated(side, price, size)
            if isinstance(event, TickerEvent):
                self.impact.moved(event.bid, event.ask, self.book)
