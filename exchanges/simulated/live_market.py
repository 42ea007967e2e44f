"""A real venue's public market on the local venue: what its streams say is published here as it comes."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, assert_never

from ..book_sync import Effect, Input, RequestSnapshot, SnapshotFailed, StreamLost, StreamOpened
from ..market import (
    FrameArrived,
    MarketPort,
    MarketWord,
    SnapshotArrived,
    SnapshotUnavailable,
    StreamsClosed,
    StreamsOpened,
    TradesArrived,
    TradesUnavailable,
)
from ..market_events import DepthEvent, MalformedFrame, StreamEvent, TickerEvent, TradeEvent
from ..tasks import PortBroke, PortFault
from .live_frames import LiveFrames, Stamped
from .records import PositionNoted
from .source import MarketFrame

RETRY_MIN_S = 0.2
RETRY_MAX_S = 10.0
"""Between two requests of one symbol's book."""
IDS_PER_MS = 1_000
TRADES_KEPT = 4_096
"""Of each symbol, whose ids are known: more than any venue repeats."""
CONNECTED = "connected"


class LiveMarket(NamedTuple):
    """Where a real market comes from. `tell` hears of every change of the connection."""

    symbols: tuple[str, ...]
    port: MarketPort
    tell: Callable[[str], object]


class LivePump:
    """Delivers what a real venue's public streams say, as frames of the local one. Nothing else is asked of the real
    venue but books. `counts` are its frames by what became of them."""

    def __init__(self, market: LiveMarket, clock_ns: Callable[[], int], deliver: Callable[[MarketFrame], None]) -> None:
        protocol, symbols = market.port.protocol, market.symbols
        self.counts: Counter[str] = Counter()
        self._port, self._protocol, self._tell = market.port, protocol, market.tell
        self._deliver = deliver
        self._begun_ns = clock_ns()
        first_id = self._begun_ns // 1_000_000 * IDS_PER_MS
        self._by_name = {protocol.venue_symbol(symbol): symbol for symbol in symbols}
        self._trade_ids: dict[str, dict[int, None]] = {symbol: {} for symbol in symbols}
        self._frames = {s: LiveFrames(_name(s), protocol.make_synchronizer(), first_id) for s in symbols}

    def start(self) -> None:
        """A real market waits for nobody."""

    def resume(self, position: PositionNoted, skip: Callable[[MarketFrame], None]) -> None:
        """Nor does it begin again where it was."""

    async def run(self) -> None:
        """Connect, and deliver until cancelled; raises `PortFault` for what broke the port."""
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._port.open(tuple(self._frames), self.hear)
        try:
            await self._broken
        finally:
            self._port.close()

    def hear(self, word: MarketWord) -> None:
        match word:
            case FrameArrived(payload, received_ns):
                self._hear_frame(payload, received_ns)
            case SnapshotArrived(symbol, payload):
                self._hear_snapshot(symbol, payload)
            case SnapshotUnavailable(symbol, reason):
                self._follow(symbol, SnapshotFailed(reason))
            case StreamsOpened(symbols):
                self._tell(CONNECTED)
                self._follow_all(symbols, StreamOpened())
            case StreamsClosed(reason, symbols):
                self._tell(f"not connected: {reason}")
                self._follow_all(symbols, StreamLost(reason))
            case PortBroke(reason):
                if not self._broken.done():
                    self._broken.set_exception(PortFault(reason))
            case TradesArrived() | TradesUnavailable():
                pass  # nobody asked
            case _:
                assert_never(word)

    def _hear_frame(self, payload: bytes, received_ns: int) -> None:
        try:
            events = self._protocol.decode(payload)
        except MalformedFrame:
            self.counts["malformed"] += 1
            return
        for event in events:
            self._hear_event(event, received_ns)

    def _hear_event(self, event: StreamEvent, received_ns: int) -> None:
        if not isinstance(event, TradeEvent | TickerEvent | DepthEvent):
            self.counts["control"] += 1
            return
        symbol = self._by_name.get(event.symbol)
        if symbol is None:
            self.counts["foreign"] += 1
        elif isinstance(event, DepthEvent):
            self._follow(symbol, event, received_ns)
        elif isinstance(event, TradeEvent) and self._was_told(symbol, event.trade_id):
            self.counts["repeated"] += 1
        else:
            self._publish(symbol, self._frames[symbol].write(event), received_ns)

    def _was_told(self, symbol: str, trade_id: int) -> bool:
        """Venues tell their latest trades once more to who connects anew. Of one that numbers none nothing is known."""
        told = self._trade_ids[symbol]
        if not trade_id or trade_id in told:
            return bool(trade_id)
        told[trade_id] = None
        if len(told) > TRADES_KEPT:
            del told[next(iter(told))]
        return False

    def _hear_snapshot(self, symbol: str, payload: bytes) -> None:
        try:
            self._follow(symbol, self._protocol.decode_snapshot(payload))
        except MalformedFrame as error:
            self._follow(symbol, SnapshotFailed(str(error)))

    def _follow_all(self, symbols: tuple[str, ...], word: Input) -> None:
        for symbol in symbols or self._frames:
            self._follow(symbol, word)

    def _follow(self, symbol: str, word: Input, received_ns: int = 0) -> None:
        effects, frames = self._frames[symbol].follow(word)
        self._ask(symbol, effects)
        self._publish(symbol, frames, received_ns)

    def _ask(self, symbol: str, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if isinstance(effect, RequestSnapshot):
                first = effect.attempt == 1
                delay_s = 0.0 if first else min(RETRY_MAX_S, RETRY_MIN_S * 2 ** min(effect.attempt, 10))
                self._port.request_snapshot(symbol, delay_s)

    def _publish(self, symbol: str, frames: list[Stamped], received_ns: int) -> None:
        for stream, payload in frames:
            self.counts["published"] += 1
            self._deliver(MarketFrame(max(0, received_ns - self._begun_ns), symbol, stream, payload))


def _name(symbol: str) -> str:
    return symbol.replace("/", "")
