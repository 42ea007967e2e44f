"""A feed's part that asks the venue for trades which its stream left out: ids passed over, or a long silence."""

from typing import TYPE_CHECKING

from ..exchanges.market import MarketPort
from ..exchanges.market_events import MalformedFrame, TradeEvent
from ..exchanges.stream_protocol import NumberedTrades
from ..kernel.actor import Context
from ..trading.refills import MissedTrade, TradesRefilled
from . import topics
from .feed_market import FeedMarket
from .feed_silence import STREAM_MIN_NS

if TYPE_CHECKING:
    from .feed import Feed

GRACE_NS = 200_000_000
"""What is late comes by itself by then."""
ANSWER_DUE_NS = 10_000_000_000
RETRY_MIN_NS, RETRY_MAX_NS = 1_000_000_000, 600_000_000_000
TRIES = 4
"""After so many the trades that are missing stay so: they would be too late for any bar."""
FAILURES = 2
"""After so many in a row a stream of trades that is in doubt is subscribed to anew: one says more of us than of it."""
ASKED_MAX = 1_000
"""Trades of one request."""


class _Search:
    """For trades of one symbol."""

    __slots__ = ("asked_id", "asked_ns", "failed", "gap_failed", "gap_id", "retry_ns", "since_ns", "tries")

    def __init__(self) -> None:
        self.since_ns = 0
        """When ids were found missing; 0 where none are."""
        self.gap_id = 0
        """The newest of them then: all above it are of another gap."""
        self.asked_ns = -ANSWER_DUE_NS
        self.asked_id = 0
        """The newest that was asked for."""
        self.retry_ns = self.tries = 0
        """The wait between two requests, or two subscriptions, doubles until all is well."""
        self.failed = self.gap_failed = 0
        """Requests without an answer, in a row; those for the same gap."""

    def mind_gap(self, missing: dict[int, None], now_ns: int) -> None:
        """What was missing may have come by itself, and what is missing now be another gap."""
        if next(iter(missing), 0) > self.gap_id or not missing:
            self.since_ns, self.gap_failed = now_ns if missing else 0, 0
            self.gap_id = next(reversed(missing), 0)

    def rest(self, until_ns: int) -> None:
        """All is well: the next request waits until then, and no longer."""
        self.tries = self.failed = 0
        self.retry_ns = until_ns


class FeedTrades:
    """Owned by a feed, which hands it the answers. Publishes `TradesRefilled`. Each refill is counted and timed like
    other repairs; a venue that numbers no trades, or tells none by number, is only subscribed to anew."""

    def __init__(self, context: Context, port: MarketPort, feed: "Feed") -> None:
        self._context = context
        self._port = port
        self._feed = feed
        self._clock = context.system.clock
        self._count = context.system.metrics.count
        self._protocol = port.protocol if isinstance(port.protocol, NumberedTrades) else None
        self._searches: dict[str, _Search] = {}

    def mind_gap(self, market: FeedMarket, now_ns: int) -> None:
        """Ids are missing, or were."""
        search = self._search(market)
        search.mind_gap(market.ids.missing, now_ns)
        if not search.since_ns:
            return
        if self._protocol is None or self._feed.reference:
            market.ids.give_up(market.ids.last_id)
        elif now_ns - search.since_ns >= GRACE_NS and market.symbol in self._feed.connected:
            self._ask(market, search, now_ns)

    def mind_silence(self, market: FeedMarket, now_ns: int) -> None:
        """No trade for longer than is usual: the stream is in doubt until the venue says that there was none."""
        if not market.trades_ns:
            market.trades_ns = now_ns
            self._feed.watch.judge(market, now_ns)
        search = self._search(market)
        if self._protocol is not None and market.ids.last_id:
            self._ask(market, search, now_ns)
        elif now_ns >= search.retry_ns:
            self._put_off(search, now_ns)
            self._feed.resubscribe(market)

    def arrived(self, market: FeedMarket, payload: bytes) -> None:
        try:
            events = self._protocol.decode_trades(payload) if self._protocol else ()
        except MalformedFrame as error:
            self.unavailable(market, str(error))
            return
        now_ns, search = self._clock.monotonic_ns(), self._search(market)
        search.asked_ns = -ANSWER_DUE_NS
        search.failed = 0
        missed = self._refill(market, events)
        self._end_gap(market, search, now_ns, found=missed)
        if not market.trades_ns:
            search.rest(now_ns)
        else:
            self._end_silence(market, search, events, now_ns)

    def unavailable(self, market: FeedMarket, reason: str) -> None:
        now_ns, search = self._clock.monotonic_ns(), self._search(market)
        search.asked_ns = -ANSWER_DUE_NS
        self._count("trades_not_answered")
        self._put_off(search, now_ns)
        search.failed += 1
        search.gap_failed += bool(search.since_ns)
        if search.gap_failed >= TRIES:
            self._end_gap(market, search, now_ns, found=False)
        if market.trades_ns and search.failed >= FAILURES:
            self._feed.resubscribe(market)  # nobody can say that there was none

    def healed(self, market: FeedMarket, now_ns: int) -> None:
        """Its stream tells trades again."""
        self._search(market).rest(now_ns)

    def _search(self, market: FeedMarket) -> _Search:
        return self._searches.setdefault(market.symbol, _Search())

    def _ask(self, market: FeedMarket, search: _Search, now_ns: int) -> None:
        if now_ns < max(search.retry_ns, search.asked_ns + ANSWER_DUE_NS):
            return
        search.asked_ns = now_ns
        missing = market.ids.missing
        first, last = next(iter(missing), market.ids.last_id + 1), next(reversed(missing), market.ids.last_id)
        limit = ASKED_MAX if market.trades_ns else max(1, min(last + 1 - first, ASKED_MAX))
        search.asked_id = first + limit - 1
        self._count("trades_asked")
        self._port.request_trades(market.symbol, first, limit)

    @staticmethod
    def _put_off(search: _Search, now_ns: int) -> None:
        search.retry_ns = now_ns + min(RETRY_MIN_NS << min(search.tries, 10), RETRY_MAX_NS)
        search.tries += 1

    # -- answers ------------------------------------------------------------------------------------------------------

    @staticmethod
    def _is_right(market: FeedMarket, event: TradeEvent) -> bool:
        if right := event.trade_ms <= market.latest_ms and market.band.admits(event.price):
            return right
        market.quarantined["price"] += 1
        market.count("quarantined_price")
        return False

    def _end_gap(self, market: FeedMarket, search: _Search, now_ns: int, *, found: bool) -> None:
        """What the venue was asked for and did not tell is lost; what is missing since is another gap."""
        if not search.since_ns:
            return
        if lost := market.ids.give_up(search.asked_id):
            self._count("trades_lost", lost)
        if found:
            self._feed.watch.note_repair(market, "missed", search.since_ns, now_ns)
        search.gap_id = 0
        search.mind_gap(market.ids.missing, now_ns)

    def _end_silence(self, market: FeedMarket, search: _Search, events: tuple[TradeEvent, ...], now_ns: int) -> None:
        """Trades that the stream should have told by now prove that it is dead; none proves that there were none."""
        newer = [event for event in events if event.trade_id > market.ids.last_id]
        before_ns = self._context.now_ns() - STREAM_MIN_NS
        old = [event for event in newer if self._told_ns(market, event) <= before_ns]
        if old:
            self._refill(market, tuple(old), newest=True)
            self._put_off(search, now_ns)
            self._feed.resubscribe(market)
            return
        market.trades_ns = 0
        search.rest(now_ns + RETRY_MIN_NS)
        if not newer:
            market.trade_times.excuse(now_ns - market.trade_times.last_ns)
            self._count("trade_silences_excused")

    def _refill(self, market: FeedMarket, events: tuple[TradeEvent, ...], *, newest: bool = False) -> bool:
        """Says whether anything of it was missed. What its stream tells of it later is no newer than what was told."""
        missed = [event for event in events if market.ids.refill(event.trade_id, newest=newest)]
        timely = (event.trade_ms for event in missed if event.trade_ms <= market.latest_ms)
        market.trade_ms = max(market.trade_ms, *timely, 0)
        right = [event for event in missed if self._is_right(market, event)]
        self._tell(market, right)
        return bool(right)

    def _tell(self, market: FeedMarket, events: list[TradeEvent]) -> None:
        if not events:
            return
        market.refilled += len(events)
        self._count("trades_refilled", len(events))
        trades = tuple(
            MissedTrade(each.trade_id, self._told_ns(market, each), each.price, each.size,
                        "sell" if each.buyer_is_maker else "buy")
            for each in events
        )  # fmt: skip
        if not self._feed.reference:
            self._context.publish(topics.refilled(market.symbol), TradesRefilled(market.symbol, trades))

    def _told_ns(self, market: FeedMarket, event: TradeEvent) -> int:
        """When it would have come by its stream, by the clock here."""
        lag_s = self._feed.watch.scores.habits[market.symbol].lag_s
        told_ns = event.trade_ms * 1_000_000 + (round(lag_s.level * 1e9) if lag_s.known else 0)
        return min(told_ns, self._context.now_ns())
