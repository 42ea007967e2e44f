"""The streams that follow from trades, quotes and diffs: only those that somebody hears are made.

They keep the venue's periods, and their time passes with the market's frames: a market that is silent says nothing here
either.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from ..market_events import DepthEvent, MarketEvent, TickerEvent, TradeEvent
from . import tickers
from .bars import DAY_MS, HOUR_MS, INTERVALS, Bar, end_of
from .market import Market
from .payloads import Json, depth, money
from .streams import MarketStreams

Publish = Callable[[str, str, bytes, MarketEvent | None], None]
"""(stream, symbol, payload, the event it stands for); the symbol of all is empty."""
SPANS_MS = {"": DAY_MS, "_1h": HOUR_MS, "_4h": 4 * HOUR_MS, "_1d": DAY_MS}
_PARTIAL = re.compile(r"depth(5|10|20)(@100ms|@1000ms)?")
_WINDOW = re.compile(r"ticker(_1h|_4h|_1d)?")

_FIGURES = {
    "o": "openPrice", "h": "highPrice", "l": "lowPrice", "c": "lastPrice", "v": "volume", "q": "quoteVolume",
}  # fmt: skip
_CHANGES = _FIGURES | {
    "p": "priceChange", "P": "priceChangePercent", "w": "weightedAvgPrice", "O": "openTime", "C": "closeTime",
    "F": "firstId", "L": "lastId", "n": "count",
}  # fmt: skip
_DAY = _CHANGES | {
    "x": "prevClosePrice", "Q": "lastQty", "b": "bidPrice", "B": "bidQty", "a": "askPrice", "A": "askQty",
}  # fmt: skip


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
            yield depth(self.market, self._levels), None


class Klines(Derived):
    """The running bar at first and where it changed, and every bar once it is closed."""

    always = True

    def __init__(self, market: Market | None, interval: str) -> None:
        super().__init__(market)
        self._interval = interval
        self._running_ms: int | None = None
        self.period_ms = 1_000 if interval == "1s" else 2_000

    def due(self, now_ms: int) -> Iterator[tuple[Any, MarketEvent | None]]:
        if self.market is None:
            return
        bars, first = self.market.tape.bars(self._interval, now_ms)[-3:], self._running_ms is None
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

    def __init__(self, market: Market | None, describe: Callable[[Market, int], Json]) -> None:
        super().__init__(market)
        self._describe = describe

    def due(self, now_ms: int) -> Iterator[tuple[Any, MarketEvent | None]]:
        if self.changed and self.market is not None:
            yield self._describe(self.market, now_ms), None


class AllFigures(Derived):
    """The same of all symbols that changed, in one array."""

    def __init__(self, markets: Mapping[str, Market], describe: Callable[[Market, int], Json]) -> None:
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


class DerivedStreams:
    """Makes what `streams` has subscribers for, of all `markets`."""

    def __init__(self, markets: Mapping[str, Market], streams: MarketStreams, publish: Publish) -> None:
        self._markets = markets
        self._streams = streams
        self._publish = publish
        self._changes = 0
        self._made: dict[str, Derived] = {}
        self._by_symbol: dict[str, list[tuple[str, Derived]]] = {}
        self._next_ms = 0

    def observe(self, event: MarketEvent, now_ms: int) -> None:
        """Take in an event, after the market has."""
        if self._changes != self._streams.changes:
            self._remake(now_ms)
        for key in (event.symbol, ""):
            for name, derived in self._by_symbol.get(key, ()):
                if (said := derived.hear(event)) is not None:
                    self._publish(name, event.symbol, msgspec.json.encode(said), event)
        if self._made and now_ms >= self._next_ms:
            self._turn(now_ms)

    def _turn(self, now_ms: int) -> None:
        for name, derived in self._made.items():
            if now_ms >= derived.due_ms and (derived.changed or derived.always):
                symbol = derived.market.instrument.venue_symbol if derived.market else ""
                for said, event in derived.due(now_ms):
                    self._publish(name, symbol, msgspec.json.encode(said), event)
                derived.changed = False
                derived.due_ms = now_ms - now_ms % derived.period_ms + derived.period_ms
        self._next_ms = min(derived.due_ms for derived in self._made.values())

    def _remake(self, now_ms: int) -> None:
        self._changes = self._streams.changes
        made: dict[str, Derived] = {}
        for name in self._streams.names:
            derived = self._made.get(name) or make(name, self._markets)
            if derived is not None:
                derived.due_ms = derived.due_ms or now_ms + 1
                made[name] = derived
        self._made, self._by_symbol = made, {}
        for name, derived in made.items():
            symbol = derived.market.instrument.venue_symbol if derived.market else ""
            self._by_symbol.setdefault(symbol, []).append((name, derived))
        self._next_ms = 0


def make(name: str, markets: Mapping[str, Market]) -> Derived | None:
    """The stream of that name; None for one that the market itself has, or that there is none of."""
    if name.startswith("!"):
        return _make_of_all(name, markets)
    symbol, _, kind = name.partition("@")
    if (market := markets.get(symbol.upper())) is None:
        return None
    if kind.startswith("kline_") and kind[6:] in INTERVALS:
        return Klines(market, kind[6:])
    if partial := _PARTIAL.fullmatch(kind):
        return PartialBook(market, int(partial[1]), 100 if partial[2] == "@100ms" else 1_000)
    if (describe := _figures(kind)) is not None:
        return Figures(market, describe)
    match kind:
        case "aggTrade":
            return AggregateTrades(market)
        case "depth" | "depth@1000ms":
            return SlowDiffs(market)
        case "avgPrice":
            return Figures(market, _average)
    return None


def _make_of_all(name: str, markets: Mapping[str, Market]) -> Derived | None:
    if name == "!bookTicker":
        return AllQuotes(None)
    describe = _figures(name[1:].removesuffix("@arr")) if name.endswith("@arr") else None
    return AllFigures(markets, describe) if describe is not None else None


def _figures(kind: str) -> Callable[[Market, int], Json] | None:
    if kind == "miniTicker":
        return lambda market, now_ms: _named("24hrMiniTicker", _FIGURES, tickers.mini_ticker(market, now_ms), now_ms)
    if kind == "ticker":
        return lambda market, now_ms: _named("24hrTicker", _DAY, tickers.day_ticker(market, now_ms), now_ms)
    if not (window := _WINDOW.fullmatch(kind)):
        return None
    title, span_ms = f"{window[1][1:]}Ticker", SPANS_MS[window[1]]
    return lambda market, now_ms: _named(title, _CHANGES, tickers.window_ticker(market, now_ms, span_ms), now_ms)


def _named(title: str, keys: Mapping[str, str], figures: Json, now_ms: int) -> Json:
    return {"e": title, "E": now_ms, "s": figures["symbol"]} | {key: figures[name] for key, name in keys.items()}


def _average(market: Market, now_ms: int) -> Json:
    average = tickers.average_price(market, now_ms)
    named = {"e": "avgPrice", "E": now_ms, "s": market.instrument.venue_symbol}
    return named | {"i": f"{average['mins']}m", "w": average["price"], "T": average["closeTime"]}


def _levels(levels: tuple[tuple[Decimal, Decimal], ...]) -> list[list[str]]:
    return [[money(price), money(size)] for price, size in levels]
