"""What the models see of the market at the close of a bar: bounded, dimensionless, and nothing of the future."""

from collections import deque
from decimal import Decimal
from math import isfinite, log, log1p, sqrt

from ..trading.messages import BarClosed, Level, MarketDataUpdate

FEATURE_NAMES = (
    "return_1",
    "return_3",
    "return_10",
    "volatility",
    "range_position",
    "trade_imbalance",
    "order_flow_imbalance",
    "quote_imbalance",
    "book_imbalance",
    "spread",
    "microprice_offset",
    "volume_score",
)
"""In the order of `FeatureBuilder.close`. Returns are log returns over 1, 3 and 10 bars in units of recent volatility;
volatility and spread are log(1 + bps); imbalances are (buyers - sellers) / all in [-1, 1]; the range position is that
of the close in its bar, in [-1, 1]; the microprice offset is in bps of the close; volume is a score of log(1 + volume).
"""

FEATURE_BOUND = 10.0
"""Every feature lies in [-FEATURE_BOUND, FEATURE_BOUND]."""

RETURN_LAGS = (1, 3, 10)
BOOK_LEVELS = 5
_MEMORY_BARS = 20
_BPS = 1e4


class FeatureBuilder:
    """Folds one symbol's updates and closes them into features, bar by bar.

    Feed it every update before the close of its bar, and none after: `close` asserts that nothing received at or after
    the end of the bar was seen. Absent data (no quotes, no book, first bars) gives 0, never NaN or infinity.
    """

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self._seen_ns = 0
        self._bids: tuple[Level, ...] = ()
        self._asks: tuple[Level, ...] = ()
        self._bid = self._bid_size = self._ask = self._ask_size = 0.0
        self._bought = self._sold = 0.0
        self._flow = self._flow_size = 0.0
        self._log_closes: deque[float] = deque(maxlen=max(RETURN_LAGS) + 1)
        self._returns_bps = _RecentMoments()
        self._volumes = _RecentMoments()

    def update(self, update: MarketDataUpdate) -> None:
        """Constant time and no allocation to speak of: this is on the hot path."""
        self._seen_ns = update.received_ns
        if update.kind == "trade":
            if update.aggressor == "buy":
                self._bought += float(update.size)
            elif update.aggressor == "sell":
                self._sold += float(update.size)
            return
        if update.kind == "book":
            self._bids, self._asks = update.bids, update.asks
        self._add_flow(float(update.bid), float(update.bid_size), float(update.ask), float(update.ask_size))

    def _add_flow(self, bid: float, bid_size: float, ask: float, ask_size: float) -> None:
        """Order flow imbalance at the touch: Cont, Kukanov, Stoikov, The Price Impact of Order Book Events, 2014."""
        flow = 0.0
        if bid >= self._bid:
            flow += bid_size
        if bid <= self._bid:
            flow -= self._bid_size
        if ask <= self._ask:
            flow -= ask_size
        if ask >= self._ask:
            flow += self._ask_size
        if self._bid > 0.0 and self._ask > 0.0:
            self._flow += flow
            self._flow_size += abs(flow)
        self._bid, self._bid_size, self._ask, self._ask_size = bid, bid_size, ask, ask_size

    def close(self, bar: BarClosed) -> tuple[float, ...]:
        """The features of `bar`, float64, finite and bounded, in the order of `FEATURE_NAMES`."""
        assert self._seen_ns < bar.end_ns, f"{self.symbol}: an update of {self._seen_ns} was seen before {bar.end_ns}"
        features = (*self._price_features(bar), *self._flow_features(), *self._touch_features(), self._volume(bar))
        self._bought = self._sold = self._flow = self._flow_size = 0.0
        return tuple(_bounded(feature) for feature in features)

    def _price_features(self, bar: BarClosed) -> tuple[float, ...]:
        close, low, high = float(bar.close), float(bar.low), float(bar.high)
        closes = self._log_closes
        if 0.0 < close < float("inf"):
            closes.append(log(close))
        unit = self._returns_bps.deviation
        returns = tuple(_return_bps(closes, lag) for lag in RETURN_LAGS)
        if len(closes) > 1:
            self._returns_bps.add(returns[0])
        scores = (_ratio(value, unit * sqrt(lag)) for value, lag in zip(returns, RETURN_LAGS, strict=True))
        return (*scores, log1p(self._returns_bps.deviation), _ratio(2.0 * close - low - high, high - low))

    def _flow_features(self) -> tuple[float, ...]:
        return _imbalance(self._bought, self._sold), _ratio(self._flow, self._flow_size)

    def _touch_features(self) -> tuple[float, ...]:
        """Quote imbalance, book imbalance, spread and microprice offset; zeros without a two-sided quote."""
        bid, ask, close_log = self._bid, self._ask, self._log_closes[-1] if self._log_closes else None
        if not (0.0 < bid <= ask < float("inf")) or close_log is None:
            return 0.0, 0.0, 0.0, 0.0
        imbalance = _imbalance(self._bid_size, self._ask_size)
        book = _imbalance(_depth(self._bids), _depth(self._asks))
        mid, spread = (bid + ask) / 2.0, ask - bid
        microprice = mid + imbalance * spread / 2.0
        return imbalance, book, log1p(_BPS * spread / mid), _BPS * (log(microprice) - close_log)

    def _volume(self, bar: BarClosed) -> float:
        volume = log1p(max(0.0, _finite(bar.volume)))
        score = _ratio(volume - self._volumes.mean, self._volumes.deviation)
        self._volumes.add(volume)
        return score


class _RecentMoments:
    """Exponentially fading mean and deviation; of fewer values than its memory, the plain ones."""

    def __init__(self) -> None:
        self.mean = 0.0
        self.variance = 0.0
        self._count = 0

    @property
    def deviation(self) -> float:
        return sqrt(self.variance)

    def add(self, value: float) -> None:
        self._count = min(self._count + 1, _MEMORY_BARS)
        step, delta = 1.0 / self._count, value - self.mean
        self.mean += step * delta
        self.variance = (1.0 - step) * (self.variance + step * delta * delta)


def _return_bps(log_closes: deque[float], lag: int) -> float:
    """Log return over `lag` bars, or over what history there is."""
    if len(log_closes) < 2:
        return 0.0
    return _BPS * (log_closes[-1] - log_closes[max(-lag - 1, -len(log_closes))])


def _depth(levels: tuple[Level, ...]) -> float:
    return sum(float(size) for _, size in levels[:BOOK_LEVELS])


def _imbalance(buyers: float, sellers: float) -> float:
    return _ratio(buyers - sellers, buyers + sellers) if buyers >= 0.0 and sellers >= 0.0 else 0.0


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0.0 else 0.0


def _finite(value: Decimal) -> float:
    number = float(value)
    return number if isfinite(number) else 0.0


def _bounded(value: float) -> float:
    return max(-FEATURE_BOUND, min(FEATURE_BOUND, value)) if isfinite(value) else 0.0
