"""What a person looks at of one symbol's market: candles, the book, and our own fills in it."""

from collections import deque

from ..trading.candles import COARSE, Candle, Candles
from ..trading.messages import Level, MarketDataUpdate
from ..trading.order_events import OrderFilled
from ..trading.views import FillView
from ..transports.control import ChartAnswered, ChartAsked
from .portfolio_rows import fill_view

FILLS_KEPT = 100
"""Of each symbol."""


class Charts:
    """Fed by its owner with all updates and fills; symbols it does not know are passed over."""

    def __init__(self, symbols: tuple[str, ...], interval_ns: int) -> None:
        self._candles = {symbol: Candles(interval_ns) for symbol in symbols}
        self._coarse = {symbol: Candles(COARSE * interval_ns) for symbol in symbols}
        self._books: dict[str, tuple[tuple[Level, ...], tuple[Level, ...]]] = {}
        self._fills: dict[str, deque[FillView]] = {symbol: deque(maxlen=FILLS_KEPT) for symbol in symbols}

    def hear(self, update: MarketDataUpdate) -> None:
        if update.kind == "trade":
            ended = self._candles[update.symbol].add(update.received_ns, update.price, update.size)
            if ended is not None:
                self._coarse[update.symbol].take(ended)
        elif update.kind == "book":
            self._books[update.symbol] = (update.bids, update.asks)

    def fill(self, fill: OrderFilled) -> None:
        if fill.symbol in self._fills:
            self._fills[fill.symbol].append(fill_view(fill))

    def answer(self, asked: ChartAsked) -> ChartAnswered:
        """Candles and fills from `since_ns` on; nothing of a symbol that is not traded."""
        candles, coarse = self._candles.get(asked.symbol), self._coarse.get(asked.symbol)
        bids, asks = self._books.get(asked.symbol, ((), ()))
        return ChartAnswered(
            symbol=asked.symbol,
            interval_ns=candles.interval_ns if candles else 0,
            candles=_since(candles, asked.since_ns),
            bids=bids,
            asks=asks,
            fills=tuple(each for each in self._fills.get(asked.symbol, ()) if each.at_ns >= asked.since_ns),
            coarse=_since(coarse, asked.since_ns),
        )


def _since(candles: Candles | None, since_ns: int) -> tuple[Candle, ...]:
    """Those that hold that time or come after it."""
    if candles is None:
        return ()
    return tuple(each for each in candles.newest() if each.start_ns + candles.interval_ns > since_ns)
