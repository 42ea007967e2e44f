"""The simulated venue behind Kraken's protocol: the same engine and market as behind Binance's."""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal

from msgspec.structs import replace

from ....trading.instruments import Instrument
from ...market_events import MarketEvent
from ..engine import OPEN_ORDERS_MAX, Engine, Log
from ..latency import Latency
from ..live_market import LiveMarket
from ..requestlog import LineFile
from ..source import MarketFrame, MarketSource
from ..state import VenueState
from ..venue_face import VenueFace
from .authentication import Authenticator
from .closings import Closings
from .desk import KrakenDesk
from .executions import AccountFeeds
from .feeds import MarketFeeds
from .fees import TIERS
from .limits import Limits, RateLimiter
from .names import Pairs
from .new_orders import VOLUME_STEP
from .private import cancel_all
from .server import Server

TICK_S = 0.1
BEATS_EVERY = 10
"""Ticks between two heartbeats."""


class KrakenVenue(VenueFace):
    """As `SimulatedVenue`: the same arguments and the same answers, another protocol. `api_secret` is in base64.

    Amounts have eight decimals here, whatever the instruments say: all that differs is the least amount.
    """

    _desk: KrakenDesk
    _feeds: MarketFeeds

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
        latency: Latency | None = None,
    ) -> None:
        """Raises ValueError where the source has a symbol that no instrument describes, or for a secret that is not
        base64."""
        super().__init__(source, instruments, request_log, clock_ns, state)
        traded = [replace(instrument, step_size=VOLUME_STEP) for instrument in instruments]
        self._closings = Closings()
        self._accounts = AccountFeeds(self.state, Pairs(traded).by_venue_symbol, self._switch, self._closings)
        self.engine = Engine(self.state, traded, log, self._accounts, open_orders_max, tiers=TIERS)
        self._take_market(speed, pace_ns)
        limiter = RateLimiter(limits or Limits(), clock_ns)
        authenticator = Authenticator(api_key, api_secret)
        self._desk = KrakenDesk(
            self.engine, authenticator, limiter, self._requests, clock_ns, self._switch, self._closings
        )
        self._feeds = MarketFeeds(self._desk, self._switch)
        self._doors = Server(
            self._desk,
            self._feeds,
            self._accounts,
            self._pump.start,
            admin=admin,
            latency=latency or Latency(),
        )
        if not self.state.books.account.balances:
            self.engine.credit(opening_balances)

    async def _pass_time(self) -> None:
        """The dead-man switch, and heartbeats."""
        ticks = 0
        while True:
            await asyncio.sleep(TICK_S)
            ticks += 1
            if self._desk.dead_man.fires(self._desk.now_ms):
                cancel_all(self._desk, {}, self._desk.now_ms)
            if ticks % BEATS_EVERY == 0:
                self._feeds.beat()

    def _observe(self, frame: MarketFrame, payload: bytes, event: MarketEvent, now_ms: int) -> None:
        self.engine.observe(event.symbol, event, now_ms)
        self._closings.place(self.engine, now_ms)
        if self._feeds.clients and not self._switch.fires("market_silent"):
            self._feeds.publish(event)
