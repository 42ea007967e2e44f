"""The recent trades of one symbol and the bars made of them, since the venue started."""

from collections import deque
from itertools import chain

from ..market_events import TradeEvent
from .bars import DAY_MS, HOUR_MS, LENGTHS_MS, MINUTE_MS, SECOND_MS, Bar, gapless, joined, start_of

TRADES_KEPT = 1_000
BARS_KEPT = 1_500
"""Of each kept interval. A day of minutes, so that the day's figures are those of a sliding day."""
ROWS_MAX = 10_000
KEPT_MS = (SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS)


class Tape:
    """The last 1,000 trades, and the last 1,500 seconds, minutes, hours and days that had trades, oldest first.

    A trade enters the running second alone; what ends is folded into the next coarser interval.
    """

    def __init__(self) -> None:
        self.trades: deque[TradeEvent] = deque(maxlen=TRADES_KEPT)
        self._kept: list[deque[Bar]] = [deque(maxlen=BARS_KEPT) for _ in KEPT_MS]

    def add(self, trade: TradeEvent) -> None:
        self.trades.append(trade)
        seconds = self._kept[0]
        start_ms = trade.trade_ms - trade.trade_ms % SECOND_MS
        if not seconds or seconds[-1].start_ms < start_ms:
            if seconds:
                self._fold(1, seconds[-1])
            seconds.append(Bar.flat(start_ms, trade.price))
        seconds[-1].add(trade)

    def bars(self, interval: str, now_ms: int, rows: int = ROWS_MAX) -> list[Bar]:
        """Of any interval, oldest first, without gaps, the running one last; none before the first trade, nor more
        than `rows`."""
        length, start = LENGTHS_MS.get(interval, DAY_MS), start_of(interval)
        base = max(index for index, kept_ms in enumerate(KEPT_MS) if length % kept_ms == 0)
        first_ms = start(now_ms - (rows - 1) * length)
        recent = self._whole(base, first_ms)
        if (last := self._last_before(base, first_ms)) and not (recent and recent[0].start_ms == first_ms):
            recent.insert(0, Bar.flat(first_ms, last.close))
        return list(gapless(joined(recent, start), interval, now_ms))

    def since(self, from_ms: int) -> Bar | None:
        """All trades from that minute on as one bar; None where there was none."""
        from_ms -= from_ms % MINUTE_MS
        hour_ms = from_ms - from_ms % -HOUR_MS
        parts = chain(self._whole(1, from_ms, hour_ms), self._whole(2, hour_ms))
        return next(iter(joined(parts, lambda _: from_ms)), None)

    def _whole(self, level: int, from_ms: int = 0, until_ms: int = 2**63) -> list[Bar]:
        """The bars of one kept interval that begin in a stretch of time, with what of the finer ones is not folded
        into them yet."""
        kept_ms = KEPT_MS[level]
        running = (kept[-1] for kept in reversed(self._kept[:level]) if kept)
        parts = (bar for bar in chain(self._kept[level], running) if from_ms <= bar.start_ms < until_ms)
        return joined(parts, lambda at_ms: at_ms - at_ms % kept_ms)

    def _last_before(self, level: int, before_ms: int) -> Bar | None:
        """The latest bar of one kept interval, or of a finer one, that began before an instant."""
        bars = (bar for kept in self._kept[: level + 1] for bar in reversed(kept) if bar.start_ms < before_ms)
        return next(bars, None)

    def _fold(self, level: int, ended: Bar) -> None:
        """Take a bar that ended into those of the next coarser interval."""
        if level == len(KEPT_MS):
            return
        kept = self._kept[level]
        start_ms = ended.start_ms - ended.start_ms % KEPT_MS[level]
        if not kept or kept[-1].start_ms < start_ms:
            if kept:
                self._fold(level + 1, kept[-1])
            kept.append(Bar.flat(start_ms, ended.open))
        kept[-1].join(ended)
