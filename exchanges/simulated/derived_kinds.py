"""The kinds of streams that follow from trades, quotes and diffs: what each says, at once or once its time is over."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from ..market_events import DepthEvent, MarketEvent, TickerEvent, TradeEvent
from . import tickers
from .bars import Bar, end_of
from .market import Market
from .money import money
from .payloads import Json, depth

LONGEST_MS = 2_000
"""No period is longer."""
KLINES_BACK = 60
"""After a pause no more bars than that are said."""
Describe = Callable[[Market, int], Json]


class Derived:
    """One stream: hears every event of its symbol, or of all, and `due` is called once its period is over."""

    period_ms = 1_000
    always = False
    """Whether it has something to say even where nothing changed."""

    def __init__(self, market: Market | None) -> None:
        self.market = market
        self.changed = False
        self.due_ms = 0

    def hear(self, event: MarketEvent) -> Json | None:
        """What is sent of it at once."""
        self.changed = True
        return None

    def is_due(self, now_ms: int) -> bool:
        """Also where the clock was set back behind its period."""
        return not self.due_ms - self.period_ms <= now_ms < self.due_ms

    def due(self, now_ms: int) -> Iterator[tuple[Any, MarketEvent | None]]:
        """What is to be sent now."""
        yield from ()


class AggregateTrades(Derived):
    def hear(self, event: MarketEvent) -> Json | None:
        if not isinstance(event, TradeEvent):
            return None
        named = {"e": "aggTrade", "E": event.event_ms, "s": event.symbol}
        return named | tickers.aggregate_trade(event)


class SlowDiffs(Derived):
    """Diffs joined to one a second: the last size of every level."""

    def __init__(self, market: Market | None) -> None:
        super().__init__(market)
        self._first_id: int | None = None
        self._last: DepthEvent | None = None
        self._levels: tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]] = ({}, {})

    def hear(self, event: MarketEvent) -> Json | None:
        if isinstance(event, DepthEvent):
            self.changed = True
            self._first_id = event.first_id if self._first_id is None else self._first_id
            self._last = event
            for levels, changed in zip(self._levels, (event.bids, event.asks), strict=True):
                levels.update(changed)
        return None

    def due(self, now_ms: int) -> Iterator[tuple[Any, MarketEvent | None]]:
        if self._last is None or self._first_id is None:
            return
        bids, asks = (tuple(levels.items()) for levels in self._levels)
        event = msgspec.structs.replace(
            self._last, event_ms=now_ms, first_id=self._first_id, bids=bids, asks=asks, previous_id=None
        )
        self._first_id, self._last, self._levels = None, None, ({}, {})
        ids = {"e": "depthUpdate", "E": now_ms, "s": event.symbol, "U": event.first_id, "u": event.last_id}
        yield ids | {"b": _levels(bids), "a": _levels(asks)}, event


class PartialBook(Derived):
    def __init__(self, market: Market | None, levels: int, period_ms: int) -> None:
        super().__init__(market)
        self._levels, self.period_ms = levels, period_ms

    def due(self, now_ms: int) -> Iterator[tuple[Any, MarketEvent | None]]:
        if self.changed and self.market is not None:
            yield depth(self.market.shown(self._levels)), None


class Klines(Derived):
    """The running bar at first and where it changed, and every bar once it is closed."""

    always = True

    def __init__(self, market: Market | None, interval: str) -> None:
        super().__init__(market)
        self._interval = interval
        self._running_ms: int | None = None
        self.period_ms = 1_000 if interval == "1s" else LONGEST_MS

    def due(self, now_ms: int) -> Iterator[tuple[Any, MarketEvent | None]]:
        if self.market is None:
            return
        bars, first = self.market.tape.bars(self._interval, now_ms, KLINES_BACK), self._running_ms is None
        for bar in bars:
            closed = bar.start_ms < bars[-1].start_ms
            if (self._running_ms is not None and bar.start_ms >= self._running_ms) if closed else first or self.changed:
                yield self._describe(bar, now_ms, closed=closed), None
        self._running_ms = bars[-1].start_ms if bars else None

    def _describe(self, bar: Bar, now_ms: int, *, closed: bool) -> Json:
        name = self.market.instrument.venue_symbol if self.market else ""
        prices = {"o": bar.open, "c": bar.close, "h": bar.high, "l": bar.low, "v": bar.volume, "q": bar.quote_volume}
        taker = {"V": bar.taker_volume, "Q": bar.taker_quote_volume}
        span = {"t": bar.start_ms, "T": end_of(self._interval, bar.start_ms), "s": name, "i": self._interval}
        counts = {"f": bar.first_id, "L": bar.last_id, "n": bar.trades, "x": closed, "B": "0"}
        texts = {key: money(number) for key, number in (prices | taker).items()}
        return {"e": "kline", "E": now_ms, "s": name, "k": span | texts | counts}


class Figures(Derived):
    """Figures of the time behind, once a second where something changed."""

    def __init__(self, market: Market | None, describe: Describe) -> None:
        super().__init__(market)
        self._describe = describe

    def due(self, now_ms: int) -> Iterator[tuple[Any, MarketEvent | None]]:
        if self.changed and self.market is not None:
            yield self._describe(self.market, now_ms), None


class AllFigures(Derived):
    """The same of all symbols that changed, in one array."""

    def __init__(self, markets: Mapping[str, Market], describe: Describe) -> None:
        super().__init__(None)
        self._markets, self._describe = markets, describe
        self._touched: dict[str, None] = {}

    def hear(self, event: MarketEvent) -> Json | None:
        self._touched[event.symbol], self.changed = None, True
        return None

    def due(self, now_ms: int) -> Iterator[tuple[Any, MarketEvent | None]]:
        if self._touched:
            yield [self._describe(self._markets[symbol], now_ms) for symbol in self._touched], None
            self._touched = {}


class AllQuotes(Derived):
    def hear(self, event: MarketEvent) -> Json | None:
        if not isinstance(event, TickerEvent):
            return None
        quote = {"b": event.bid, "B": event.bid_size, "a": event.ask, "A": event.ask_size}
        return {"u": event.update_id, "s": event.symbol} | {key: money(number) for key, number in quote.items()}


def _levels(levels: tuple[tuple[Decimal, Decimal], ...]) -> list[list[str]]:
    return [[money(price), money(size)] for price, size in levels]
