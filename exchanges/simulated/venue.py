"""The simulated venue: a matching engine on a replayed or synthetic market, behind Binance's protocol."""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal

from ...trading.instruments import Instrument
from ..market_events import MarketEvent
from .authentication import Authenticator, OtherAccount
from .broadcast import Broadcast
from .derived import DerivedStreams
from .desk import Desk
from .engine import OPEN_ORDERS_MAX, Engine, Log
from .latency import Latency
from .live_market import LiveMarket
from .requestlog import LineFile
from .server import Server
from .sockets import SocketRules
from .source import MarketFrame, MarketSource
from .state import VenueState
from .streams import MarketStreams
from .userstreams import UserStreams
from .venue_face import VenueFace
from .weights import OrderCounts, RequestWeight, order_windows

WEIGHT_LIMIT = 6_000
ORDERS_PER_10_S, ORDERS_PER_DAY = 100, 200_000
TICK_S = 0.25


class SimulatedVenue(VenueFace):
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
        super().__init__(source, instruments, request_log, clock_ns, state)
        self._accounts = UserStreams(self.state, self._switch)
        self.engine = Engine(self.state, instruments, log, self._accounts, open_orders_max)
        self._take_market(speed, pace_ns)
        self._feeds = MarketStreams(self._pump.start)
        authenticator = Authenticator(api_key, api_secret)
        for other in others:
            authenticator.add(other.api_key, other.api_secret, other.uid)
        weight, orders = RequestWeight(weight_limit), OrderCounts(order_windows(orders_per_10_s, orders_per_day))
        self._desk = Desk(self.engine, authenticator, weight, orders, self._requests, clock_ns, self._switch)
        self._doors = Server(
            self._desk,
            self._feeds,
            self._accounts,
            admin=admin,
            latency=latency or Latency(),
            rules=rules or SocketRules(),
        )
        self._broadcast = Broadcast(self._desk, self._feeds)
        self._derived = DerivedStreams(self.engine.markets, self._feeds, self._broadcast.publish)
        if not self.state.books.account.balances:
            self.engine.credit(opening_balances)
        for other in others:
            if not self.state.account(other.uid).balances:
                self.engine.of(other.uid).credit(other.opening_balances)

    async def _pass_time(self) -> None:
        """What is due at its time is said where the market is silent, too."""
        while True:
            await asyncio.sleep(TICK_S)
            self._derived.pass_time(self._desk.now_ms)

    def _observe(self, frame: MarketFrame, payload: bytes, event: MarketEvent, now_ms: int) -> None:
        # Between publishing and observing nothing else runs: a snapshot always holds what was published.
        self._broadcast.publish(frame.stream, event.symbol, payload, event)
        self.engine.observe(event.symbol, event, now_ms)
        self._derived.observe(event, now_ms)
