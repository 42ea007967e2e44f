"""A feed's part that keeps books in sync, and says of each symbol whether it is live and why."""

from ..exchanges.book_sync import (
    BookLost,
    BookReady,
    BookSnapshot,
    Effect,
    Input,
    RequestSnapshot,
    SnapshotFailed,
)
from ..exchanges.market import MarketPort
from ..exchanges.market_events import MalformedFrame
from ..kernel.actor import Context
from ..trading.messages import FeedChanged
from ..trading.quality_repairs import kind_of
from . import topics
from .feed_market import BOOK_LEVELS, FeedMarket
from .feed_watch import FeedWatch

RETRY_MIN_S = 0.05
RETRY_MAX_S = 2.0
FREE_RENEWALS = 3
"""A book that was lost so often is asked for later and later: a venue that breaks every one must not use up what it
lets us ask, nor the symbol turn live and not live many times a second."""
RENEWAL_MAX_S = 5.0
STEADY_NS = 30_000_000_000
"""After so long without a loss all is forgotten."""


class FeedBooks:
    """Owned by a feed. Publishes `FeedChanged` on `feeds` where `tells`. A symbol is live while its book is in sync and
    no stream of it has to prove that it speaks."""

    def __init__(self, context: Context, port: MarketPort, watch: FeedWatch, *, tells: bool) -> None:
        self._context = context
        self._port = port
        self._watch = watch
        self._tells = tells
        self._clock = context.system.clock

    def step(self, market: FeedMarket, word: Input, kind: str = "") -> None:
        """Take one word in. With a `kind` whoever says that the book is lost says so himself."""
        self.perform(market, market.synchronizer.step(word), kind)

    def snapshot(self, market: FeedMarket, payload: bytes) -> None:
        try:
            snapshot: BookSnapshot | SnapshotFailed = self._port.protocol.decode_snapshot(payload)
        except MalformedFrame as error:
            snapshot = SnapshotFailed(str(error))
        if isinstance(snapshot, BookSnapshot) and 0 < snapshot.last_id <= market.quiet_id:
            self._watch.excuse(market)  # the market itself was silent
        self.step(market, snapshot)

    def perform(self, market: FeedMarket, effects: tuple[Effect, ...], kind: str = "") -> None:
        for effect in effects:
            match effect:
                case RequestSnapshot(_, attempt):
                    self._port.request_snapshot(market.symbol, self._delay_s(market, attempt))
                case BookReady():
                    market.book_ready()
                    if market.quiet_levels and self._port.protocol.snapshots_in_stream:
                        self._compare(market)
                    if not market.proof:
                        self.changed(market, live=True, reason="the book is in sync")
                case BookLost(reason):
                    self._context.system.metrics.count("feed_resynchronisations")
                    if not kind:
                        self._lose(market, reason, kind_of(reason))

    def _compare(self, market: FeedMarket) -> None:
        """With the book from before the silence, where ids cannot tell whether anything happened."""
        if market.quiet_levels == market.synchronizer.book.top(BOOK_LEVELS):
            self._watch.excuse(market)

    def _delay_s(self, market: FeedMarket, attempt: int) -> float:
        if attempt > 1:
            return min(RETRY_MAX_S, RETRY_MIN_S * float(2 ** min(attempt, 10)))
        now_ns = self._clock.monotonic_ns()
        market.renewals = market.renewals + 1 if now_ns - market.renewed_ns < STEADY_NS else 0
        market.renewed_ns = now_ns
        often = market.renewals - FREE_RENEWALS
        return min(RENEWAL_MAX_S, RETRY_MIN_S * float(2 ** min(often, 10))) if often > 0 else 0.0

    def _lose(self, market: FeedMarket, reason: str, kind: str) -> None:
        if market.proof == "book" and kind in ("gap", "crossed", "checksum"):
            market.proof = ""  # wrong as it is, it speaks
        if kind in ("gap", "checksum"):
            market.gaps += 1
            market.note("gaps")
        elif kind == "crossed":
            market.note("crossed")
        self.changed(market, live=False, reason=f"the book lost sync: {reason}", kind=kind)

    def proven(self, market: FeedMarket) -> None:
        """What was silent is heard again; live as soon as its book is in sync."""
        market.proof, market.tries, market.quiet_id, market.quiet_levels = "", 0, -1, ()
        if market.synchronizer.live:
            self.changed(market, live=True, reason="the book is in sync")

    def changed(self, market: FeedMarket, *, live: bool, reason: str, kind: str = "") -> None:
        """`kind`: of the fault, where it is not live; the first one is whose repair is timed."""
        if not live:
            market.forget_touch()
            market.fault = market.fault or (kind, self._clock.monotonic_ns())
        elif market.fault is not None:
            self._watch.repaired(market)
        market.state = (live, reason)
        self.tell(market)
        self._watch.scores.judge(market)

    def tell(self, market: FeedMarket) -> None:
        if self._tells:
            live, reason = market.state
            word = FeedChanged(market.symbol, live, reason, self._context.now_ns())
            self._context.publish(topics.FEEDS, word)
