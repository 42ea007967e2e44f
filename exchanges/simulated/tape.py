"""The recent trades of one symbol and the minute bars made of them."""

from collections import deque
from decimal import Decimal

import msgspec

from ..market_events import TradeEvent

TRADES_KEPT = 1_000
BARS_KEPT = 1_000
MINUTE_MS = 60_000


class MinuteBar(msgspec.Struct):
    start_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = Decimal(0)
    quote_volume: Decimal = Decimal(0)
    taker_volume: Decimal = Decimal(0)
    taker_quote_volume: Decimal = Decimal(0)
    trades: int = 0

    def add(self, trade: TradeEvent) -> None:
        value = trade.price * trade.size
        self.high, self.low, self.close = max(self.high, trade.price), min(self.low, trade.price), trade.price
        self.volume += trade.size
        self.quote_volume += value
        self.trades += 1
        if not trade.buyer_is_maker:
            self.taker_volume += trade.size
            self.taker_quote_volume += value


class Tape:
    """The last 1,000 trades and the last 1,000 minutes that had trades, oldest first, since the venue started."""

    def __init__(self) -> None:
        self.trades: deque[TradeEvent] = deque(maxlen=TRADES_KEPT)
        self.bars: deque[MinuteBar] = deque(maxlen=BARS_KEPT)

    def add(self, trade: TradeEvent) -> None:
        self.trades.append(trade)
        start_ms = trade.trade_ms - trade.trade_ms % MINUTE_MS
        if not self.bars or self.bars[-1].start_ms < start_ms:
            self.bars.append(MinuteBar(start_ms, trade.price, trade.price, trade.price, trade.price))
        self.bars[-1].add(trade)
