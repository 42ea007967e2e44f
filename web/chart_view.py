"""The markets that somebody looks at: candles, book and fills of each, kept here over restarts of the trader. Pure,
bounded."""

from collections import deque
from collections.abc import Iterable, Iterator

from ..trading.candles import Candle
from ..trading.messages import Level
from ..trading.views import FillView
from ..transports.control import ChartAnswered, ChartAsked
from .answers import AnswerWindow
from .view import View, clip, decimal_text, finite, milliseconds

CANDLES_KEPT = 1_200
FILLS_KEPT = 300
LEVELS_MAX = 20
WINDOWS_MAX = 8
"""Symbols that are looked at at once; of more, those longest not looked at are forgotten."""


class ChartWindow(AnswerWindow[ChartAnswered]):
    """One symbol's market, as far as the portfolio's answers told of it."""

    whom = "the portfolio"

    def __init__(self) -> None:
        super().__init__()
        self._candles: dict[int, Candle] = {}
        self._coarse: dict[int, Candle] = {}
        self._fills: deque[FillView] = deque(maxlen=FILLS_KEPT)

    @property
    def since_ns(self) -> int:
        """From where on the next answer is wanted: the newest candle was still open."""
        return max(self._candles, default=0)

    def hear(self, answer: ChartAnswered, now_ns: int) -> None:
        super().hear(answer, now_ns)
        if any(last.start_ns % answer.interval_ns for last in self._last()):
            self._candles.clear()  # another interval now
            self._coarse.clear()
        for known, news in ((self._candles, answer.candles), (self._coarse, answer.coarse)):
            known |= {candle.start_ns: candle for candle in news}
            for start_ns in sorted(known)[:-CANDLES_KEPT]:
                del known[start_ns]
        told = set(self._fills)
        self._fills.extend(fill for fill in answer.fills if fill not in told)

    def view(self, answer: ChartAnswered | None) -> View:
        if answer is None:
            return {"interval_ms": None, "candles": [], "coarse": [], "bids": [], "asks": [], "fills": []}
        return {
            "symbol": clip(answer.symbol),
            "interval_ms": milliseconds(answer.interval_ns),
            "candles": [_candle_row(self._candles[start_ns]) for start_ns in sorted(self._candles)],
            "coarse": [_candle_row(self._coarse[start_ns]) for start_ns in sorted(self._coarse)],
            "bids": list(_level_rows(answer.bids)),
            "asks": list(_level_rows(answer.asks)),
            "fills": [_fill_row(fill) for fill in self._fills],
        }

    def _last(self) -> Iterable[Candle]:
        return [self._candles[max(self._candles)]] if self._candles else []


class ChartWindows:
    """By symbol, the latest looked at last."""

    def __init__(self) -> None:
        self._windows: dict[str, ChartWindow] = {}

    def look(self, symbol: str, now_ns: int) -> View:
        window = self._windows.pop(symbol, None) or ChartWindow()
        self._windows[symbol] = window
        while len(self._windows) > WINDOWS_MAX:
            del self._windows[next(iter(self._windows))]
        return window.look(now_ns)

    def wanted(self, now_ns: int) -> list[ChartAsked]:
        """What to ask the portfolio for."""
        wanted = [(symbol, window) for symbol, window in self._windows.items() if window.wanted(now_ns)]
        return [ChartAsked(symbol, window.since_ns) for symbol, window in wanted]

    def hear(self, answer: ChartAnswered, now_ns: int) -> None:
        if (window := self._windows.get(answer.symbol)) is not None:
            window.hear(answer, now_ns)

    def miss(self, symbol: str, reason: str) -> None:
        if (window := self._windows.get(symbol)) is not None:
            window.miss(reason)


def _candle_row(candle: Candle) -> list[float | None]:
    """Time in milliseconds, open, high, low, close, volume."""
    prices = (candle.open, candle.high, candle.low, candle.close, candle.volume)
    return [milliseconds(candle.start_ns), *map(finite, prices)]


def _level_rows(levels: tuple[Level, ...]) -> Iterator[list[str | None]]:
    for price, size in levels[:LEVELS_MAX]:
        yield [decimal_text(price), decimal_text(size)]


def _fill_row(fill: FillView) -> View:
    return {
        "time_ms": milliseconds(fill.at_ns),
        "side": fill.side,
        "price": decimal_text(fill.price),
        "amount": decimal_text(fill.amount),
        "client_id": clip(fill.client_id),
    }
