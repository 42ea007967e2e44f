"""One symbol of a feed: its book and touch, what of its events is told, and what is kept back."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ..exchanges.book_sync import Synchronizer
from ..exchanges.market_events import DepthEvent, TickerEvent, TradeEvent
from ..kernel.mailbox import Conflate
from ..trading.messages import ZERO, MarketDataUpdate
from ..trading.quality import LATELY_MAX
from ..trading.quality_interval import UsualInterval
from ..trading.quality_prices import PriceBand
from ..trading.quality_trades import TradeIds
from . import topics

BOOK_LEVELS = 10
"""Levels of each side in a book update."""
DAY_MS = 86_400_000
RESTART_MS = 1_000
"""A trade so much newer than all before it is none of them, whatever its id: the venue counts anew."""
EXCUSED = frozenset({"early", "untouched", "doubled", "old", "crossed"})
"""Reasons that say nothing against the data, or count by themselves: quotes before the first book, trades before the
first quote, what was told already."""


class FeedMarket:
    """Guaranteed: no update carries a price that is not positive and inside `band`, a quote that is crossed or locked,
    or a trade twice. What is kept back is counted by its reason."""

    __slots__ = (
        "ask", "ask_size", "band", "bid", "bid_size", "book_times", "conflate", "conflated", "count",
        "earliest_ms", "event_ms", "event_received_ns", "fault", "gaps", "halted", "held", "ids", "late",
        "latest_ms", "of_late", "proof", "quarantined", "quiet_id", "quiet_levels", "quote_id", "quote_times",
        "refilled", "renewals", "renewed_ns", "repairs", "retry_ns", "state", "symbol", "synchronizer", "topic",
        "trade_gaps", "trade_ms", "trade_times", "traded", "trades_ns", "tries", "updates",
    )  # fmt: skip

    def __init__(
        self, symbol: str, synchronizer: Synchronizer, band: PriceBand, count: Callable[[str], object]
    ) -> None:
        """`count` counts for the node; what is counted here is of this incarnation."""
        self.symbol = symbol
        self.count = count
        self.topic = topics.market(symbol)
        self.synchronizer = synchronizer
        self.band = band
        self.ids = TradeIds()
        self.quote_times, self.book_times, self.trade_times = UsualInterval(), UsualInterval(), UsualInterval()
        self.bid = self.bid_size = self.ask = self.ask_size = ZERO
        self.conflate = {kind: Conflate((symbol, kind)) for kind in ("quote", "book")}
        self.held: dict[str, MarketDataUpdate] = {}
        """By kind, what is late and told once all frames that wait were seen; a newer one takes its place."""
        self.state = (False, "no market data yet")
        # Counted, ever and lately.
        self.updates = self.late = self.conflated = self.gaps = self.trade_gaps = self.refilled = self.repairs = 0
        self.quarantined: Counter[str] = Counter()
        self.of_late: dict[str, float] = {}
        """Counts that fade, by the names of `trading/quality.py`."""
        self.traded = ZERO
        """Since the last look."""
        # Time of events: in ms as the venue says it, in ns as the clock here does.
        self.event_ms = self.event_received_ns = 0
        self.earliest_ms = self.latest_ms = 0
        self.trade_ms = 0
        """Of the newest trade told."""
        self.quote_id = 0
        # A fault and its repair, in monotonic ns.
        self.fault: tuple[str, int] | None = None
        self.proof = ""
        """Which stream, `quote` or `book`, has to be heard before it is live, for it was silent."""
        self.quiet_id = -1
        """The book's id when it fell silent: a snapshot no newer proves that nothing happened meanwhile."""
        self.quiet_levels: tuple[Any, ...] = ()
        """Its best levels then, where a venue numbers no books: the same ones prove as much."""
        self.retry_ns = self.tries = 0
        self.renewals = self.renewed_ns = 0
        """How often lately its book was asked for anew, and when last."""
        self.trades_ns = 0
        """Since when its stream of trades is in doubt; 0 where it is not."""
        self.halted = ""
        """Why it does not trade, as the universe says: then nothing of it is missed."""

    # -- events, each of which may become an update -------------------------------------------------------------------

    def quote(self, event: TickerEvent, received_ns: int) -> MarketDataUpdate | None:
        band, bid, ask = self.band, event.bid, event.ask
        if not band.low <= bid < ask <= band.high and not self._believes(bid, ask, "quote"):
            return None
        if event.update_id < self.quote_id:
            self._keep_back("old")
            return None
        self.quote_id = event.update_id
        self.bid, self.bid_size, self.ask, self.ask_size = bid, event.bid_size, ask, event.ask_size
        return MarketDataUpdate(
            self.symbol, "quote", received_ns, received_ns, event.update_id, bid, event.bid_size, ask, event.ask_size
        )

    def trade(self, event: TradeEvent, received_ns: int) -> MarketDataUpdate | None:
        self.event_ms, self.event_received_ns = event.trade_ms, received_ns
        if not self.earliest_ms <= event.trade_ms <= self.latest_ms:
            self._keep_back("time")
            return None
        ids = self.ids
        if event.trade_id != ids.last_id + 1 and (found := ids.take(event.trade_id)) != "next":
            if found == "doubled":
                if event.trade_ms <= self.trade_ms + RESTART_MS:
                    self._keep_back("doubled")
                    return None
                ids.restart(event.trade_id)
                found = "gap"
            self._note_trade(found)
        else:
            ids.last_id = event.trade_id
        self.trade_ms = max(self.trade_ms, event.trade_ms)
        band, price = self.band, event.price
        if not band.low <= price <= band.high and not self._believes(price, price, "trade"):
            return None
        if self.bid <= 0:
            self._keep_back("untouched")
            if self.updates:
                ids.miss(event.trade_id)  # told without a touch once it is asked for
            return None
        self.traded += event.size
        return MarketDataUpdate(
            self.symbol,
            "trade",
            event.trade_ms * 1_000_000,
            received_ns,
            event.trade_id,
            self.bid,
            self.bid_size,
            self.ask,
            self.ask_size,
            price,
            event.size,
            "sell" if event.buyer_is_maker else "buy",
        )

    def is_timely(self, event: DepthEvent, received_ns: int) -> bool:
        """A change of the book counts whenever it says it happened, but it is not told with a time that is none."""
        self.event_ms, self.event_received_ns = event.event_ms, received_ns
        if event.event_ms and not self.earliest_ms <= event.event_ms <= self.latest_ms:
            self._keep_back("time")
            return False
        return True

    def book(self, event: DepthEvent, received_ns: int) -> MarketDataUpdate | None:
        """The update of a book that `event` was applied to already."""
        synchronizer = self.synchronizer
        bids, asks = synchronizer.book.top(BOOK_LEVELS)
        if not synchronizer.live or not bids or not asks:
            return None
        bid, ask, band = bids[0][0], asks[0][0], self.band
        if not band.low <= bid < ask <= band.high and not self._believes(bid, ask, "book"):
            return None
        if self.bid <= 0:
            (self.bid, self.bid_size), (self.ask, self.ask_size) = bids[0], asks[0]
        venue_ns = event.event_ms * 1_000_000 or received_ns
        return MarketDataUpdate(
            self.symbol,
            "book",
            venue_ns,
            received_ns,
            event.last_id,
            self.bid,
            self.bid_size,
            self.ask,
            self.ask_size,
            ZERO,
            ZERO,
            None,
            bids,
            asks,
        )

    # -- books and connections ----------------------------------------------------------------------------------------

    def book_ready(self) -> None:
        """A fresh book says where the market is: at the beginning it alone, later as one stream of several."""
        best_bid, best_ask, band = self.synchronizer.book.best_bid, self.synchronizer.book.best_ask, self.band
        if best_bid is None or best_ask is None:
            return
        if not band.known:
            band.centre((best_bid[0] + best_ask[0]) / 2)
            band.settle()
        elif band.admits(best_bid[0]) and band.admits(best_ask[0]):
            band.settle()
        else:
            self._believes(best_bid[0], best_ask[0], "snapshot")

    def forget_touch(self) -> None:
        self.bid = self.ask = ZERO

    def open(self, monotonic_ns: int, utc_ms: int) -> None:
        """Its streams are subscribed."""
        self.quote_id = 0
        if not self.earliest_ms:
            self.earliest_ms, self.latest_ms = utc_ms - DAY_MS, utc_ms + DAY_MS
        self.begin(monotonic_ns)

    def begin(self, monotonic_ns: int) -> None:
        """What it is to be silent is measured from now on."""
        self.quote_times.begin(monotonic_ns)
        self.book_times.begin(monotonic_ns)
        self.trade_times.begin(monotonic_ns)

    def note(self, name: str, amount: float = 1.0) -> None:
        self.of_late[name] = min(self.of_late.get(name, 0.0) + amount, LATELY_MAX)

    @property
    def last_ns(self) -> int:
        """When anything useful came last, or was begun to be heard."""
        return max(self.quote_times.last_ns, self.book_times.last_ns, self.trade_times.last_ns)

    @property
    def usual_ns(self) -> int:
        """Of its busiest stream; 0 while that is not known."""
        known = (self.quote_times.usual_ns, self.book_times.usual_ns, self.trade_times.usual_ns)
        return min((each for each in known if each), default=0)

    # -- what is kept back --------------------------------------------------------------------------------------------

    def _believes(self, bid: Decimal, ask: Decimal, source: str) -> bool:
        """Prices that are not all inside the band; True where other streams confirmed them by now."""
        if bid > ask or (bid == ask and source != "trade"):
            self.note("crossed")
            self._keep_back("crossed")
            return False
        middle = (bid + ask) / 2
        if ask - bid <= middle / 10 and self.band.consider(middle, source):
            inside = self.band.admits(bid) and self.band.admits(ask)
            if source != "quote" and inside:  # the touch from before the jump is none
                self.bid, self.ask = ZERO, ZERO
            return inside
        self._keep_back("price" if self.band.known else "early")
        return False

    def _keep_back(self, reason: str) -> None:
        self.quarantined[reason] += 1
        self.count(f"quarantined_{reason}")
        if reason not in EXCUSED:
            self.note("quarantined")

    def _note_trade(self, found: str) -> None:
        if found == "gap":
            self.trade_gaps += 1
            self.count("trade_gaps")
            self.note("gaps", 0.25)
