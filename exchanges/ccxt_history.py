"""Any exchange behind unmodified ccxt, as a `HistoryPort`. Its own limiter paces all questions together."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

import aiohttp
import ccxt

from ..kernel.clock import Clock
from .ccxt_limits import header_of
from .history import HistoryRefused, PastBar, PastTrade, RetryLater, Row
from .limit_windows import WEIGHT
from .rate_budget import RateBudget

REQUEST_TIMEOUT_S = 30.0
LIMIT_DEFAULT = 500
"""Rows of a page where ccxt does not say what the venue gives at most."""
SETTLES_MS = 5_000
"""What is younger may still be joined by others of its time, or be corrected."""
AGGREGATING = ("binance", "binanceus", "binanceusdm", "binancecoinm")
"""Venues whose trades ccxt asks for in aggregates, which have ids of their own."""

BARS_WEIGHT, TRADES_WEIGHT = 2, 4
"""Of a page, at venues that weigh requests as Binance does."""
USED_WEIGHT = "x-mbx-used-weight-1m"

Value = TypeVar("Value")


class CcxtHistory:
    """Owns the exchange; `open` before anything else."""

    def __init__(
        self,
        exchange: Any,
        clock: Clock,
        session: aiohttp.ClientSession | None = None,
        budget: RateBudget | None = None,
    ) -> None:
        """`budget` is shared with all who ask the venue from this address: pages wait for room in it. None where the
        venue does not say what was used."""
        self._exchange = exchange
        self._clock = clock
        self._session = session
        self._budget = budget

    async def open(self) -> None:
        """Raises RetryLater or HistoryRefused."""
        await self._ask(self._exchange.load_markets())
        self._exchange.number = str  # from here on numbers stay as the venue spells them

    def check(self, symbol: str, interval: str | None) -> None:
        """Raises HistoryRefused where there is no such thing to be had; `interval` is None for trades."""
        has = self._exchange.has
        if symbol not in self._exchange.markets:
            near = sorted(name for name in self._exchange.markets if name.startswith(symbol.partition("/")[0]))[:5]
            raise HistoryRefused(f"expected a symbol of {self._exchange.id}, found {symbol!r}; near: {near}")
        if interval is None and not has.get("fetchTrades"):
            raise HistoryRefused(f"{self._exchange.id} gives no trades")
        if interval is not None and not has.get("fetchOHLCV"):
            raise HistoryRefused(f"{self._exchange.id} gives no bars")
        known = self._exchange.timeframes or {}
        if interval is not None and interval not in known:
            raise HistoryRefused(f"expected an interval of {self._exchange.id}: {', '.join(known)}; found {interval!r}")

    def series(self, interval: str) -> str:
        """What the catalogue calls it: aggregated trades are a series of their own."""
        return "aggtrades" if interval == "trades" and self._exchange.id in AGGREGATING else interval

    def limit(self, symbol: str, interval: str | None) -> int:
        """How many rows a page holds at most."""
        method = "fetchTrades" if interval is None else "fetchOHLCV"
        found = self._exchange.feature_value(symbol, method, "limit")
        return int(found) if isinstance(found, int) and found > 0 else LIMIT_DEFAULT

    async def bars(self, symbol: str, interval: str, since_ms: int, limit: int) -> list[Row]:
        self._spend(BARS_WEIGHT)
        found = await self._ask(self._exchange.fetch_ohlcv(symbol, interval, since_ms, limit))
        return [PastBar(int(row[0]), *(_text(value) for value in row[1:6])) for row in found]

    async def trades(self, symbol: str, since_ms: int, limit: int) -> list[Row]:
        self._spend(TRADES_WEIGHT)
        found = await self._ask(self._exchange.fetch_trades(symbol, since_ms, limit))
        return [_trade(row) for row in found]

    async def settled_ns(self) -> int:
        """Up to when nothing changes any more: by the earlier of the two clocks, so that neither makes an unfinished
        bar look finished. Raises RetryLater."""
        ours_ms = self._clock.now_ns() // 1_000_000
        theirs_ms = (
            int(await self._ask(self._exchange.fetch_time())) if self._exchange.has.get("fetchTime") else ours_ms
        )
        return (min(ours_ms, theirs_ms) - SETTLES_MS) * 1_000_000

    async def close(self) -> None:
        await self._exchange.close()
        if self._session is not None:
            await self._session.close()

    def _spend(self, weight: int) -> None:
        """Raises RetryLater where others need what is left."""
        now_ns = self._clock.now_ns()
        if self._budget is None:
            return
        if until_ns := self._budget.wait_until_ns("market", weight, now_ns):
            raise RetryLater("what the venue lets us ask in this minute is used", (until_ns - now_ns) / 1e9)
        self._budget.spend("market", weight, now_ns)

    def _note(self) -> None:
        used = header_of(self._exchange, USED_WEIGHT)
        if self._budget is not None and used.isdecimal():
            self._budget.note(WEIGHT, 60, int(used), self._clock.now_ns())

    async def _ask(self, request: Awaitable[Value]) -> Value:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                answer = await request
                self._note()
                return answer
        except (ccxt.RateLimitExceeded, ccxt.DDoSProtection) as error:
            wait = header_of(self._exchange, "retry-after")
            raise RetryLater(_words(error), float(wait) if wait.isdecimal() else None) from None
        except (ccxt.OperationFailed, TimeoutError, aiohttp.ClientError) as error:
            raise RetryLater(_words(error)) from None
        except ccxt.BaseError as error:
            raise HistoryRefused(_words(error)) from None


def _trade(row: dict[str, Any]) -> PastTrade:
    if row.get("id") in (None, ""):
        raise HistoryRefused("its trades have no ids, so that none can be told from another")
    return PastTrade(int(row["timestamp"]), str(row["id"]), _text(row["price"]), _text(row["amount"]), row.get("side"))


def _text(value: object) -> str:
    """Exact: the venue's own text, or the shortest one of a number that it gave as a number."""
    return "" if value is None else str(value)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
