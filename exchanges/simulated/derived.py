"""The streams that follow from trades, quotes and diffs: only those that somebody hears are made.

They keep the venue's periods. Their time passes with the market's frames, and by `pass_time` where there are none.
"""

import re
from collections.abc import Callable, Mapping

import msgspec

from ..market_events import MarketEvent
from . import tickers
from .bars import DAY_MS, HOUR_MS, INTERVALS
from .derived_kinds import (
    LONGEST_MS,
    AggregateTrades,
    AllFigures,
    AllQuotes,
    Derived,
    Describe,
    Figures,
    Klines,
    PartialBook,
    SlowDiffs,
)
from .market import Market
from .payloads import Json
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
        self._follow(now_ms)
        for key in (event.symbol, ""):
            for name, derived in self._by_symbol.get(key, ()):
                if (said := derived.hear(event)) is not None:
                    self._publish(name, event.symbol, msgspec.json.encode(said), event)
        self._turn(now_ms)

    def pass_time(self, now_ms: int) -> None:
        """To be called now and then."""
        self._follow(now_ms)
        self._turn(now_ms)

    def _turn(self, now_ms: int) -> None:
        if not self._made or self._next_ms - LONGEST_MS <= now_ms < self._next_ms:
            return
        for name, derived in self._made.items():
            if not derived.is_due(now_ms):
                continue
            if derived.changed or derived.always:
                symbol = derived.market.instrument.venue_symbol if derived.market else ""
                for said, event in derived.due(now_ms):
                    self._publish(name, symbol, msgspec.json.encode(said), event)
            derived.changed = False
            derived.due_ms = now_ms - now_ms % derived.period_ms + derived.period_ms
        self._next_ms = min(derived.due_ms for derived in self._made.values())

    def _follow(self, now_ms: int) -> None:
        """Make what somebody hears since the last call, and no more what nobody does."""
        if self._changes == self._streams.changes:
            return
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
    if not symbol.islower() or (market := markets.get(symbol.upper())) is None:
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


def _figures(kind: str) -> Describe | None:
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
