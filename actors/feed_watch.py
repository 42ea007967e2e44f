"""What minds a feed: silences by each symbol's own habit, and repairs until its data is right again."""

from collections import deque
from typing import TYPE_CHECKING

from ..kernel.actor import Context
from ..trading.messages import ReferencePrice
from ..trading.quality import fade
from ..trading.quality_repairs import Repairs
from ..trading.views import FeedSymbolView, FeedView
from .feed_market import FeedMarket
from .feed_scores import FeedScores

if TYPE_CHECKING:
    from .feed import Feed

LOOK_S = 0.1
LOOK_NS = 100_000_000
BUSY_LOOK_S = 0.5
LATE_LOOK_NS = 2 * LOOK_NS
"""A look this much later than it was due proves that we stood still ourselves: what came meanwhile is read first, and
the next look is later."""
SILENCE_FACTOR, FROZEN_FACTOR = 2.0, 3.0
"""Of a symbol, and of one of its streams: a single change that got lost is a gap, and no silence."""
PATIENCE_MIN_NS, PATIENCE_MAX_NS = 500_000_000, 10_000_000_000
PATIENCE_UNKNOWN_NS = 2_000_000_000
FROZEN_MIN_NS = 1_000_000_000
RETRY_MIN_NS, RETRY_MAX_NS = 1_000_000_000, 10_000_000_000
"""Between two repairs of what stays silent the wait doubles."""
RENEWALS = 2
"""A symbol still silent after so many has the whole connection made anew."""
DOUBT_LOOKS = 20
"""A price that one stream alone has told for so long is checked against a fresh book."""


class FeedWatch:
    """Owned by a feed; `look` is to be called every `LOOK_S`."""

    def __init__(self, context: Context, feed: "Feed", markets: dict[str, FeedMarket]) -> None:
        self._context = context
        self._feed = feed
        self._markets = markets
        self._clock = context.system.clock
        self._looked_ns = self._clock.monotonic_ns()
        self._period_s = LOOK_S
        self._ages_ns: deque[int] = deque(maxlen=round(1 / LOOK_S))
        self._doubts: dict[str, int] = {}
        """By symbol: at how many looks a price waited to be believed."""
        self.scores = FeedScores(context, feed, tuple(markets))
        self.repairs = Repairs()

    def look(self) -> float:
        """Says after how many seconds to look again."""
        now_ns = self._clock.monotonic_ns()
        elapsed_ns, self._looked_ns = now_ns - self._looked_ns, now_ns
        late = elapsed_ns - round(self._period_s * 1e9) > LATE_LOOK_NS
        markets = [market for market in self._markets.values() if market.symbol in self._feed.connected]
        if not late:
            self._mind(markets, now_ns)
        for market in self._markets.values():
            if market.of_late:
                fade(market.of_late, elapsed_ns / 1e9)
            self.scores.measure(market, (now_ns - market.last_ns) / _patience_ns(market), now_ns)
            self.scores.judge(market)
        if self._feed.reference:
            self.scores.tell_references(self._markets)
        self._tell_age()
        self._period_s = BUSY_LOOK_S if late else LOOK_S
        return self._period_s

    def _tell_age(self) -> None:
        """The greatest of the latest second: what is told late must not be overlooked."""
        self._ages_ns.append(self._feed.oldest_ns)
        self._feed.oldest_ns = 0
        self._context.system.metrics.gauge("feed_age_s", max(self._ages_ns) / 1e9)

    # -- silences -----------------------------------------------------------------------------------------------------

    def _mind(self, markets: list[FeedMarket], now_ns: int) -> None:
        silent = [market for market in markets if now_ns - market.last_ns >= _patience_ns(market) - LOOK_NS]
        if len(silent) < len(markets):
            self._context.progress()
        due = [market for market in silent if now_ns >= market.retry_ns]
        if due and (len(silent) == len(markets) or any(market.tries >= RENEWALS for market in due)):
            self._reopen(silent, now_ns)
            return
        for market in due:
            reason = _silence(market, now_ns)
            self._suspect(market, now_ns)
            self._feed.renew(market, "silent", reason, proof="book")
        for market in markets:
            if market.synchronizer.live and now_ns >= market.retry_ns and market not in silent:
                self._check_parts(market, now_ns)

    def _reopen(self, silent: list[FeedMarket], now_ns: int) -> None:
        """All of them are silent, or one stays so: no better way is left."""
        reason = _silence(silent[0], now_ns)
        for market in silent:
            self._suspect(market, now_ns)
        self._feed.reopen(f"connected, and {reason}")

    def _suspect(self, market: FeedMarket, now_ns: int) -> None:
        wait_ns = max(_patience_ns(market), RETRY_MIN_NS) << min(market.tries, 10)
        market.retry_ns = now_ns + min(wait_ns, RETRY_MAX_NS)
        market.tries += 1
        if market.synchronizer.live:
            market.quiet_id = market.synchronizer.last_id

    def _check_parts(self, market: FeedMarket, now_ns: int) -> None:
        """A price may need proof, or one of its streams stand still while the other says something else."""
        doubts = self._doubts[market.symbol] = self._doubts.get(market.symbol, 0) + 1 if market.band.doubts else 0
        if doubts >= DOUBT_LOOKS:
            self._doubts[market.symbol] = 0
            market.retry_ns = now_ns + RETRY_MIN_NS
            self._feed.renew(market, "unproven", "one stream alone tells another price", proof="")
        elif stream := _frozen(market, now_ns):
            self._mend_stream(market, stream, now_ns)

    def _mend_stream(self, market: FeedMarket, stream: str, now_ns: int) -> None:
        reason = f"its stream of kind {stream} stands still while the other goes on"
        self._suspect(market, now_ns)
        market.quiet_id = -1
        if market.tries > RENEWALS:
            self._feed.reopen(reason)
        else:
            self._feed.renew(market, "frozen", reason, proof=stream)

    def excuse(self, market: FeedMarket) -> None:
        """It was silent because nothing happened: so long is nothing to it from now on."""
        market.proof, market.quiet_id, market.tries = "", -1, 0
        market.quote_times.excuse()
        market.book_times.excuse()
        market.begin(self._clock.monotonic_ns())

    def repaired(self, market: FeedMarket) -> None:
        assert market.fault is not None
        (kind, since_ns), market.fault = market.fault, None
        repaired_s = (self._clock.monotonic_ns() - since_ns) / 1e9
        market.repairs += 1
        self.repairs.note(kind, repaired_s)
        self._context.system.metrics.count(f"feed_repairs_{kind}")
        self._context.system.metrics.observe("feed_repair", repaired_s)

    # -- others -------------------------------------------------------------------------------------------------------

    def hear(self, price: ReferencePrice) -> None:
        self.scores.hear(price)

    def view(self) -> FeedView:
        feed = self._feed
        return FeedView(
            path=self._context.path,
            venue=feed.venue,
            reference=feed.reference,
            connected=len(feed.connected) == len(self._markets),
            connections=feed.connections,
            age_s=max(self._ages_ns, default=0) / 1e9,
            malformed=feed.malformed,
            foreign=feed.foreign,
            symbols=tuple(map(self._symbol_view, self._markets.values())),
            repairs=self.repairs.views(),
        )

    def _symbol_view(self, market: FeedMarket) -> FeedSymbolView:
        habits = self.scores.habits[market.symbol]
        return FeedSymbolView(
            symbol=market.symbol,
            live=market.state[0],
            reason=market.state[1],
            score=round(habits.score.value, 4),
            reasons=habits.score.reasons,
            silent_s=(self._clock.monotonic_ns() - market.last_ns) / 1e9,
            usual_s=market.usual_ns / 1e9 if market.usual_ns else None,
            lag_s=habits.lag_s.level if habits.lag_s.known else None,
            updates=market.updates,
            late=market.late,
            gaps=market.gaps,
            trade_gaps=market.trade_gaps,
            trades_missed=market.ids.missed,
            repairs=market.repairs,
            quarantined=dict(market.quarantined),
            deviation_bps=habits.slow.get("deviation_bps"),
        )


def _patience_ns(market: FeedMarket) -> int:
    """How long a symbol may be silent: by the stream of it that is the busier."""
    quotes, book = market.quote_times, market.book_times
    busier = quotes if quotes.usual_ns and (not book.usual_ns or quotes.usual_ns <= book.usual_ns) else book
    return busier.patience_ns(SILENCE_FACTOR, PATIENCE_MIN_NS, PATIENCE_MAX_NS, PATIENCE_UNKNOWN_NS)


def _silence(market: FeedMarket, now_ns: int) -> str:
    usual_ns = market.usual_ns
    habit = f", where it usually is for at most {usual_ns / 1e9:.2f} s" if usual_ns else ""
    return f"nothing useful for {(now_ns - market.last_ns) / 1e9:.1f} s{habit}"


def _frozen(market: FeedMarket, now_ns: int) -> str:
    """Which of the two streams stands still; empty where neither is proven to."""
    best_bid, best_ask = market.synchronizer.book.best_bid, market.synchronizer.book.best_ask
    if market.bid <= 0 or best_bid is None or best_ask is None:
        return ""
    if (best_bid[0], best_ask[0]) == (market.bid, market.ask):
        return ""
    streams = (("quote", market.quote_times, market.book_times), ("book", market.book_times, market.quote_times))
    for name, times, other in streams:
        bound_ns = times.patience_ns(FROZEN_FACTOR, FROZEN_MIN_NS, PATIENCE_MAX_NS, PATIENCE_MAX_NS) - LOOK_NS
        if times.usual_ns and now_ns - times.last_ns >= bound_ns > now_ns - other.last_ns:
            return name
    return ""
