"""Any exchange behind unmodified ccxt, as a `HistoryPort`. Its own limiter paces all questions together."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar

import aiohttp
import ccxt

from ..config.nearest import expected, nearest
from ..kernel.clock import Clock
from .ccxt_limits import header_of
from .history import HistoryRefused, NotServed, PastBar, PastTrade, RetryLater, Row
from .limit_windows import WEIGHT
from .rate_budget import RateBudget
from .retry_after import read_retry_after

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
        """Raises NotServed where there is no such thing to be had; `interval` is None for trades."""
        name, has = self._exchange.id, self._exchange.has
        if symbol not in self._exchange.markets:
            raise NotServed(f"expected a symbol of {name}, found {symbol!r}{_meant(symbol, self._exchange.markets)}")
        known = [*((self._exchange.timeframes or {}) if has.get("fetchOHLCV") else ()), "trades"]
        if interval is None and not has.get("fetchTrades"):
            raise NotServed(f"{name} gives no trades: expected an interval of bars")
        if interval is not None and interval not in known:
            raise NotServed(f"interval of {name}: {expected(interval, known)}")

    def series(self, interval: str) -> str:
        """What the catalogue calls it: aggregated trades are a series of their own."""
        trades = "aggtrades" if self._exchange.id in AGGREGATING else "trades"
        return trades if interval in ("trades", "aggtrades") else interval

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

    def _pause(self, *, of_address: bool) -> float | None:
        """How long the venue wants to be left alone; None where it does not say. Where it refuses this address nobody
        here asks meanwhile."""
        now_ns, said = self._clock.now_ns(), header_of(self._exchange, "retry-after")
        wait_s = read_retry_after(said, now_ns).wait_s
        if self._budget is not None and of_address:
            self._budget.pause(now_ns + round(wait_s * 1e9), now_ns)
        return wait_s if said else None

    async def _ask(self, request: Awaitable[Value]) -> Value:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                answer = await request
                self._note()
                return answer
        except (ccxt.RateLimitExceeded, ccxt.DDoSProtection) as error:
            raise RetryLater(_words(error), self._pause(of_address=isinstance(error, ccxt.DDoSProtection))) from None
        except (ccxt.OperationFailed, TimeoutError, aiohttp.ClientError) as error:
            raise RetryLater(_words(error)) from None
        except ccxt.BaseError as error:
            raise HistoryRefused(_words(error)) from None


def _trade(row: dict[str, Any]) -> PastTrade:
    if row.get("id") in (None, ""):
        raise HistoryRefused("its trades have no ids, so that none can be told from another")
    return PastTrade(int(row["timestamp"]), str(row["id"]), _text(row["price"]), _text(row["amount"]), row.get("side"))


def _meant(symbol: str, known: Iterable[str]) -> str:
    base = symbol.partition("/")[0].upper()
    near = nearest(symbol, known) or sorted(each for each in known if each.startswith(f"{base}/"))[:3]
    return f"; did you mean {' or '.join(near)}?" if near else f"; it has {len(list(known)):,}, spelled as BTC/USDT"


def _text(value: object) -> str:
    """Exact: the venue's own text, or the shortest one of a number that it gave as a number."""
    return "" if value is None else str(value)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
