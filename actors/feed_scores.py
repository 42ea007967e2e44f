"""How far a feed's data is to be trusted, symbol by symbol: figures against what is usual of them, and who hears it."""

from math import log
from typing import TYPE_CHECKING

from ..kernel.actor import Context
from ..kernel.mailbox import Conflate
from ..trading.messages import ZERO, DataQuality, ReferencePrice
from ..trading.quality import NOT_LIVE, Score, explain, fade, judge
from ..trading.quality_robust import Usual
from . import topics
from .feed_market import DAY_MS, FeedMarket

if TYPE_CHECKING:
    from .feed import Feed

TIME_BOUND_MS = 30_000
"""An event whose time is further from where it usually is has no time to be believed."""
OUTLIER = 10.0
RETURN_SPREAD, LAG_SPREAD_S, DEVIATION_SPREAD_BPS, VOLUME_SPREAD = 5e-4, 0.05, 5.0, 0.5
SECOND_NS = 1_000_000_000
REFERENCE_AGE_NS = 5 * SECOND_NS
"""A price of another venue that is older is not compared with."""
TOLD_STEP = 0.05
TOLD_AGAIN_NS = 5 * SECOND_NS
"""Whoever began to listen hears it by then."""
TOLD_EVERY_NS = 200_000_000
"""A score is told at most so often, but for data that is live or is not any more."""


class Habits:
    """What is usual of one symbol, and what was told of it."""

    def __init__(self, now_ns: int) -> None:
        self.returns = Usual(64, RETURN_SPREAD, every=16)
        self.lag_s = Usual(63, LAG_SPREAD_S)
        self.deviation_bps = Usual(120, DEVIATION_SPREAD_BPS)
        self.volume = Usual(120, VOLUME_SPREAD)
        self.figures: dict[str, float] = {}
        self.slow: dict[str, float] = {}
        """Figures that are taken once a second."""
        self.middle = 0.0
        self.sampled_ms = self.second_ns = 0
        self.measured_ns = now_ns
        self.score = NOT_LIVE
        self.told: Score | None = None
        self.told_ns = -TOLD_EVERY_NS
        self.references: dict[str, ReferencePrice] = {}


class FeedScores:
    """Owned by a feed's watch. Publishes `DataQuality`, of a reference feed nothing."""

    def __init__(self, context: Context, feed: "Feed", symbols: tuple[str, ...]) -> None:
        self._context = context
        self._feed = feed
        self._clock = context.system.clock
        self.habits = {symbol: Habits(self._clock.monotonic_ns()) for symbol in symbols}
        self._keys = {symbol: Conflate(("quality", symbol)) for symbol in symbols}

    def hear(self, price: ReferencePrice) -> None:
        if price.venue != self._feed.venue:
            self.habits[price.symbol].references[price.venue] = price

    def shift_times(self, markets: dict[str, FeedMarket], step_s: float) -> None:
        """Our own clock was set by so much: the venue's times are as right as before."""
        for symbol, market in markets.items():
            habits = self.habits[symbol]
            habits.lag_s.shift(step_s)
            habits.sampled_ms = market.event_ms  # it came by the clock before
            self._bound_times(market, habits)

    # -- figures ------------------------------------------------------------------------------------------------------

    def measure(self, market: FeedMarket, silences: dict[str, float], now_ns: int) -> None:
        """`silences`: the present ones against the longest that are borne; `now_ns` is monotonic."""
        habits = self.habits[market.symbol]
        elapsed_ns, habits.measured_ns = now_ns - habits.measured_ns, now_ns
        if market.of_late:
            fade(market.of_late, elapsed_ns / 1e9)
        figures = market.of_late | silences
        if market.bid > 0:
            self._measure_price(market, habits)
        if market.event_ms and market.event_ms != habits.sampled_ms:
            self._measure_time(market, habits)
        if now_ns - habits.second_ns >= SECOND_NS:
            habits.second_ns = now_ns
            self._measure_second(market, habits)
        habits.figures = figures | habits.slow

    def _measure_price(self, market: FeedMarket, habits: Habits) -> None:
        touch = (market.bid + market.ask) / 2
        market.band.centre(touch)
        before, habits.middle = habits.middle, float(touch)
        if before and before != habits.middle and habits.returns.note(log(habits.middle / before)) >= OUTLIER:
            market.note("outliers")
            market.count("outliers")

    def _measure_time(self, market: FeedMarket, habits: Habits) -> None:
        """By both clocks, so that a venue whose clock is off is only that."""
        habits.sampled_ms = market.event_ms
        lag_ms = market.event_received_ns // 1_000_000 - market.event_ms
        if abs(lag_ms) > DAY_MS:
            return
        skew_s = abs(lag_ms / 1e3 - habits.lag_s.level) if habits.lag_s.known else 0.0
        habits.lag_s.note(lag_ms / 1e3)
        habits.slow["skew_s"] = skew_s

    def _measure_second(self, market: FeedMarket, habits: Habits) -> None:
        traded, market.traded = float(market.traded) * habits.middle, ZERO
        habits.slow = {"volume": habits.volume.note(log(1.0 + traded))} if traded > 0.0 else {}
        if (apart_bps := _apart_bps(market)) > 0.0:
            habits.slow["apart_bps"] = apart_bps
        self._bound_times(market, habits)
        since_ns = self._context.now_ns() - REFERENCE_AGE_NS
        others = [each for each in habits.references.values() if each.received_ns >= since_ns]
        if others and market.bid > 0:
            middle = sum(float(each.bid + each.ask) / 2 for each in others) / len(others)
            habits.slow["deviation_bps"] = self._deviate(habits, (habits.middle / middle - 1.0) * 1e4)

    def _bound_times(self, market: FeedMarket, habits: Habits) -> None:
        around_ms = self._context.now_ns() // 1_000_000 - round(habits.lag_s.level * 1e3)
        bound_ms = TIME_BOUND_MS if habits.lag_s.known else DAY_MS
        market.earliest_ms, market.latest_ms = around_ms - bound_ms, around_ms + bound_ms

    @staticmethod
    def _deviate(habits: Habits, deviation_bps: float) -> float:
        """Beyond the usual: two venues rarely agree on what a dollar is."""
        usual_bps = habits.deviation_bps.level if habits.deviation_bps.known else 0.0
        habits.deviation_bps.note(deviation_bps)
        return abs(deviation_bps - usual_bps)

    # -- telling ------------------------------------------------------------------------------------------------------

    def judge(self, market: FeedMarket) -> None:
        """Tell what the score is, where that is news."""
        habits = self.habits[market.symbol]
        habits.score = score = judge(habits.figures) if market.state[0] else NOT_LIVE
        told, since_ns = habits.told, self._clock.monotonic_ns() - habits.told_ns
        same = told is not None and abs(told.value - score.value) < TOLD_STEP and told.reasons == score.reasons
        turned = told is None or (told == NOT_LIVE) is not (score == NOT_LIVE)
        if turned or since_ns >= (TOLD_AGAIN_NS if same else TOLD_EVERY_NS):
            habits.told_ns, habits.told = self._clock.monotonic_ns(), score
            self._tell(market, habits)

    def tell_all(self, markets: dict[str, FeedMarket]) -> None:
        for symbol, market in markets.items():
            self._tell(market, self.habits[symbol])

    def _tell(self, market: FeedMarket, habits: Habits) -> None:
        if self._feed.reference:
            return
        score, (live, reason) = habits.score, market.state
        words = explain(habits.figures, score.reasons) if live else reason
        word = DataQuality(market.symbol, round(score.value, 4), score.reasons, words, self._context.now_ns())
        for topic in (topics.QUALITY, topics.quality(market.symbol)):
            self._context.publish(topic, word, policy=self._keys[market.symbol])

    def tell_references(self, markets: dict[str, FeedMarket]) -> None:
        now_ns = self._context.now_ns()
        for symbol, market in markets.items():
            if market.state[0] and market.bid > 0:
                word = ReferencePrice(symbol, self._feed.venue, market.bid, market.ask, now_ns)
                policy = Conflate(("reference", symbol, self._feed.venue))
                self._context.publish(topics.reference(symbol), word, policy=policy)


def _apart_bps(market: FeedMarket) -> float:
    """Between the two streams that say where the market is: one that creeps away is believed step by step."""
    best_bid, best_ask = market.synchronizer.book.best_bid, market.synchronizer.book.best_ask
    if market.bid <= 0 or best_bid is None or best_ask is None:
        return 0.0
    touch, book = float(market.bid + market.ask), float(best_bid[0] + best_ask[0])
    return abs(touch / book - 1.0) * 1e4
