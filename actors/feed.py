"""The feed: raw frames in, one normal form out, books kept in sync, and never a silent lie about being live."""

from typing import Any

from ..exchanges.binance.decoder import decode
from ..exchanges.binance.snapshot import decode_snapshot
from ..exchanges.binance.synchronizer import BookSynchronizer
from ..exchanges.book_sync import (
    BookLost,
    BookReady,
    BookSnapshot,
    Effect,
    RequestSnapshot,
    SnapshotFailed,
    StreamLost,
    StreamOpened,
)
from ..exchanges.market import (
    FrameArrived,
    MarketPort,
    SnapshotArrived,
    SnapshotUnavailable,
    StreamsClosed,
    StreamsOpened,
)
from ..exchanges.market_events import DepthEvent, MalformedFrame, TickerEvent, TradeEvent
from ..exchanges.tasks import PortBroke, PortFault
from ..kernel.actor import Actor
from ..trading.messages import ZERO, FeedChanged, MarketDataUpdate, Side, StateAsked
from . import topics

BOOK_LEVELS = 10
"""Levels of each side in a book update."""
RETRY_MIN_S = 0.05
RETRY_MAX_S = 2.0


class _Market:
    """One symbol's book and touch."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.topic = topics.market(symbol)
        self.synchronizer = BookSynchronizer()
        self.bid = self.bid_size = self.ask = self.ask_size = ZERO
        self.state = (False, "no market data yet")


class Feed(Actor):
    """All streams of one venue for a set of symbols, through the port `market`.

    Publishes `MarketDataUpdate` on the topic of its symbol and `FeedChanged` on `feeds`. A symbol is live while its
    book is in sync.
    """

    progress_due_s = 2.0
    mailbox_limit = 100_000

    def __init__(self, symbols: tuple[str, ...]) -> None:
        self.symbols = symbols

    def start(self) -> None:
        self._markets = {symbol.replace("/", ""): _Market(symbol) for symbol in self.symbols}
        self._metrics = self.context.system.metrics
        port: MarketPort = self.context.ports["market"]
        self._port = port
        self._connected = False
        self.context.subscribe(topics.STATE_ASKED)
        for market in self._markets.values():
            self._tell_state(market)  # the incarnation before may have been killed without a word
        self._open()

    def stop(self, reason: str) -> None:
        self._port.close()

    def overdue(self, age_s: float) -> None:
        """Connected but stale: begin anew on a new connection. While there is none, one is on its way already."""
        if self._connected:
            self._metrics.count("feed_reopened")
            self._lost(f"connected, and nothing useful for {age_s:.1f} s")
            self._open()

    def _open(self) -> None:
        system, path = self.context.system, self.context.path
        self._port.open(self.symbols, lambda word: system.tell(path, word, sender="port/market"))

    def _lost(self, reason: str) -> None:
        self._connected = False
        for market in self._markets.values():
            self._perform(market, market.synchronizer.step(StreamLost(reason)))
            self._changed(market, live=False, reason=f"disconnected: {reason}")

    def receive(self, message: Any) -> Any:
        match message:
            case FrameArrived():
                self._frame(message)
            case StreamsOpened():
                self._metrics.count("feed_connections")
                self._connected = True
                for market in self._markets.values():
                    self._perform(market, market.synchronizer.step(StreamOpened()))
            case StreamsClosed(reason):
                self._lost(reason)
            case SnapshotArrived(symbol, payload):
                self._snapshot(self._markets[symbol.replace("/", "")], payload)
            case PortBroke(reason):
                raise PortFault(reason)
            case StateAsked():
                for market in self._markets.values():
                    self._tell_state(market)
            case SnapshotUnavailable(symbol, reason):
                market = self._markets[symbol.replace("/", "")]
                self._perform(market, market.synchronizer.step(SnapshotFailed(reason)))

    def _frame(self, frame: FrameArrived) -> None:
        try:
            event = decode(frame.payload)
        except MalformedFrame:
            self._metrics.count("frames_malformed")
            return
        self.context.fault_point("feed: frame decoded")
        market = self._markets.get(event.symbol)
        if market is None:
            self._metrics.count("frames_foreign")
            return
        update = self._normalise(market, event, frame.received_ns)
        if update is not None:
            self._metrics.count("updates")
            self._metrics.observe("stage_frame_to_update", (self.context.now_ns() - frame.received_ns) / 1e9)
            self.context.progress()
            self.context.publish(market.topic, update)

    def _normalise(
        self, market: _Market, event: TradeEvent | DepthEvent | TickerEvent, received_ns: int
    ) -> MarketDataUpdate | None:
        if isinstance(event, TickerEvent):
            market.bid, market.bid_size = event.bid, event.bid_size
            market.ask, market.ask_size = event.ask, event.ask_size
            return self._update(market, "quote", received_ns, received_ns, event.update_id)
        if isinstance(event, TradeEvent):
            if market.bid <= 0:
                return None  # no touch yet
            aggressor: Side = "sell" if event.buyer_is_maker else "buy"
            venue_ns = event.trade_ms * 1_000_000
            return self._update(
                market, "trade", venue_ns, received_ns, event.trade_id, event.price, event.size, aggressor
            )
        self._perform(market, market.synchronizer.step(event))
        return self._book_update(market, event, received_ns)

    def _book_update(self, market: _Market, event: DepthEvent, received_ns: int) -> MarketDataUpdate | None:
        book = market.synchronizer.book
        if not market.synchronizer.live or book.best_bid is None or book.best_ask is None:
            return None
        if market.bid <= 0:
            (market.bid, market.bid_size), (market.ask, market.ask_size) = book.best_bid, book.best_ask
        bids, asks = book.top(BOOK_LEVELS)
        return MarketDataUpdate(
            market.symbol,
            "book",
            event.event_ms * 1_000_000,
            received_ns,
            event.last_id,
            market.bid,
            market.bid_size,
            market.ask,
            market.ask_size,
            bids=bids,
            asks=asks,
        )

    def _update(self, market: _Market, kind: Any, *fields: Any) -> MarketDataUpdate:
        venue_ns, received_ns, sequence, *trade = fields
        return MarketDataUpdate(
            market.symbol,
            kind,
            venue_ns,
            received_ns,
            sequence,
            market.bid,
            market.bid_size,
            market.ask,
            market.ask_size,
            *trade,
        )

    def _snapshot(self, market: _Market, payload: bytes) -> None:
        try:
            snapshot: BookSnapshot | SnapshotFailed = decode_snapshot(payload)
        except MalformedFrame as error:
            snapshot = SnapshotFailed(str(error))
        self._perform(market, market.synchronizer.step(snapshot))

    def _perform(self, market: _Market, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case RequestSnapshot(_, attempt):
                    delay_s = 0.0 if attempt == 1 else min(RETRY_MAX_S, RETRY_MIN_S * 2 ** min(attempt, 10))
                    self._port.request_snapshot(market.symbol, delay_s)
                case BookReady():
                    self._changed(market, live=True, reason="the book is in sync")
                case BookLost(reason):
                    self._metrics.count("feed_resynchronisations")
                    self._changed(market, live=False, reason=f"the book lost sync: {reason}")

    def _changed(self, market: _Market, *, live: bool, reason: str) -> None:
        if not live:
            market.bid = market.ask = ZERO
        market.state = (live, reason)
        self._tell_state(market)

    def _tell_state(self, market: _Market) -> None:
        live, reason = market.state
        self.context.publish(topics.FEEDS, FeedChanged(market.symbol, live, reason, self.context.now_ns()))
