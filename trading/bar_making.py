"""Bars of any interval from trades or from finer bars, by the venue's own times: exact sums, and nothing filled in."""

from decimal import Decimal
from typing import NamedTuple

from .messages import ZERO, BarClosed

GAPS_KEPT = 10_000


class BarsOutOfOrder(ValueError):
    """What came is older than the bar that is open, or does not fit into one; the message says which."""


class Gap(NamedTuple):
    """Whole intervals in which there was nothing: the market's silence, or data that is missing."""

    start_ns: int
    end_ns: int


class MadeBar(NamedTuple):
    bar: BarClosed
    parts: int
    """How many trades or finer bars it is made of."""


class BarMaker:
    """Folds trades or finer bars, given in the order of time, into bars of `bar_ns` aligned to the epoch. An interval
    in which there was nothing yields no bar, but is one of `gaps`. A bar is complete once something later came, or at
    `finish`."""

    def __init__(self, symbol: str, bar_ns: int) -> None:
        if bar_ns <= 0:
            raise ValueError(f"bar_ns must be positive, got {bar_ns}")
        self.symbol = symbol
        self.bar_ns = bar_ns
        self.gaps: list[Gap] = []
        """Between bars; the latest `GAPS_KEPT`."""
        self._start_ns = self._last_ns = self._end_ns = 0
        self._open = self._high = self._low = self._close = self._volume = ZERO
        self._trades = self._parts = 0

    def trade(self, at_ns: int, price: Decimal, size: Decimal) -> tuple[MadeBar, ...]:
        """The bar that is complete by it, if one is. Raises `BarsOutOfOrder`, and then changes nothing."""
        return self._add(at_ns, at_ns, (price, price, price, price), size, 1)

    def bar(self, bar: BarClosed) -> tuple[MadeBar, ...]:
        """As `trade`. A finer bar has to lie within one of ours."""
        if bar.end_ns <= bar.start_ns or (bar.end_ns - 1) // self.bar_ns != bar.start_ns // self.bar_ns:
            ours_s, theirs = self.bar_ns / 1e9, f"{bar.start_ns} to {bar.end_ns}"
            raise BarsOutOfOrder(f"{self.symbol}: expected bars that lie within one of {ours_s:g} s, found {theirs}")
        return self._add(bar.start_ns, bar.end_ns, (bar.open, bar.high, bar.low, bar.close), bar.volume, bar.trades)

    def finish(self) -> tuple[MadeBar, ...]:
        """What is open, as far as it goes."""
        if not self._parts:
            return ()
        made, self._parts = self._made(), 0
        return (made,)

    def _add(
        self, start_ns: int, end_ns: int, prices: tuple[Decimal, ...], volume: Decimal, trades: int
    ) -> tuple[MadeBar, ...]:
        if start_ns < self._last_ns:
            raise BarsOutOfOrder(f"{self.symbol}: expected nothing before {self._last_ns}, found {start_ns}")
        open_, high, low, close = prices
        begin_ns = start_ns - start_ns % self.bar_ns
        made: tuple[MadeBar, ...] = ()
        if not self._parts or begin_ns != self._start_ns:
            made = self.finish()
            self._begin(begin_ns, open_)
        self._last_ns = end_ns
        self._high, self._low, self._close = max(self._high, high), min(self._low, low), close
        self._volume += volume
        self._trades += trades
        self._parts += 1
        return made

    def _begin(self, begin_ns: int, price: Decimal) -> None:
        if self._end_ns and begin_ns > self._end_ns:
            self.gaps.append(Gap(self._end_ns, begin_ns))
            del self.gaps[:-GAPS_KEPT]
        self._start_ns, self._end_ns = begin_ns, begin_ns + self.bar_ns
        self._open = self._high = self._low = self._close = price
        self._volume, self._trades = ZERO, 0

    def _made(self) -> MadeBar:
        bar = BarClosed(
            self.symbol, self._start_ns, self._end_ns, self._open, self._high, self._low, self._close, self._volume,
            self._trades,
        )  # fmt: skip
        return MadeBar(bar, self._parts)
