"""The simulated venue: a matching engine on a replayed or synthetic market, behind Binance's protocol."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal

from aiohttp import web

from ...trading.instruments import Instrument
from ..binance.decoder import decode
from .authentication import Authenticator, OtherAccount
from .broadcast import Broadcast
from .derived import DerivedStreams
from .desk import Desk
from .engine import OPEN_ORDERS_MAX, Engine, Log
from .faults import Faults, FaultSwitch
from .latency import Latency
from .live_market import LiveMarket, LivePump
from .pump import Pump
from .requestlog import LineFile, RequestLog
from .restamp import restamp
from .server import Server
from .sockets import SocketRules
from .source import MarketFrame, MarketSource
from .state import VenueState
from .streams import MarketStreams
from .userstreams import UserStreams
from .weights import OrderCounts, RequestWeight, order_windows

WEIGHT_LIMIT = 6_000
ORDERS_PER_10_S, ORDERS_PER_DAY = 100, 200_000
SHUTDOWN_S = 1.0
TICK_S = 0.25


class SimulatedVenue:
    """A venue and its accounts. `state` is what an earlier run left (replayed from `log`, or a snapshot and the rest);
    a fresh account gets `opening_balances`. `pace_ns` is the clock the market runs by, best one that never steps.
    A session of the market begins with the first stream subscription.

    Raises ValueError where the source has a symbol that no instrument describes.
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
        weight_limit: int = WEIGHT_LIMIT,
        open_orders_max: int = OPEN_ORDERS_MAX,
        orders_per_10_s: int = ORDERS_PER_10_S,
        orders_per_day: int = ORDERS_PER_DAY,
        latency: Latency | None = None,
        rules: SocketRules | None = None,
        others: Sequence[OtherAccount] = (),
    ) -> None:
        unknown = set(source.symbols) - {instrument.symbol for instrument in instruments}
        if unknown:
            raise ValueError(f"expected an instrument for every symbol of the source, found none for {sorted(unknown)}")
        self.state = state or VenueState()
        self._clock_ns = clock_ns
        self._switch = FaultSwitch(next((each.venue_symbol for each in instruments), ""))
        self._users = UserStreams(self.state, self._switch)
        self.engine = Engine(self.state, instruments, log, self._users, open_orders_max)
        self._pump: Pump | LivePump = (
            LivePump(source, clock_ns, self._deliver)
            if isinstance(source, LiveMarket)
            else Pump(source, speed, pace_ns or clock_ns, self._deliver, self.engine.note_position)
        )
        self._streams = MarketStreams(self._pump.start)
        self._requests = RequestLog(request_log)
        authenticator = Authenticator(api_key, api_secret)
        for other in others:
            authenticator.add(other.api_key, other.api_secret, other.uid)
        weight, orders = RequestWeight(weight_limit), OrderCounts(order_windows(orders_per_10_s, orders_per_day))
        self._desk = Desk(self.engine, authenticator, weight, orders, self._requests, clock_ns, self._switch)
        self._server = Server(
            self._desk,
            self._streams,
            self._users,
            admin=admin,
            latency=latency or Latency(),
            rules=rules or SocketRules(),
        )
        self._broadcast = Broadcast(self._desk, self._streams, self._users, self._server.sockets)
        self._derived = DerivedStreams(self.engine.markets, self._streams, self._broadcast.publish)
        self._frames = 0
        if not self.state.books.account.balances:
            self.engine.credit(opening_balances)
        for other in others:
            if not self.state.account(other.uid).balances:
                self.engine.of(other.uid).credit(other.opening_balances)
        if self.state.books.position:
            self._pump.resume(self.state.books.position, self._skip)

    async def start(self, host: str, port: int, ssl_context: ssl.SSLContext) -> int:
        """Open the doors; returns the port, which is a free one where 0 was asked for. Raises OSError."""
        self._runner = web.AppRunner(self._server.application(), access_log=None, shutdown_timeout=SHUTDOWN_S)
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
            "stream_clients": len(self._streams.clients),
            "signed_requests": self._requests.lines,
            "open_orders": len(self.state.open),
            "orders": books.last_order_id,
            "fills": books.last_trade_id,
            "executions": books.executions,
        }

    async def _pass_time(self) -> None:
        """What is due at its time is said where the market is silent, too."""
        while True:
            await asyncio.sleep(TICK_S)
            self._derived.pass_time(self._desk.now_ms)

    def _deliver(self, frame: MarketFrame) -> None:
        now_ms = self._desk.now_ms
        payload = restamp(frame.payload, now_ms)
        event = decode(payload)
        self._frames += 1
        self._desk.keep_books()
        self._broadcast.break_connections()
        if self._desk.is_halted(event.symbol):
            self.engine.markets[event.symbol].apply(event)
            return
        # Between publishing and observing nothing else runs: a snapshot always holds what was published.
        self._broadcast.publish(frame.stream, event.symbol, payload, event)
        self.engine.observe(event.symbol, event, now_ms)
        self._derived.observe(event, now_ms)

    def _skip(self, frame: MarketFrame) -> None:
        """A frame that may have been published before a restart: the book needs it, nobody else may see it again."""
        event = decode(restamp(frame.payload, self._clock_ns() // 1_000_000))
        self.engine.markets[event.symbol].apply(event)
