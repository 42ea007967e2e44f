"""Which venue a download is from: any that ccxt knows, or the one of the running system on this machine."""

from pathlib import Path
from typing import Any

import aiohttp

from .config.nearest import expected
from .exchanges.ccxt_history import CcxtHistory
from .exchanges.history import NotServed
from .exchanges.limit_windows import SHARED_NAME, SharedWindows, machine_windows
from .exchanges.loopback import open_session
from .exchanges.rate_budget import RateBudget
from .exchanges.simulated.tls import CERTIFICATE_NAME
from .kernel.clock import SystemClock
from .status import find_run

WEIGHED = ("binance",)
"""Venues that count what requests weigh, and say it with every answer."""
OFTEN = ("binance", "kraken", "okx", "coinbase", "bybit", "binanceusdm")
"""Venues that are asked for often: named first where a name is wrong."""
LOCAL = "local"
"""The simulated venue of the system that runs on the data directory."""


async def open_history(venue: str, data_dir: Path) -> CcxtHistory:
    """Connected. To be called in the loop that uses it; its `close` is the caller's.

    Raises:
        NotServed: there is no such venue.
        HistoryRefused, RetryLater: it does not answer.
        NothingRuns: the local venue was asked for, and nothing runs.
    """
    exchange, session = _local(data_dir) if venue == LOCAL else (_remote(venue), None)
    history = CcxtHistory(exchange, SystemClock(), session, _budget(venue, data_dir))
    try:
        await history.open()
    except BaseException:
        await history.close()
        raise
    return history


def _budget(venue: str, data_dir: Path) -> RateBudget | None:
    """One with those who trade there from this machine."""
    if venue == LOCAL:
        return RateBudget(windows=SharedWindows(Path(find_run(data_dir)["socket_dir"]) / SHARED_NAME))
    return RateBudget(windows=machine_windows(venue)) if venue in WEIGHED else None


def _remote(venue: str) -> Any:
    import ccxt.async_support as ccxt

    if venue not in ccxt.exchanges:
        known = dict.fromkeys((LOCAL, *OFTEN, *ccxt.exchanges))
        raise NotServed(expected(venue, known))
    return getattr(ccxt, venue)({"enableRateLimit": True})


def _local(data_dir: Path) -> tuple[Any, aiohttp.ClientSession]:
    facts = find_run(data_dir)
    port = int(str(facts["exchange"]).rpartition(":")[2])
    session = open_session(port, data_dir / "exchange" / CERTIFICATE_NAME)
    return (local_kraken if facts.get("protocol") == "kraken" else local_binance)(session), session


def local_binance(session: aiohttp.ClientSession) -> Any:
    """Unmodified ccxt on a session that reaches nothing but the local venue."""
    from ccxt.async_support import binance

    options = {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False}
    return binance({"session": session, "enableRateLimit": True, "options": options})


def local_kraken(session: aiohttp.ClientSession) -> Any:
    """As `local_binance`."""
    from ccxt.async_support import kraken

    return kraken({"session": session, "enableRateLimit": True})
