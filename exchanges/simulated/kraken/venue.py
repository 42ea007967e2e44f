"""The simulated venue behind Kraken's protocol: the same engine and market as behind Binance's."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal

from aiohttp import web
from msgspec.structs import replace

from ....trading.instruments import Instrument
from ...binance.decoder import decode
from ..engine import OPEN_ORDERS_MAX, Engine, Log
from ..faults import Faults, FaultSwitch
from ..live_market import LiveMarket, LivePump
from ..pump import Pump
from ..requestlog import LineFile, RequestLog
from ..restamp import restamp
from ..source import MarketFrame, MarketSource
from ..state import VenueState
from .authentication import Authenticator
from .desk import KrakenDesk
from .executions import AccountFeeds
from .feeds import MarketFeeds
from .fees import TIERS
from .limits import Limits, RateLimiter
from .names import Pairs
from .new_orders import VOLUME_STEP
from .private import cancel_all
from .server import Server

SHUTDOWN_S = 1.0
TICK_S = 0.1
BEATS_EVERY = 10
"""Ticks between two heartbeats."""


class KrakenVenue:
    """As `SimulatedVenue`: the same arguments and the same answers, another protocol. `api_secret` is in base64.

    Amounts have eight decimals here, whatever the instruments say: all that differs is the least amount.
    """

    def __init__(
        self,
        source: MarketSource | LiveMarket,
        instruments: Sequence[Instrument],
        log: Log,
        request_log: LineFile,
        *,
        clock_ns: Callable[[], int],
        pace_ns: Callable[[], int] | None = None,
        api_key: str,
        api_secret: str,
        opening_balances: dict[str, Decimal],
        speed: float = 1.0,
        state: VenueState | None = None,
        admin: bool = False,
        limits: Limits | None = None,
        open_orders_max: int = OPEN_ORDERS_MAX,
    ) -> None:
        """Raises ValueError where the source has a symbol that no instrument describes, or for a secret that is not
        base64."""
        unknown = set(source.symbols) - {instrument.symbol for instrument in instruments}
        if unknown:
            raise ValueError(f"expected an instrument for every symbol of the source, found none for {sorted(unknown)}")
        self.state = state or VenueState()
        self._clock_ns = clock_ns
        self._switch = FaultSwitch(next((each.venue_symbol for each in instruments), ""))
        rules = [replace(instrument, step_size=VOLUME_STEP) for instrument in instruments]
        self._account_feeds = AccountFeeds(self.state, Pairs(rules).by_venue_symbol, self._switch)
        self.engine = Engine(self.state, rules, log, self._account_feeds, open_orders_max, tiers=TIERS)
        self._pump: Pump | LivePump = (
            LivePump(source, clock_ns, self._deliver)
            if isinstance(source, LiveMarket)
            else Pump(source, speed, pace_ns or clock_ns, self._deliver, self.engine.note_position)
        )
        self._requests = RequestLog(request_log)
        limiter = RateLimiter(limits or Limits(), clock_ns)
        authenticator = Authenticator(api_key, api_secret)
        self._desk = KrakenDesk(self.engine, authenticator, limiter, self._requests, clock_ns, self._switch)
        self._feeds = MarketFeeds(self._desk, self._switch)
        self._server = Server(self._desk, self._feeds, self._account_feeds, self._pump.start, admin=admin)
        self._frames = 0
        if not self.state.books.account.balances:
            self.engine.credit(opening_balances)
        if self.state.books.position:
            self._pump.resume(self.state.books.position, self._skip)

    async def start(self, host: str, port: int, ssl_context: ssl.SSLContext) -> int:
        """Open the doors; returns the port, which is a free one where 0 was asked for. Raises OSError."""
        self._runner = web.AppRunner(self._server.application(), access_log=None, shutdown_timeout=SHUTDOWN_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, ssl_context=ssl_context).start()
        self._running = asyncio.create_task(self._run())
        bound: int = self._runner.addresses[0][1]
        return bound

    async def wait_failed(self) -> None:
        """Returns when the venue was stopped; raises what broke the market's pump, without which it is no venue."""
        await asyncio.wait([self._running])
        if not self._running.cancelled():
            self._running.result()

    async def stop(self) -> None:
        """Close every connection and end the market; the state stays as it is."""
        self._running.cancel()
        await asyncio.wait([self._running])
        await self._runner.cleanup()

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
        self.engine.transfer(asset, amount, self._desk.now_ms)

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

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pump.run())
            group.create_task(self._tick())

    async def _tick(self) -> None:
        """The dead-man switch, and heartbeats."""
        ticks = 0
        while True:
            await asyncio.sleep(TICK_S)
            ticks += 1
            if self._desk.dead_man.fires(self._desk.now_ms):
                cancel_all(self._desk, {}, self._desk.now_ms)
            if ticks % BEATS_EVERY == 0:
                self._feeds.beat()

    def _deliver(self, frame: MarketFrame) -> None:
        now_ms = self._desk.now_ms
        event = decode(restamp(frame.payload, now_ms))
        self._frames += 1
        self._break_connections()
        self.engine.observe(event.symbol, event, now_ms)
        if self._feeds.clients and not self._switch.fires("market_silent"):
            self._feeds.publish(event)

    def _break_connections(self) -> None:
        """At every frame of the market, as the faults say."""
        faults, fires = self._desk.faults, self._switch.fires
        closed = faults.maintenance > 0
        if self._feeds.clients and (closed or faults.streams_down > 0 or fires("market_cut")):
            self._feeds.cut()
        if len(self._account_feeds) and (closed or fires("account_cut")):
            self._account_feeds.cut()

    def _skip(self, frame: MarketFrame) -> None:
        """A frame that may have been published before a restart: the book needs it, nobody else may see it again."""
        event = decode(restamp(frame.payload, self._clock_ns() // 1_000_000))
        self.engine.markets[event.symbol].apply(event)
