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
SILENCE_FACTOR = 2.0
"""A symbol, or one of its streams, that is silent for so many times the longest of its usual silences is stale."""
TRADES_FACTOR = 3.0
"""Of trades, whose pauses are chance: nothing proves that there was none, so their score falls from twice on, and only
then are they subscribed to anew."""
APART_LOOKS = 3
"""For so many looks two streams must differ: what one has just told the other may be about to."""
PATIENCE_MIN_NS, PATIENCE_MAX_NS = 500_000_000, 10_000_000_000
PATIENCE_UNKNOWN_NS = 2_000_000_000
TRADES_DOUBT_MAX = 2.5
"""Longer counts as no worse: their absence alone must not stop trading."""
TRADES_MIN_NS, TRADES_MAX_NS = 5_000_000_000, 120_000_000_000
RETRY_MIN_NS, RETRY_MAX_NS = 1_000_000_000, 10_000_000_000
"""Between two repairs of what stays silent the wait doubles."""
RENEWALS = 2
"""A symbol still silent after so many has the whole connection made anew."""
CROWD = 5
"""Of so many symbols at once it is the connection that is at fault, and one new one asks less of the venue."""
REOPEN_MIN_NS, REOPEN_MAX_NS = 10_000_000_000, 600_000_000_000
"""Between two new connections for the sake of some symbols the wait doubles, for it costs the others their books; once
all are heard it begins anew."""
CLOCK_STEP_NS = 1_000_000_000
"""The time of day that moves so far from one look to the next was set."""
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
        self._offset_ns = context.now_ns() - self._looked_ns
        """Of the time of day against the clock that is never set."""
        self._period_s = LOOK_S
        self._ages_ns: deque[int] = deque(maxlen=round(1 / LOOK_S))
        self._doubts: dict[str, int] = {}
        """By symbol: at how many looks a price waited to be believed."""
        self._apart: dict[str, int] = {}
        """By symbol: at how many looks in a row quotes and book differed."""
        self._reopen_ns, self._reopen_wait_ns = 0, REOPEN_MIN_NS
        self.scores = FeedScores(context, feed, tuple(markets))
        self.repairs = Repairs()

    def look(self) -> float:
        """Says after how many seconds to look again."""
        now_ns = self._clock.monotonic_ns()
        elapsed_ns, self._looked_ns = now_ns - self._looked_ns, now_ns
        self._mind_clock(now_ns)
        late = elapsed_ns - round(self._period_s * 1e9) > LATE_LOOK_NS
        connected = self._feed.connected
        markets = [each for each in self._markets.values() if each.symbol in connected and not each.halted]
        if not late:
            self._mind(markets, now_ns)
        for market in self._markets.values():
            if market.of_late:
                fade(market.of_late, elapsed_ns / 1e9)
            self.scores.measure(market, _silences(market, now_ns), now_ns)
            self.scores.judge(market)
        if self._feed.reference:
            self.scores.tell_references(self._markets)
        self._tell_age()
        self._period_s = BUSY_LOOK_S if late else LOOK_S
        return self._period_s

    def _mind_clock(self, now_ns: int) -> None:
        offset_ns = self._context.now_ns() - now_ns
        step_ns, self._offset_ns = offset_ns - self._offset_ns, offset_ns
        if abs(step_ns) >= CLOCK_STEP_NS:
            self._context.system.metrics.count("feed_clock_steps")
            self.scores.shift_times(self._markets, step_ns / 1e9)

    def _tell_age(self) -> None:
        """The greatest of the latest second: what is told late must not be overlooked."""
        self._ages_ns.append(self._feed.oldest_ns)
        self._feed.oldest_ns = 0
        self._context.system.metrics.gauge("feed_age_s", max(self._ages_ns) / 1e9)

    # -- silences -----------------------------------------------------------------------------------------------------

    def _mind(self, markets: list[FeedMarket], now_ns: int) -> None:
        silent = [market for market in markets if now_ns - market.last_ns >= _patience_ns(market) - LOOK_NS]
        if any(not market.proof and market not in silent for market in markets):
            self._context.progress()  # a connection that was just made anew is no output yet
        if not any(market.tries for market in markets):
            self._reopen_wait_ns = REOPEN_MIN_NS
        due = [market for market in silent if now_ns >= market.retry_ns]
        if due and (len(silent) == len(markets) or self._is_worth_reopening(due, now_ns)):
            self._reopen(silent, now_ns)
            return
        for market in due:
            reason = _silence(market, now_ns)
            self._suspect(market, now_ns)
            self._feed.renew(market, "silent", reason, proof="book")
        for market in markets:
            if market.synchronizer.live and now_ns >= market.retry_ns and market not in silent:
                self._check_parts(market, now_ns)

    def _is_worth_reopening(self, due: list[FeedMarket], now_ns: int) -> bool:
        if now_ns < self._reopen_ns or not (len(due) >= CROWD or any(market.tries >= RENEWALS for market in due)):
            return False
        self._reopen_ns = now_ns + self._reopen_wait_ns
        self._reopen_wait_ns = min(self._reopen_wait_ns * 2, REOPEN_MAX_NS)
        return True

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
            return
        apart = self._apart[market.symbol] = self._apart.get(market.symbol, 0) + 1 if _differ(market) else 0
        if apart >= APART_LOOKS and (stream := _frozen(market, now_ns)):
            self._apart[market.symbol] = 0
            self._mend_stream(market, stream, now_ns)
        elif now_ns - market.trade_times.last_ns >= trades_bound_ns(market, TRADES_FACTOR) and not market.trades_ns:
            market.trades_ns = now_ns
            self._feed.resubscribe(market)

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

    def heard_trades(self, market: FeedMarket, now_ns: int) -> None:
        """The first after they were subscribed to anew."""
        self._note_repair(market, "trades", market.trades_ns, now_ns)
        market.trades_ns = 0

    def repaired(self, market: FeedMarket) -> None:
        assert market.fault is not None
        (kind, since_ns), market.fault = market.fault, None
        self._note_repair(market, kind, since_ns, self._clock.monotonic_ns())

    def _note_repair(self, market: FeedMarket, kind: str, since_ns: int, now_ns: int) -> None:
        repaired_s = (now_ns - since_ns) / 1e9
        market.repairs += 1
        self.repairs.note(kind, repaired_s)
        self._context.system.metrics.count(f"feed_repairs_{kind}")
        self._context.system.metrics.observe("feed_repair", repaired_s)

    # -- others -------------------------------------------------------------------------------------------------------

    def hear(self, price: ReferencePrice) -> None:
        self.scores.hear(price)

    def hear_status(self, market: FeedMarket, halted: str) -> None:
        """Of what does not trade nothing is missed; once it trades again, it is asked for without waiting."""
        if market.halted and not halted:
            market.retry_ns = market.tries = 0
            market.begin(self._clock.monotonic_ns())
        market.halted = halted

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
            reason=market.halted or market.state[1],
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


def _silences(market: FeedMarket, now_ns: int) -> dict[str, float]:
    """By name of the figure, against the longest that is borne."""
    trades = (now_ns - market.trade_times.last_ns) / trades_bound_ns(market) if market.trade_times.usual_ns else 0.0
    return {"silence": (now_ns - market.last_ns) / _patience_ns(market), "trades": min(trades, TRADES_DOUBT_MAX)}


def _silence(market: FeedMarket, now_ns: int) -> str:
    usual_ns = market.usual_ns
    habit = f", where it usually is for at most {usual_ns / 1e9:.2f} s" if usual_ns else ""
    return f"nothing useful for {(now_ns - market.last_ns) / 1e9:.1f} s{habit}"


def trades_bound_ns(market: FeedMarket, factor: float = SILENCE_FACTOR) -> int:
    """How long a symbol may be without a trade."""
    times = market.trade_times
    return times.patience_ns(factor, TRADES_MIN_NS, TRADES_MAX_NS, TRADES_MAX_NS)


def _differ(market: FeedMarket) -> bool:
    best_bid, best_ask = market.synchronizer.book.best_bid, market.synchronizer.book.best_ask
    if market.bid <= 0 or best_bid is None or best_ask is None:
        return False
    return (best_bid[0], best_ask[0]) != (market.bid, market.ask)


def _frozen(market: FeedMarket, now_ns: int) -> str:
    """Which of two streams that differ stands still; empty where neither is proven to."""
    streams = (("quote", market.quote_times, market.book_times), ("book", market.book_times, market.quote_times))
    for name, times, other in streams:
        bound_ns = times.patience_ns(SILENCE_FACTOR, PATIENCE_MIN_NS, PATIENCE_MAX_NS, PATIENCE_MAX_NS) - LOOK_NS
        if times.usual_ns and now_ns - times.last_ns >= bound_ns > now_ns - other.last_ns:
            return name
    return ""
