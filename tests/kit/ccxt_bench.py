"""Unmodified ccxt.pro and a running venue over TLS, for many calls one after another."""

import asyncio
import contextlib
import datetime
import io
import time
from collections.abc import Coroutine, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt.pro

from tests.kit.calm_market import CalmMarket
from tradigrade.exchanges.loopback import open_session
from tradigrade.exchanges.simulated.faults import Faults
from tradigrade.exchanges.simulated.tls import ensure_certificate, server_context
from tradigrade.exchanges.simulated.venue import SimulatedVenue
from tradigrade.trading.instruments import PAPER_INSTRUMENTS

BOUND_S = 10.0
SPOT_ONLY = {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False}
QUIET = {"warnOnFetchOpenOrdersWithoutSymbol": False}


class CcxtBench:
    """One venue on the calm market, and one exchange of ccxt's with its urls untouched; `run` runs a coroutine on the
    loop both live in."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self._runner = asyncio.Runner()
        self._stack = contextlib.AsyncExitStack()
        self._exchanges: list[Any] = []
        self._leaving: list[asyncio.Task[Any]] = []
        self.ccxt: Any = None
        self.run(self._open(folder, options))

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(BOUND_S):
                return await coroutine

        return self._runner.run(bounded())

    def close(self) -> None:
        self.run(self._close())
        self._runner.close()

    def exchange(self, **settings: Any) -> Any:
        """Another one, which knows the markets already; closed with the bench."""
        base = {"session": self.session, "apiKey": "key", "secret": "secret", "enableRateLimit": False}
        made = ccxt.pro.binance(base | {"options": SPOT_ONLY | QUIET} | settings)
        if "options" not in settings and self.ccxt is not None:
            made.set_markets_from_exchange(self.ccxt)
        self._exchanges.append(made)
        return made

    def leave(self, exchange: Any) -> None:
        """Close it while other things go on: it takes its time."""
        self._exchanges.remove(exchange)
        self._leaving.append(asyncio.create_task(exchange.close()))

    def calm(self) -> None:
        """No order is open, and no fault to come."""
        self.venue._desk.faults = Faults()
        while order := next(iter(self.venue.state.open), None):  # one of a list takes the others with it
            self.venue.engine.cancel(order, "calm", self.venue._desk.now_ms)

    async def _close(self) -> None:
        await asyncio.gather(*self._leaving, *(exchange.close() for exchange in self._exchanges))
        await self._stack.aclose()

    async def _open(self, folder: Path, options: dict[str, Any]) -> None:
        certificate = ensure_certificate(folder, datetime.datetime.now(datetime.UTC))
        self.venue = SimulatedVenue(
            CalmMarket(), list(PAPER_INSTRUMENTS.values()), [], io.BytesIO(),
            clock_ns=time.time_ns, api_key="key", api_secret="secret", admin=True,
            opening_balances={"USDT": Decimal(10_000), "BTC": Decimal(1)},
            **{"weight_limit": 1_000_000, "orders_per_10_s": 10_000} | options,
        )  # fmt: skip
        port = await self.venue.start("127.0.0.1", 0, server_context(certificate))
        self._stack.push_async_callback(self.venue.stop)
        self.session = await self._stack.enter_async_context(open_session(port, certificate))
        self.ccxt = self.exchange()
        await self.ccxt.load_markets()
        await self.ccxt.watch_trades("BTC/USDT")  # the market begins
        while len(self.venue.engine.market("ETHUSDT").tape.trades) < 6:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def open_bench(folder: Path, **options: Any) -> Iterator[CcxtBench]:
    """For a fixture."""
    bench = CcxtBench(folder, **options)
    yield bench
    bench.close()
