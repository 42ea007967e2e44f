"""A real venue's market as the frames of the local one: any protocol's events in, Binance's stream frames out. Pure.

Ids are our own: they go on over gaps and reconnects, so whoever follows the local streams sees one unbroken chain, and
silence where the real book is not known.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from ...trading.book import BookSide, OrderBook
from ...trading.messages import Level
from ..book_sync import BookReady, Effect, Input, StreamLost, Synchronizer
from ..market_events import DepthEvent, TickerEvent, TradeEvent
from .money import money


class Stamped(NamedTuple):
    """A frame for the local streams, and the stream it belongs to."""

    stream: str
    payload: bytes


class LiveFrames:
    """One symbol. While the real book is not known nothing is written; once it is again, the first diff holds all that
    changed meanwhile. `first_id` must be above every id of an earlier run, such as the time in
    milliseconds times 1,000.
    """

    def __init__(self, name: str, synchronizer: Synchronizer, first_id: int) -> None:
        self._name = name
        self._synchronizer = synchronizer
        self._published = OrderBook()
        self._id = self._diffed = first_id
        self._touch: tuple[Level | None, Level | None] = (None, None)
        self._has_ticker = False

    @property
    def live(self) -> bool:
        return self._synchronizer.live

    def follow(self, word: Input) -> tuple[tuple[Effect, ...], list[Stamped]]:
        """What becomes of the book by a diff, a snapshot or a change of the connection: what is to be asked of the real
        venue, and what the local one publishes."""
        effects = self._synchronizer.step(word)
        if isinstance(word, StreamLost):
            self._has_ticker = False
        if not self.live:
            return effects, []
        ready = any(isinstance(effect, BookReady) for effect in effects)
        bids, asks = list[Level](), list[Level]()
        if plain := isinstance(word, DepthEvent) and not ready and not word.snapshot:
            bids, asks = list(word.bids), list(word.asks)
            self._published.apply(bids, asks)
        if not plain or len(self._published) != len(self._synchronizer.book):  # some fell out of a bounded book
            more = list(self._changes("bid")), list(self._changes("ask"))
            self._published.apply(*more)
            bids, asks = bids + more[0], asks + more[1]
        at_ms = word.event_ms if isinstance(word, DepthEvent) else 0
        return effects, [self._diff(at_ms, bids, asks), *self._touched()]

    def write(self, event: TradeEvent | TickerEvent) -> list[Stamped]:
        """A trade or the best quote; nothing while the book is not known."""
        if not self.live:
            return []
        if isinstance(event, TradeEvent):
            return [self._trade(event)]
        self._has_ticker = True
        return [self._quote((event.bid, event.bid_size), (event.ask, event.ask_size))]

    def _changes(self, side: BookSide) -> Iterator[Level]:
        before, now = dict(self._published.levels(side)), dict(self._synchronizer.book.levels(side))
        yield from ((price, size * 0) for price, size in before.items() if price not in now)
        yield from ((price, size) for price, size in now.items() if before.get(price) != size)

    def _touched(self) -> list[Stamped]:
        """A quote of the book's own, for venues that send none."""
        touch = (self._published.best_bid, self._published.best_ask)
        if self._has_ticker or touch == self._touch or touch[0] is None or touch[1] is None:
            return []
        self._touch = touch
        return [self._quote(touch[0], touch[1])]

    def _quote(self, bid: Level, ask: Level) -> Stamped:
        self._id += 1
        body = {"u": self._id, "s": self._name, "b": money(bid[0]), "B": money(bid[1])}
        return self._frame("bookTicker", body | {"a": money(ask[0]), "A": money(ask[1])})

    def _diff(self, at_ms: int, bids: Iterable[Level], asks: Iterable[Level]) -> Stamped:
        first_id, self._id = self._diffed + 1, self._id + 1
        self._diffed = self._id
        ids = {"e": "depthUpdate", "E": at_ms, "s": self._name, "U": first_id, "u": self._id}
        return self._frame("depth@100ms", ids | {"b": _levels(bids), "a": _levels(asks)})

    def _trade(self, trade: TradeEvent) -> Stamped:
        head = {"e": "trade", "E": trade.event_ms, "s": self._name, "t": trade.trade_id}
        tail = {"p": money(trade.price), "q": money(trade.size), "T": trade.trade_ms, "m": trade.buyer_is_maker}
        return self._frame("trade", head | tail | {"M": True})

    def _frame(self, channel: str, body: dict[str, object]) -> Stamped:
        return Stamped(f"{self._name.lower()}@{channel}", msgspec.json.encode(body))


def _levels(levels: Iterable[Level]) -> list[list[str]]:
    return [[money(price), money(size)] for price, size in levels]
