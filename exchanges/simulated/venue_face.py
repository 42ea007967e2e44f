"""What the venue's faces share, whatever protocol they speak: an engine, the market that drives it, one open door."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable, Sequence, Sized
from decimal import Decimal
from typing import Any, Protocol

from aiohttp import web

from ...trading.instruments import Instrument
from ..binance.decoder import decode
from ..market_events import MarketEvent
from .doors import Doors
from .engine import Engine
from .faults import Faults, FaultSwitch
from .live_market import LiveMarket, LivePump
from .pump import Pump
from .requestlog import LineFile, RequestLog
from .restamp import restamp
from .source import MarketFrame, MarketSource
from .state import VenueState
from .venue_desk import VenueDesk

SHUTDOWN_S = 1.0


class Feeds(Protocol):
    @property
    def clients(self) -> Sized: ...

    def cut(self) -> None:
        """Break every connection that has a stream of the market."""


class AccountFeeds(Sized, Protocol):
    """As long as there are connections with a stream of an account."""

    def cut(self) -> None:
        """Break every one of them."""


class VenueFace:
    """Base of a venue: it makes its engine, calls `_take_market`, makes its desk, feeds and doors, and says what to do
    with an event of the market and what is due by the clock alone.

    Raises ValueError where the source has a symbol that no instrument describes.
    """

    engine: Engine
    _desk: VenueDesk[Any]
    _feeds: Feeds
    _accounts: AccountFeeds
    _doors: Doors
    _pump: Pump | LivePump

    def __init__(
        self,
        source: MarketSource | LiveMarket,
        instruments: Sequence[Instrument],
        request_log: LineFile,
        clock_ns: Callable[[], int],
        state: VenueState | None,
    ) -> None:
        unknown = set(source.symbols) - {instrument.symbol for instrument in instruments}
        if unknown:
            raise ValueError(f"expected an instrument for every symbol of the source, found none for {sorted(unknown)}")
        self.state = state or VenueState()
        self._source = source
        self._clock_ns = clock_ns
        self._switch = FaultSwitch(next((each.venue_symbol for each in instruments), ""))
        self._requests = RequestLog(request_log)
        self._frames = 0
        self._running: list[asyncio.Task[None]] = []

    def _take_market(self, speed: float, pace_ns: Callable[[], int] | None) -> None:
        """The engine is there: let the source drive it, from where an earlier run broke off."""
        self._pump = (
            LivePump(self._source, self._clock_ns, self._deliver)
            if isinstance(self._source, LiveMarket)
            else Pump(self._source, speed, pace_ns or self._clock_ns, self._deliver, self.engine.note_position)
        )
        if self.state.books.position:
            self._pump.resume(self.state.books.position, self._skip)

    def _observe(self, frame: MarketFrame, payload: bytes, event: MarketEvent, now_ms: int) -> None:
        """Publish an event and let the engine see it; `payload` is the frame as of now."""
        raise NotImplementedError

    async def _pass_time(self) -> None:
        """Never ends: what is due by the clock alone."""
        raise NotImplementedError

    async def start(self, host: str, port: int, ssl_context: ssl.SSLContext) -> int:
        """Open the doors; returns the port, which is a free one where 0 was asked for. Raises OSError."""
        self._runner = web.AppRunner(self._doors.application(), access_log=None, shutdown_timeout=SHUTDOWN_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, ssl_context=ssl_context).start()
        self._running = [asyncio.create_task(self._pump.run()), asyncio.create_task(self._pass_time())]
        bound: int = self._runner.addresses[0][1]
        return bound

    async def wait_failed(self) -> None:
        """Returns when the venue was stopped; raises what broke the market's pump, without which it is no venue."""
        ended, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            if not task.cancelled():
                task.result()

    async def stop(self) -> None:
        """Close every connection and end the market; the state stays as it is."""
        for task in self._running:
            task.cancel()
        await asyncio.wait(self._running)
        await self._runner.cleanup()

    @property
    def now_ms(self) -> int:
        """By the venue's own clock, which may be off."""
        return self._desk.now_ms

    @property
    def faults(self) -> Faults:
        """The faults that are still to come; they may be set."""
        return self._switch.faults

    @property
    def fired(self) -> Counter[str]:
        """How often each fault was met."""
        return self._switch.fired

    def transfer(self, asset: str, amount: Decimal) -> None:
        """Deposit, or with an amount below zero withdraw of what is free. Raises RequestRefused."""
        self.engine.transfer(asset, amount, self.now_ms)

    def stats(self) -> dict[str, int]:
        books = self.state.books
        return {
            "frames": self._frames,
            "stream_clients": len(self._feeds.clients),
            "signed_requests": self._requests.lines,
            "open_orders": len(self.state.open),
            "orders": books.last_order_id,
            "fills": books.last_trade_id,
            "executions": books.executions,
        }

    def _deliver(self, frame: MarketFrame) -> None:
        """A frame of the market is due."""
        now_ms = self.now_ms
        payload = restamp(frame.payload, now_ms)
        event = decode(payload)
        self._frames += 1
        self._desk.keep_books()
        self._break_connections()
        if self._desk.is_halted(event.symbol):
            self.engine.markets[event.symbol].apply(event)
        else:
            self._observe(frame, payload, event, now_ms)

    def _break_connections(self) -> None:
        """At every frame of the market, as the faults say."""
        faults, fires = self.faults, self._switch.fires
        if faults.maintenance > 0:
            self._doors.sockets.cut()
        if self._feeds.clients and (faults.streams_down > 0 or fires("market_cut")):
            self._feeds.cut()
        if len(self._accounts) and fires("account_cut"):
            self._accounts.cut()

    def _skip(self, frame: MarketFrame) -> None:
        """A frame that may have been published before a restart: the book needs it, nobody else may see it again."""
        event = decode(restamp(frame.payload, self._clock_ns() // 1_000_000))
        self.engine.markets[event.symbol].apply(event)
