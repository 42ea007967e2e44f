"""The rules of the symbols that are traded, as ccxt holds them: asked for once, and kept over reconnects.

A venue's whole listing is megabytes, and parsing it takes a third of a second of the loop that trades.
"""

import asyncio
from typing import Any

import aiohttp
import ccxt

from ..kernel.clock import Clock
from .ccxt_dialect import Dialect

FRESH_S = 3_600.0
"""So long nobody asks again: a change of rules comes by the listing that is watched."""
KEPT_S = 86_400.0
"""So long it is used where the venue cannot be asked."""
TIMEOUT_S = 10.0
UNREACHED = (ccxt.OperationFailed, aiohttp.ClientError, TimeoutError, OSError)


class KeptMarkets:
    """Of one venue, for one exchange of ccxt's after the other."""

    def __init__(self, clock: Clock, symbols: tuple[str, ...]) -> None:
        self._clock = clock
        self._symbols = symbols
        self._kept: tuple[Any, Any, dict[str, Any]] | None = None
        self._at_ns = 0

    async def load(self, exchange: Any, dialect: Dialect) -> str:
        """Into the exchange. What somebody should know of it; empty where all is well.

        Raises what ccxt raises, or TimeoutError, where the venue cannot be asked and nothing is known that is young.
        """
        age_s = (self._clock.monotonic_ns() - self._at_ns) / 1e9
        if self._kept is not None and age_s < FRESH_S:
            self._give(exchange)
            return ""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await dialect.load_markets(self._symbols)
        except UNREACHED as error:
            if self._kept is None or age_s >= KEPT_S:
                raise
            self._give(exchange)
            words = f"the venue does not tell its rules ({type(error).__name__}: {str(error)[:120]})"
            return f"{words}: those of {age_s / 3_600:.1f} h ago hold, for {KEPT_S / 3_600:.0f} h at most"
        options = exchange.options
        helpers = {name: options[name] for name in options.get("marketHelperProps") or () if name in options}
        self._kept, self._at_ns = (exchange.markets, exchange.currencies, helpers), self._clock.monotonic_ns()
        return ""

    def _give(self, exchange: Any) -> None:
        assert self._kept is not None, "there is something to give"
        markets, currencies, helpers = self._kept
        exchange.set_markets(markets, currencies)
        exchange.options.update(helpers)
