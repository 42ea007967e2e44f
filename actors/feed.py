"""The feed: raw frames in, one normal form out, books kept in sync, and never a silent lie about being live."""

from typing import Any

from ..exchanges.book_sync import SnapshotFailed, StreamLost, StreamOpened
from ..exchanges.market import (
    FrameArrived,
    MarketPort,
    SnapshotArrived,
    SnapshotUnavailable,
    StreamsClosed,
    StreamsOpened,
    TradesArrived,
    TradesUnavailable,
)
from ..exchanges.market_events import (
    ControlEvent,
    DepthEvent,
    MalformedFrame,
    StatusEvent,
    StreamEvent,
    TickerEvent,
    TradeEvent,
)
from ..exchanges.tasks import PortBroke, PortFault
from ..kernel.actor import Actor
from ..trading.messages import (
    MarketDataUpdate,
    ReferencePrice,
    StateAsked,
    SymbolStatus,
)
from ..trading.quality_prices import JUMP, PriceBand
from ..transports.control import FeedAsked
from . import topics
from .feed_books import FeedBooks
from .feed_late import AllSeen, FeedLate
from .feed_market import FeedMarket
from .feed_trades import FeedTrades
from .feed_watch import LOOK_S, FeedWatch

CONFLATE_AFTER_NS = 5_000_000
"""Data older than this when it is told is told late: of quotes and books that still wait only the newest matters."""


class _LookDue:
    pass


class _Look:
    """Comes behind the frames that wait: who is late himself takes nobody for silent."""


class Feed(Actor):
    """All streams of one venue for a set of symbols, through a port.

    Publishes `MarketDataUpdate` on the topic of its symbol, `FeedChanged` on `feeds` and `DataQuality` on `quality`. A
    symbol is live while its book is in sync and its streams are heard. Trades are never conflated. A `reference` feed
    publishes nothing but `ReferencePrice`.
    """

    progress_due_s = 2.0
    mailbox_limit = 30_000
    """Frames that wait: no more than a feed can take in a second or so, which bounds the age of what it tells."""
    catches_up = True

    def __init__(
        self,
        symbols: tuple[str, ...],
        port: str = "market",
        *,
        venue: str = "binance",
        reference: bool = False,
        max_jump: float = JUMP,
    ) -> None:
        """`max_jump`: a price that differs by this fraction needs another stream to say the same."""
        self.symbols = symbols
        self.port = port
        self.venue = venue
        self.reference = reference
        self.max_jump = max_jump

    def start(self) -> None:
        self._metrics = self.context.system.metrics
        self._clock = self.context.system.clock
        port: MarketPort = self.context.ports[self.port]
        self._port, self._protocol = port, port.protocol
        self._markets = {self._protocol.venue_symbol(symbol): self._make(symbol) for symbol in self.symbols}
        self._by_symbol = {market.symbol: market for market in self._markets.values()}
        self.watch = FeedWatch(self.context, self, self._by_symbol)
        self._books = FeedBooks(self.context, port, self.watch, tells=not self.reference)
        self._late = FeedLate(self.context)
        self.trades = FeedTrades(self.context, port, self)
        self.connected: dict[str, None] = {}
        """Symbols whose connection stands."""
        self.connections = self.malformed = self.foreign = 0
        self.oldest_ns = 0
        """The greatest age of data since the last look."""
        self.context.subscribe(topics.STATE_ASKED)
        self.context.subscribe(topics.UNIVERSE)
        if not self.reference:
            for market in self._markets.values():
                self._books.tell(market)  # the incarnation before may have been killed without a word
                self.context.subscribe(topics.reference(market.symbol))
        self.context.schedule(LOOK_S, _LookDue())
        self._open()

    def stop(self, reason: str) -> None:
        self._port.close()

    def overdue(self, age_s: float) -> None:
        """The watch minds silences; it may only have been too busy to say so."""
        self.watch.look()

    def receive(self, message: Any) -> Any:
        match message:
            case FrameArrived():
                self._frame(message)
            case _LookDue():
                if not self.context.defer(_Look()):
                    self.context.schedule(LOOK_S, _LookDue())
            case AllSeen():
                self._late.all_seen()
            case _Look():
                self.context.schedule(self.watch.look(), _LookDue())
            case ReferencePrice():
                self.watch.hear(message)
            case StreamsOpened(symbols):
                self._opened(symbols or self.symbols)
            case StreamsClosed(reason, symbols):
                self._lost(reason, symbols or self.symbols)
            case SnapshotArrived(symbol, payload):
                self._books.snapshot(self._by_symbol[symbol], payload)
            case SnapshotUnavailable(symbol, reason):
                self._books.step(self._by_symbol[symbol], SnapshotFailed(reason))
            case TradesArrived(symbol, payload):
                self.trades.arrived(self._by_symbol[symbol], payload)
            case TradesUnavailable(symbol, reason):
                self.trades.unavailable(self._by_symbol[symbol], reason)
            case PortBroke(reason):
                raise PortFault(reason)
            case StateAsked():
                for market in self._markets.values():
                    self._books.tell(market)
                self.watch.scores.tell_all(self._by_symbol)
            case SymbolStatus(symbol, state, detail) if symbol in self._by_symbol and not self.reference:
                self.watch.hear_status(self._by_symbol[symbol], "" if state == "online" else f"{state}: {detail}")
            case FeedAsked():
                return self.watch.view()

    # -- connections --------------------------------------------------------------------------------------------------

    def reopen(self, reason: str) -> None:
        """Connected but stale: begin anew on a new connection."""
        self._metrics.count("feed_reopened")
        self._lost(reason, self.symbols, "stale")
        self._open()

    def distrust(self, market: FeedMarket, kind: str, reason: str) -> None:
        """It is live again as soon as it speaks; nothing is asked of the venue."""
        self._late.release(market)
        market.proof = market.proof or "book"
        self._books.changed(market, live=False, reason=reason, kind=kind)

    def renew(self, market: FeedMarket, kind: str, reason: str, *, proof: str) -> None:
        """One symbol begins anew: its book, and, where one of them has to prove itself, its streams."""
        self._late.release(market)
        market.proof = market.proof or proof
        self._books.step(market, StreamLost(reason), kind)
        self._books.changed(market, live=False, reason=reason, kind=kind)
        if proof:
            self.resubscribe(market)
        self._books.step(market, StreamOpened())

    def resubscribe(self, market: FeedMarket) -> None:
        """The streams of one symbol begin anew; its book is as live as before until it says otherwise."""
        self._metrics.count("feed_resubscriptions")
        self._port.resubscribe(market.symbol)

    def _make(self, symbol: str) -> FeedMarket:
        return FeedMarket(symbol, self._protocol.make_synchronizer(), PriceBand(self.max_jump), self._metrics.count)

    def _open(self) -> None:
        tell, path, count = self.context.system.tell, self.context.path, self._metrics.count

        def deliver(word: object) -> None:
            if not tell(path, word, sender="port/market"):
                count("frames_dropped")

        self._port.open(self.symbols, deliver)

    def _opened(self, symbols: tuple[str, ...]) -> None:
        self._metrics.count("feed_connections")
        self.connections += 1
        now_ns = self._clock.monotonic_ns()
        for symbol in symbols:
            self.connected[symbol] = None
            market = self._by_symbol[symbol]
            market.open(now_ns, self.context.now_ns() // 1_000_000)
            self._books.step(market, StreamOpened())

    def _lost(self, reason: str, symbols: tuple[str, ...], kind: str = "disconnected") -> None:
        self._late.release_all()
        for symbol in symbols:
            self.connected.pop(symbol, None)
            market = self._by_symbol[symbol]
            market.proof = market.proof or ("book" if kind == "stale" else "")
            self._books.step(market, StreamLost(reason), kind)
            self._books.changed(market, live=False, reason=f"{kind}: {reason}", kind=kind)

    # -- frames -------------------------------------------------------------------------------------------------------

    def _frame(self, frame: FrameArrived) -> None:
        try:
            events = self._protocol.decode(frame.payload)
        except MalformedFrame:
            self._metrics.count("frames_malformed")
            self.malformed += 1
            return
        self.context.fault_point("feed: frame decoded")
        for event in events:
            self._event(event, frame.received_ns)

    def _event(self, event: StreamEvent, received_ns: int) -> None:
        if isinstance(event, ControlEvent):
            self._metrics.count("frames_control")  # it proves a connection, and no market
            return
        market = self._markets.get(event.symbol)
        if market is None:
            self._metrics.count("frames_foreign")
            self.foreign += 1
            return
        if isinstance(event, StatusEvent):
            self._status(market, event)
            return
        now_ns = self._clock.monotonic_ns()
        update = self._normalise(market, event, received_ns, now_ns)
        if update is not None:
            self._publish(market, update, received_ns, now_ns)

    def _normalise(
        self, market: FeedMarket, event: TradeEvent | DepthEvent | TickerEvent, received_ns: int, now_ns: int
    ) -> MarketDataUpdate | None:
        if isinstance(event, TickerEvent):
            update = market.quote(event, received_ns)
            if update is not None:
                market.quote_times.note(now_ns)
            return update
        if isinstance(event, TradeEvent):
            update = market.trade(event, received_ns)
            if update is not None:
                market.trade_times.note(now_ns)
                if market.trades_ns:
                    self.watch.heard_trades(market, now_ns)
            return update
        timely = market.is_timely(event, received_ns)
        if effects := market.synchronizer.step(event):
            self._late.release(market)
            self._books.perform(market, effects)
        if market.synchronizer.live:
            market.book_times.note(now_ns)
        return market.book(event, received_ns) if timely else None

    def _publish(self, market: FeedMarket, update: MarketDataUpdate, received_ns: int, now_ns: int) -> None:
        context, age_ns = self.context, self.context.now_ns() - received_ns
        if market.proof and market.proof == update.kind:
            self._books.proven(market)
        market.updates += 1
        if age_ns > self.oldest_ns:  # noqa: PLR1730 - a call costs more
            self.oldest_ns = age_ns
        if self.reference:
            return
        self._metrics.count("updates")
        self._metrics.observe("stage_frame_to_update", age_ns / 1e9)
        context.progressed_ns = now_ns  # `progress`, without another look at the clock
        if age_ns > CONFLATE_AFTER_NS and update.kind != "trade":
            self._late.hold(market, update)
            return
        if market.held:
            self._late.release(market)
        context.publish(market.topic, update)

    def _status(self, market: FeedMarket, event: StatusEvent) -> None:
        if not self.reference:
            word = SymbolStatus(market.symbol, event.state, "said in its stream", self.context.now_ns())  # type: ignore[arg-type]  # one of three
            self.context.publish(topics.STATUS, word)
