"""The simulated venue's server as a port: its state on disk, its market, its doors."""

import asyncio
import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ..config.market_settings import VenueModelSettings
from ..config.run import Run
from ..exchanges.simulated.bar_file import is_bar_file, read_bars, symbol_of
from ..exchanges.simulated.bars_market import BarsMarket
from ..exchanges.simulated.kraken.limits import UNLIMITED
from ..exchanges.simulated.kraken.venue import KrakenVenue
from ..exchanges.simulated.latency import Latency
from ..exchanges.simulated.live_market import LiveMarket
from ..exchanges.simulated.recording import Recording
from ..exchanges.simulated.sockets import SocketRules
from ..exchanges.simulated.source import MarketSource
from ..exchanges.simulated.state import VenueState
from ..exchanges.simulated.synthetic import SyntheticMarket
from ..exchanges.simulated.tls import ensure_certificate, server_context
from ..exchanges.simulated.venue import SimulatedVenue
from ..kernel.clock import Clock
from ..kernel.disk import Disk
from ..kernel.identity import Entropy
from ..storage.rotating_lines import RotatingLines
from ..storage.snapshot_log import ROTATE_AT_BYTES, SnapshotLog
from ..trading.instruments import Instrument
from ..trading.paper_listing import LISTING
from .credentials import Credentials

HOST = "127.0.0.1"
ROTATE_CHECK_S = 1.0
CLOSE_TIMEOUT_S = 3.0
ORDERS_PER_DAY = 1_000_000_000
"""A paper account has no bound of its own."""


class ServerOpened(msgspec.Struct, frozen=True):
    port: int


class ServerFailed(msgspec.Struct, frozen=True):
    reason: str


def latency_of(model: VenueModelSettings, seed: int) -> Latency:
    return Latency(model.latency_ms / 1e3, model.jitter_ms / 1e3, model.tail_ms / 1e3, model.tail_share, seed)


def market_source(run: Run) -> MarketSource:
    """The recording, the bars, or the synthetic market; raises their faults for a bad file or an unknown symbol."""
    if run.settings.replay:
        path = Path(run.settings.replay)
        if is_bar_file(path):
            return BarsMarket(symbol_of(path), read_bars(path), run.settings.seed)
        return Recording(path)
    return SyntheticMarket(run.settings.symbols, run.settings.seed)


class VenueServer:
    """Opens on the loop, reports once, and again if the market breaks."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        entropy: Entropy,
        disk: Disk,
        run: Run,
        credentials: Credentials,
        tell: Callable[[str], object],
        *,
        admin: bool = False,
    ) -> None:
        """`tell` hears what becomes of the connection to a real venue's market."""
        self._loop = loop
        self._clock = clock
        self._entropy = entropy
        self._tell = tell
        self._disk = disk
        self._run = run
        self._credentials = credentials
        self._admin = admin
        self._task: asyncio.Task[None] | None = None
        self.venue: SimulatedVenue | KrakenVenue | None = None

    def open(self, deliver: Callable[[ServerOpened | ServerFailed], object]) -> None:
        """Begin to serve, once the venue of an earlier `open` has let go of its port and its books."""
        self.close()
        self._task = self._loop.create_task(self._serve(deliver, self._task))

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _serve(
        self, deliver: Callable[[ServerOpened | ServerFailed], object], before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:
            await asyncio.wait([before], timeout=CLOSE_TIMEOUT_S)
        log = SnapshotLog(self._disk, self._run.exchange_dir / "books")
        try:
            await self._run_venue(log, deliver)
        except Exception as error:  # noqa: BLE001 - told to the host, which crashes of it
            deliver(ServerFailed(f"{type(error).__name__}: {error}"))
        finally:
            log.close()

    async def _run_venue(self, log: SnapshotLog, deliver: Callable[[ServerOpened | ServerFailed], object]) -> None:
        folder = self._run.exchange_dir
        with RotatingLines(folder / "requests.jsonl") as requests:
            venue = await self._make(log, requests)
            now = datetime.datetime.fromtimestamp(self._clock.now_ns() / 1e9, datetime.UTC)
            context = server_context(ensure_certificate(folder, now))
            port = await venue.start(HOST, self._run.venue_port, context)
            try:
                self.venue = venue
                deliver(ServerOpened(port))
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._keep_small(log, venue))
                    await venue.wait_failed()
            finally:
                await venue.stop()

    async def _market(self) -> tuple[MarketSource | LiveMarket, Sequence[Instrument]]:
        settings = self._run.settings
        if settings.venue.name == "simulated":
            source = market_source(self._run)
            return source, [LISTING[symbol] for symbol in source.symbols]
        from .live_venue import load_rules, open_market  # ccxt, which a market of our own does not need

        symbols, venue = settings.symbols, settings.venue
        rules = await load_rules(venue, symbols, self._disk, self._run.exchange_dir, self._clock, self._tell)
        return open_market(venue, symbols, self._loop, self._clock, self._entropy, self._tell), rules

    async def _make(self, log: SnapshotLog, requests: RotatingLines) -> SimulatedVenue | KrakenVenue:
        settings, model = self._run.settings, self._run.settings.venue_model
        snapshot, records = log.load()
        state = VenueState()
        if snapshot is not None:
            state.restore(snapshot)
        state.replay(records)
        source, instruments = await self._market()
        common: dict[str, Any] = {
            "clock_ns": self._clock.now_ns,
            "pace_ns": self._clock.monotonic_ns,
            "api_key": self._credentials.api_key,
            "opening_balances": {settings.account.currency: settings.account.opening_balance},
            "speed": settings.speed,
            "state": state,
            "admin": self._admin,
            "latency": latency_of(model, settings.seed),
        }
        if settings.venue.protocol == "kraken":
            secret = self._credentials.base64_secret
            return KrakenVenue(source, instruments, log, requests, **common, api_secret=secret, limits=UNLIMITED)
        return SimulatedVenue(
            source,
            instruments,
            log,
            requests,
            **common,
            api_secret=self._credentials.api_secret,
            weight_limit=model.weight_per_minute,
            orders_per_10_s=model.orders_per_10_s,
            orders_per_day=ORDERS_PER_DAY,
            rules=SocketRules(life_s=model.connection_life_s, connections_per_5_min=model.connections_per_5_min),
        )

    async def _keep_small(self, log: SnapshotLog, venue: SimulatedVenue | KrakenVenue) -> None:
        while True:
            await asyncio.sleep(ROTATE_CHECK_S)
            if log.size_bytes > ROTATE_AT_BYTES:
                log.rotate(venue.state.snapshot())
