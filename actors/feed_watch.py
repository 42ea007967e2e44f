"""What minds a feed: silences by each symbol's own habit, and repairs until its data is right again."""

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from ..kernel.actor import Context
from ..trading.messages import ReferencePrice
from ..trading.quality_repairs import Repairs
from ..trading.views import FeedView
from .feed_market import BOOK_LEVELS, FeedMarket
from .feed_scores import FeedScores
from .feed_silence import (
    APART_NS,
    LOOK_NS,
    TICK_NS,
    describe_silence,
    differs,
    due_ns,
    frozen_stream,
    is_nearly_silent,
    is_silent,
    lacks_trades,
    patience_ns,
    silences,
    touches,
)
from .feed_view import feed_view

if TYPE_CHECKING:
    from .feed import Feed

LOOK_S = LOOK_NS / 1e9
BUSY_LOOK_S = 0.5
LATE_LOOK_NS = 2 * LOOK_NS
"""A look this much later than it was due proves that we stood still ourselves: what came meanwhile is read first, and
the next look is later. By less, but more than a tick, the next look is a tick later."""
LATE_LOOKS = 3
"""So many in a row may judge nobody; of a host that is always late the next one does, without the time it was late."""
MEASURED_AT_ONCE = 20
"""Of more symbols each look measures so many, in turn: what falls silent is found by when it is due, not by that."""
REPAIR_NS = 500_000_000
"""Who is silent for less is distrusted, and not asked anew yet: in that time a lost packet was sent again."""
RETRY_MIN_NS, RETRY_MAX_NS = 1_000_000_000, 60_000_000_000
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
DOUBT_NS = 1_500_000_000
"""A price that one stream alone has told for so long is checked against a fresh book."""


class FeedWatch:
    """Owned by a feed; `look` is to be called again after as many seconds as it says.

    A symbol is looked at when something of it may be overdue, so that a look costs what is due, not what there is.
    Guaranteed while we get to run: a silence is found within twice the usual one, or within `PATIENCE_MIN_NS`.
    """

    def __init__(self, context: Context, feed: "Feed", markets: dict[str, FeedMarket]) -> None:
        self._context = context
        self._feed = feed
        self._markets = markets
        self._clock = context.system.clock
        self._looked_ns = self._measured_ns = self._clock.monotonic_ns()
        self._offset_ns = context.now_ns() - self._looked_ns
        """Of the time of day against the clock that is never set."""
        self._period_s = LOOK_S
        self._late_looks = 0
        self._due = [(self._looked_ns, symbol) for symbol in sorted(markets)]
        """A heap: when each symbol is looked at next."""
        self._turns = deque(markets.values())
        self._ages_ns: deque[int] = deque(maxlen=round(1 / LOOK_S))
        self._doubted_ns: dict[str, int] = {}
        """By symbol: since when a price waits to be believed."""
        self._apart_ns: dict[str, int] = {}
        """By symbol: since when its streams differ."""
        self._suspected_ns: dict[str, int] = {}
        """By symbol: how long it was silent when it was asked anew."""
        self._reopen_ns, self._reopen_wait_ns = 0, REOPEN_MIN_NS
        self.scores = FeedScores(context, feed, tuple(markets))
        self.repairs = Repairs()

    def look(self) -> float:
        """Says after how many seconds to look again."""
        now_ns = self._clock.monotonic_ns()
        elapsed_ns, self._looked_ns = now_ns - self._looked_ns, now_ns
        self._mind_clock(now_ns)
        late_ns = max(0, elapsed_ns - round(self._period_s * 1e9))
        self._late_looks = (self._late_looks + 1) % (LATE_LOOKS + 1) if late_ns > TICK_NS else 0
        if not self._late_looks:
            self._mind(now_ns, late_ns)
        if now_ns - self._measured_ns >= LOOK_NS and not self._late_looks:
            self._measured_ns = now_ns
            self._measure(now_ns)
        late = bool(self._late_looks) and late_ns > LATE_LOOK_NS
        self._period_s = BUSY_LOOK_S if late else max(TICK_NS, min(LOOK_NS, self._due[0][0] - now_ns)) / 1e9
        return self._period_s

    @property
    def age_s(self) -> float:
        return max(self._ages_ns, default=0) / 1e9

    def _mind_clock(self, now_ns: int) -> None:
        offset_ns = self._context.now_ns() - now_ns
        step_ns, self._offset_ns = offset_ns - self._offset_ns, offset_ns
        if abs(step_ns) >= CLOCK_STEP_NS:
            self._context.system.metrics.count("feed_clock_steps")
            self.scores.shift_times(self._markets, step_ns / 1e9)

    # -- scores -------------------------------------------------------------------------------------------------------

    def _measure(self, now_ns: int) -> None:
        if any(not each.proof and not is_silent(each, now_ns) for each in self._awake()):
            self._context.progress()  # a connection that was just made anew is no output yet
        if self._reopen_wait_ns != REOPEN_MIN_NS and not any(each.tries for each in self._markets.values()):
            self._reopen_wait_ns = REOPEN_MIN_NS
        for _ in range(min(MEASURED_AT_ONCE, len(self._turns))):
            market = self._turns[0]
            self._turns.rotate(-1)
            self._feed.trades.mind_gap(market, now_ns)
            self._check_price(market, now_ns)
            self.judge(market, now_ns)
        if self._feed.reference:
            self.scores.tell_references(self._markets)
        self._tell_age()

    def judge(self, market: FeedMarket, now_ns: int) -> None:
        self.scores.measure(market, silences(market, now_ns), now_ns)
        self.scores.judge(market)

    def _tell_age(self) -> None:
        """The greatest of the latest second: what is told late must not be overlooked."""
        self._ages_ns.append(self._feed.oldest_ns)
        self._feed.oldest_ns = 0
        self._context.system.metrics.gauge("feed_age_s", self.age_s)

    # -- silences -----------------------------------------------------------------------------------------------------

    def _awake(self) -> Iterator[FeedMarket]:
        """Of whom data is awaited."""
        connected = self._feed.connected
        return (each for each in self._markets.values() if each.symbol in connected and not each.halted)

    def _mind(self, now_ns: int, late_ns: int) -> None:
        """`late_ns`: for so long we stood still ourselves."""
        heap, heard_ns, looked_at, silent = self._due, now_ns - late_ns, [], False
        while heap and heap[0][0] <= now_ns:
            market = self._markets[heappop(heap)[1]]
            looked_at.append(market)
            if market.symbol not in self._feed.connected or market.halted or now_ns < market.retry_ns:
                continue
            if is_silent(market, heard_ns):
                silent = True
            elif market.synchronizer.live:
                self._check_parts(market, heard_ns)
        if silent:
            self._mind_silent(heard_ns)
        for market in looked_at:
            heappush(heap, (due_ns(market, now_ns), market.symbol))

    def _mind_silent(self, now_ns: int) -> None:
        markets = list(self._awake())
        silent = [market for market in markets if is_nearly_silent(market, now_ns)]
        due = [each for each in silent if now_ns >= each.retry_ns and now_ns - each.last_ns >= REPAIR_NS - TICK_NS]
        for market in silent:
            if market.state[0] and market not in due and is_silent(market, now_ns):
                self._feed.distrust(market, "silent", describe_silence(market, now_ns))
        if due and (len(silent) == len(markets) or self._is_worth_reopening(due, now_ns)):
            self._reopen(silent, now_ns)
            return
        for market in due:
            reason = describe_silence(market, now_ns)
            self._suspect(market, now_ns)
            self._feed.renew(market, "silent", reason, proof="book")

    def _is_worth_reopening(self, due: list[FeedMarket], now_ns: int) -> bool:
        if now_ns < self._reopen_ns or not (len(due) >= CROWD or any(market.tries >= RENEWALS for market in due)):
            return False
        self._reopen_ns = now_ns + self._reopen_wait_ns
        self._reopen_wait_ns = min(self._reopen_wait_ns * 2, REOPEN_MAX_NS)
        return True

    def _reopen(self, silent: list[FeedMarket], now_ns: int) -> None:
        """All of them are silent, or one stays so: no better way is left."""
        reason = describe_silence(silent[0], now_ns)
        for market in silent:
            self._suspect(market, now_ns)
        self._feed.reopen(f"connected, and {reason}")

    def _suspect(self, market: FeedMarket, now_ns: int) -> None:
        borne_ns = patience_ns(market)
        wait_ns = max(borne_ns, RETRY_MIN_NS) << min(market.tries, 10)
        market.retry_ns = now_ns + min(wait_ns, max(borne_ns, RETRY_MAX_NS))
        market.tries += 1
        self._suspected_ns[market.symbol] = now_ns - market.last_ns
        if market.synchronizer.live:
            market.quiet_id = market.synchronizer.last_id
            market.quiet_levels = market.synchronizer.book.top(BOOK_LEVELS)

    def _check_parts(self, market: FeedMarket, now_ns: int) -> None:
        """One of its streams may stand still while the others say something else."""
        apart_ns = _lasts(self._apart_ns, market, differs(market), now_ns)
        if apart_ns >= APART_NS and (stream := frozen_stream(market, now_ns)):
            del self._apart_ns[market.symbol]
            self._mend_stream(market, stream, now_ns)
        elif lacks_trades(market, now_ns):
            self._feed.trades.mind_silence(market, now_ns)

    def _check_price(self, market: FeedMarket, now_ns: int) -> None:
        """One that waits to be believed for long needs another witness."""
        doubts = market.band.doubts and market.synchronizer.live and now_ns >= market.retry_ns
        if _lasts(self._doubted_ns, market, doubts, now_ns) >= DOUBT_NS:
            del self._doubted_ns[market.symbol]
            market.retry_ns = now_ns + RETRY_MIN_NS
            self._feed.renew(market, "unproven", "one stream alone tells another price", proof="")

    def _mend_stream(self, market: FeedMarket, stream: str, now_ns: int) -> None:
        reason = f"its stream of kind {stream} stands still while another goes on"
        self._suspect(market, now_ns)
        if not touches(market):  # else the same book once more says that it is right
            market.quiet_id, market.quiet_levels = -1, ()
        if market.tries > RENEWALS:
            self._feed.reopen(reason)
        else:
            self._feed.renew(market, "frozen", reason, proof=stream)

    # -- repairs ------------------------------------------------------------------------------------------------------

    def excuse(self, market: FeedMarket) -> None:
        """It was silent because nothing happened: so long is nothing to it from now on."""
        market.proof, market.quiet_id, market.quiet_levels, market.tries = "", -1, (), 0
        silence_ns = self._suspected_ns.pop(market.symbol, 0)
        for times in (market.quote_times, market.book_times, market.trade_times):
            times.excuse(silence_ns)

    def heard_trades(self, market: FeedMarket, now_ns: int) -> None:
        """The first after their stream was in doubt."""
        since_ns, market.trades_ns = market.trades_ns, 0
        self._feed.trades.healed(market, now_ns)
        self.note_repair(market, "trades", since_ns, now_ns)

    def repaired(self, market: FeedMarket) -> None:
        assert market.fault is not None
        (kind, since_ns), market.fault = market.fault, None
        self.note_repair(market, kind, since_ns, self._clock.monotonic_ns())

    def note_repair(self, market: FeedMarket, kind: str, since_ns: int, now_ns: int) -> None:
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
        return feed_view(self._feed, self._markets, self._clock.monotonic_ns())


def _lasts(since_ns: dict[str, int], market: FeedMarket, holds: bool, now_ns: int) -> int:
    """For how long it holds without a break, as far as was looked; 0 where it does not."""
    if not holds:
        since_ns.pop(market.symbol, None)
        return 0
    return now_ns - since_ns.setdefault(market.symbol, now_ns)
