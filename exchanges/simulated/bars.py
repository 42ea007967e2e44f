"""Bars of every interval Binance has, folded from the finer bars kept: pure."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby

import msgspec

from ..market_events import TradeEvent

SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1_000, 60_000, 3_600_000, 86_400_000
MONDAY_MS = 4 * DAY_MS
"""The first Monday of the epoch: weeks begin there."""
MONTH = "1M"

LENGTHS_MS: dict[str, int] = {
    "1s": SECOND_MS,
    **{f"{count}m": count * MINUTE_MS for count in (1, 3, 5, 15, 30)},
    **{f"{count}h": count * HOUR_MS for count in (1, 2, 4, 6, 8, 12)},
    **{f"{count}d": count * DAY_MS for count in (1, 3)},
    "1w": 7 * DAY_MS,
}
"""By the venue's names; a month has no one length."""
INTERVALS = (*LENGTHS_MS, MONTH)


class Bar(msgspec.Struct):
    """Trades of one stretch of time. One without trades has the close before it as its four prices, and id -1."""

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
    first_id: int = -1
    last_id: int = -1

    @classmethod
    def flat(cls, start_ms: int, price: Decimal) -> "Bar":
        return cls(start_ms, price, price, price, price)

    def add(self, trade: TradeEvent) -> None:
        value = trade.price * trade.size
        self.high, self.low, self.close = max(self.high, trade.price), min(self.low, trade.price), trade.price
        self.volume += trade.size
        self.quote_volume += value
        self.trades += 1
        self.first_id, self.last_id = self.first_id if self.first_id >= 0 else trade.trade_id, trade.trade_id
        if not trade.buyer_is_maker:
            self.taker_volume += trade.size
            self.taker_quote_volume += value

    def join(self, later: "Bar") -> None:
        """Take the next bar in."""
        self.high, self.low, self.close = max(self.high, later.high), min(self.low, later.low), later.close
        self.volume += later.volume
        self.quote_volume += later.quote_volume
        self.taker_volume += later.taker_volume
        self.taker_quote_volume += later.taker_quote_volume
        self.trades += later.trades
        if later.trades:
            self.first_id, self.last_id = self.first_id if self.first_id >= 0 else later.first_id, later.last_id


def start_of(interval: str) -> Callable[[int], int]:
    """When the bar of that interval began in which an instant lies, both in ms."""
    if interval == MONTH:
        return _month_of
    length = LENGTHS_MS[interval]
    offset = MONDAY_MS if interval == "1w" else 0
    return lambda at_ms: at_ms - (at_ms - offset) % length


def end_of(interval: str, start_ms: int) -> int:
    """The last millisecond of the bar that begins then."""
    if interval == MONTH:
        return _month_of(start_ms + 32 * DAY_MS) - 1
    return start_ms + LENGTHS_MS[interval] - 1


def joined(bars: Iterable[Bar], start: Callable[[int], int]) -> list[Bar]:
    """The bars folded to coarser ones, oldest first; the given ones stay as they are."""
    folded = []
    for start_ms, group in groupby(bars, key=lambda bar: start(bar.start_ms)):
        first, *later = group
        whole = msgspec.structs.replace(first, start_ms=start_ms)
        for bar in later:
            whole.join(bar)
        folded.append(whole)
    return folded


def gapless(bars: Iterable[Bar], interval: str, until_ms: int) -> Iterable[Bar]:
    """With a flat bar wherever none is, up to the one that `until_ms` lies in."""
    last: Bar | None = None
    for bar in bars:
        if last is not None:
            yield from _flat_between(last, interval, bar.start_ms)
        yield (last := bar)
    if last is not None:
        yield from _flat_between(last, interval, until_ms + 1)


def _flat_between(last: Bar, interval: str, before_ms: int) -> Iterable[Bar]:
    start_ms = end_of(interval, last.start_ms) + 1
    while start_ms < before_ms:
        yield Bar.flat(start_ms, last.close)
        start_ms = end_of(interval, start_ms) + 1


def _month_of(at_ms: int) -> int:
    at = datetime.fromtimestamp(at_ms / 1_000, UTC)
    return int(datetime(at.year, at.month, 1, tzinfo=UTC).timestamp()) * 1_000
