"""One way to the market data of the venue in memory, as a `MarketPort`: raw frames, and snapshots as REST's."""

from collections.abc import Callable, Sequence

import msgspec

from ...kernel.clock import Clock
from ..binance.protocol import BinanceSpot
from ..market import (
    FrameArrived,
    MarketWord,
    SnapshotArrived,
    SnapshotUnavailable,
    StreamsClosed,
    StreamsOpened,
    TradesArrived,
    TradesUnavailable,
)
from ..market_events import DepthEvent, TickerEvent, TradeEvent
from ..venue import RECONNECT_MAX_S, RECONNECT_MIN_S, REQUEST_TIMEOUT_S
from . import payloads, tickers
from .connections import Published
from .errors import RequestRefused
from .lies import on_the_way
from .memory_host import MemoryHost

SNAPSHOT_LEVELS = 1_000
KINDS: tuple[str, ...] = (TradeEvent.kind, TickerEvent.kind, DepthEvent.kind)


class MemoryMarketPort:
    """`clock` is that of the node it belongs to: it dates what arrives."""

    def __init__(self, host: MemoryHost, clock: Clock) -> None:
        self.protocol = BinanceSpot()
        self._host = host
        self._clock = clock
        self._symbols: frozenset[str] = frozenset()
        self._deliver: Callable[[MarketWord], object] | None = None
        self._connection = 0
        self._subscribed = False
        self._ready_ns = 0
        self._retry_s = RECONNECT_MIN_S
        self._muted: dict[str, frozenset[str]] = {}
        self._shown: dict[str, SnapshotArrived] = {}
        """The last true snapshot of each symbol."""

    # -- the contract ---------------------------------------------------------------------------------------------

    def open(self, symbols: tuple[str, ...], deliver: Callable[[MarketWord], object]) -> None:
        self.close()
        self._symbols, self._deliver = frozenset(symbols), deliver
        self._retry_s = RECONNECT_MIN_S
        self._connect_in(0.0)

    def request_snapshot(self, symbol: str, delay_s: float) -> None:
        connection = self._connection
        self._host.later(delay_s + self._host.latency_s(), lambda: self._take_snapshot(connection, symbol))

    def request_trades(self, symbol: str, first_id: int, limit: int) -> None:
        connection = self._connection

        def take() -> None:
            answer = self._trades(symbol, first_id, limit)
            self._host.later(self._host.latency_s(), lambda: self._tell_if(connection, answer))

        self._host.later(self._host.latency_s(), take)

    def resubscribe(self, symbol: str) -> None:
        self._host.later(self._host.latency_s(), lambda: self._muted.pop(symbol, None))

    def close(self) -> None:
        self._deliver, self._subscribed = None, False
        self._connection += 1
        self._host.connections.streams.pop(self, None)

    # -- what the venue does --------------------------------------------------------------------------------------

    def publish(self, frames: Sequence[Published]) -> None:
        """Frames leave together and arrive in order, dated when they arrive."""
        if not self._subscribed:
            return
        arriving = [text for frame in frames if frame.symbol in self._symbols and (text := self._on_the_way(frame))]
        connection, now_ns = self._connection, self._host.clock.monotonic_ns()
        self._ready_ns = max(self._ready_ns, now_ns + round(self._host.latency_s() * 1e9))
        self._host.later((self._ready_ns - now_ns) / 1e9, lambda: self._arrive(connection, arriving))

    def mute(self, symbol: str, kinds: frozenset[str]) -> None:
        """The venue forgets a symbol on this connection: `trade`, `quote` and `book` as told."""
        self._muted[symbol] = kinds

    def cut(self, reason: str) -> None:
        if self._subscribed:
            self._subscribed = False
            self._host.connections.streams.pop(self, None)
            self._tell(StreamsClosed(reason))
            self._reconnect()

    # -- the connection -------------------------------------------------------------------------------------------

    def _connect_in(self, delay_s: float) -> None:
        self._connection += 1
        connection = self._connection
        self._host.later(delay_s + 2 * self._host.latency_s(), lambda: self._connect(connection))

    def _connect(self, connection: int) -> None:
        if connection != self._connection:
            return
        if not self._host.reachable:
            self._tell(StreamsClosed("ConnectionRefusedError: nobody listens"))
            self._reconnect()
            return
        self._retry_s = RECONNECT_MIN_S
        self._subscribed, self._ready_ns = True, 0
        self._muted.clear()
        self._host.connections.streams[self] = None
        self._tell(StreamsOpened())

    def _reconnect(self) -> None:
        self._connect_in(self._retry_s * (1.0 - 0.3 * self._host.dice.random.random()))
        self._retry_s = min(self._retry_s * 2, RECONNECT_MAX_S)

    # -- frames and snapshots -------------------------------------------------------------------------------------

    def _on_the_way(self, frame: Published) -> bytes:
        """What arrives of a frame; nothing where it is lost."""
        if self._muted and frame.event.kind in self._muted.get(frame.symbol, ()):
            return b""
        market = self._host.engine.markets[frame.event.symbol]
        return on_the_way(frame.payload, frame.event, market, self._host.dice.fires)

    def _arrive(self, connection: int, payloads: list[bytes]) -> None:
        if connection != self._connection:
            return
        now_ns = self._clock.now_ns()
        for payload in payloads:
            self._tell(FrameArrived(payload, now_ns))

    def _take_snapshot(self, connection: int, symbol: str) -> None:
        if connection != self._connection:
            return
        if self._host.dice.fires("snapshot_lost"):
            word: MarketWord = SnapshotUnavailable(symbol, "TimeoutError: no answer")
            self._host.later(REQUEST_TIMEOUT_S, lambda: self._tell_if(connection, word))
            return
        answer = self._snapshot(symbol)
        self._host.later(self._host.latency_s(), lambda: self._tell_if(connection, answer))

    def _snapshot(self, symbol: str) -> MarketWord:
        if not self._host.reachable:
            return SnapshotUnavailable(symbol, "ConnectionRefusedError: nobody listens")
        try:
            self._host.admit()
            market = self._host.engine.market(symbol.replace("/", ""))
        except RequestRefused as error:
            return SnapshotUnavailable(symbol, f"the venue refused: {error}")
        if symbol in self._shown and self._host.dice.fires("snapshot_stale"):
            return self._shown[symbol]
        self._shown[symbol] = SnapshotArrived(
            symbol, msgspec.json.encode(payloads.depth(market.shown(SNAPSHOT_LEVELS)))
        )
        return self._shown[symbol]

    def _trades(self, symbol: str, first_id: int, limit: int) -> MarketWord:
        if not self._host.reachable:
            return TradesUnavailable(symbol, "ConnectionRefusedError: nobody listens")
        try:
            self._host.admit()
            tape = self._host.engine.market(symbol.replace("/", "")).tape
        except RequestRefused as error:
            return TradesUnavailable(symbol, f"the venue refused: {error}")
        wanted = [tickers.trade(each) for each in tape.trades if each.trade_id >= first_id]
        return TradesArrived(symbol, msgspec.json.encode(wanted[:limit]))

    def _tell_if(self, connection: int, word: MarketWord) -> None:
        if connection == self._connection:
            self._tell(word)

    def _tell(self, word: MarketWord) -> None:
        if self._deliver is not None:
            self._deliver(word)
