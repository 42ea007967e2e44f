"""Bars of session time, folded from one symbol's market updates."""

from collections.abc import Iterable
from decimal import Decimal

from .messages import ZERO, BarClosed, MarketDataUpdate
from .refills import MissedTrade

MAX_EMPTY_BARS = 60
"""Empty bars one step may close; a longer silence keeps its most recent ones and leaves a gap in `start_ns`."""

_NEVER_NS = 2**63


class BarBuilder:
    """Folds updates into bars of `bar_ns`, aligned to multiples of `bar_ns` since the epoch.

    Time is `received_ns`, the session's own clock: a bar holds what was known before its end, and a late update counts
    in the bar that is open when it arrives. There is no bar before the first price. Prices are those of trades; until
    the first trade ever, the mid of the quotes stands in. A bar without trades repeats the last close, volume 0.
    Unpriceable updates (a price of zero, a missing side) move time but no price.
    """

    def __init__(self, symbol: str, bar_ns: int) -> None:
        if bar_ns <= 0:
            raise ValueError(f"bar_ns must be positive, got {bar_ns}")
        self.symbol = symbol
        self.bar_ns = bar_ns
        self._end_ns = _NEVER_NS
        self._traded = False
        self._open = self._high = self._low = self._close = self._volume = ZERO
        self._trades = 0
        self._first_id = self._last_id = 0
        """Of the trades in the open bar."""

    @property
    def begun(self) -> bool:
        """True from the first price on: there is a bar in every `bar_ns` then."""
        return self._end_ns != _NEVER_NS

    def update(self, update: MarketDataUpdate) -> tuple[BarClosed, ...]:
        """The bars that ended before this update, oldest first; the update itself counts in the bar now open."""
        closed = self.advance(update.received_ns) if update.received_ns >= self._end_ns else ()
        if update.kind == "trade":
            if update.price > 0:
                self._add_trade(update)
        elif not self._traded and update.bid > 0 and update.ask > 0:
            self._add_mid((update.bid + update.ask) / 2, update.received_ns)
        return closed

    def advance(self, now_ns: int) -> tuple[BarClosed, ...]:
        """The bars whose end has come at `now_ns`, oldest first, at most 1 + `MAX_EMPTY_BARS`."""
        if now_ns < self._end_ns:
            return ()
        bar = self._bar(self._end_ns - self.bar_ns)
        open_ns = now_ns - now_ns % self.bar_ns
        first_empty_ns = max(self._end_ns, open_ns - MAX_EMPTY_BARS * self.bar_ns)
        self._begin(open_ns, self._close)
        return (bar, *(self._bar(start_ns) for start_ns in range(first_empty_ns, open_ns, self.bar_ns)))

    def refill(self, trades: Iterable[MissedTrade]) -> tuple[tuple[BarClosed, ...], int]:
        """Trades that were left out, in their order: each goes where it belongs in the open bar, or begins a newer one
        as `update` does. Also how many came too late: a bar that is closed changes no more."""
        closed: list[BarClosed] = []
        too_late = 0
        for trade in trades:
            if self._end_ns == _NEVER_NS or trade.at_ns < self._end_ns - self.bar_ns:
                too_late += 1
            else:
                closed += self.advance(trade.at_ns)
                self._insert(trade)
        return tuple(closed), too_late

    def _insert(self, trade: MissedTrade) -> None:
        if not self._trades:
            self._high = self._low = trade.price
        self._high, self._low = max(self._high, trade.price), min(self._low, trade.price)
        if not self._trades or trade.trade_id < self._first_id:
            self._open, self._first_id = trade.price, trade.trade_id
        if not self._trades or trade.trade_id > self._last_id:
            self._close, self._last_id = trade.price, trade.trade_id
        self._volume += trade.size
        self._trades += 1
        self._traded = True

    def _add_trade(self, trade: MarketDataUpdate) -> None:
        price = trade.price
        if self._end_ns == _NEVER_NS:
            self._begin(trade.received_ns - trade.received_ns % self.bar_ns, price)
        if not self._trades:
            self._open = self._high = self._low = price
            self._first_id = trade.sequence
        elif price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price
        if not self._trades or trade.sequence >= self._last_id:
            self._close, self._last_id = price, trade.sequence
        self._volume += trade.size
        self._trades += 1
        self._traded = True

    def _add_mid(self, mid: Decimal, now_ns: int) -> None:
        if self._end_ns == _NEVER_NS:
            self._begin(now_ns - now_ns % self.bar_ns, mid)
        self._high = max(self._high, mid)
        self._low = min(self._low, mid)
        self._close = mid

    def _begin(self, start_ns: int, price: Decimal) -> None:
        self._end_ns = start_ns + self.bar_ns
        self._open = self._high = self._low = self._close = price
        self._volume = ZERO
        self._trades = 0

    def _bar(self, start_ns: int) -> BarClosed:
        return BarClosed(
            symbol=self.symbol,
            start_ns=start_ns,
            end_ns=start_ns + self.bar_ns,
            open=self._open,
            high=self._high,
            low=self._low,
            close=self._close,
            volume=self._volume,
            trades=self._trades,
        )
