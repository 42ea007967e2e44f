"""The ways to the local venue that depend on the protocol it speaks."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp

from .actors.credentials import Credentials
from .config.run import Run
from .config.topology import RECEIVE_WINDOW_MS
from .exchanges.guard_rest import GuardPort
from .exchanges.order_bounds import OrderBounds
from .exchanges.public_venue import OpenSession
from .exchanges.rate_budget import RateBudget
from .kernel.clock import Clock
from .trading.order_ids import client_id_prefix

KEEP_ALIVE_MS = 10_000
"""How often the account's stream is asked for a sign of life; after two that do not come it is lost. Left alone, ccxt
asks Binance every three minutes."""


def connect_exchange(run: Run, session: aiohttp.ClientSession, credentials: Credentials) -> Any:
    """ccxt's own, unmodified, on our session."""
    connect = {"binance": connect_binance, "kraken": connect_kraken}[run.settings.venue.protocol]
    return connect(session, credentials)


def connect_binance(session: aiohttp.ClientSession, credentials: Credentials) -> Any:
    """Its limiter is off: the venue's headers drive ours."""
    from ccxt.pro.binance import binance

    return binance(
        {
            "session": session,
            "apiKey": credentials.api_key,
            "secret": credentials.api_secret,
            "enableRateLimit": False,
            "streaming": {"keepAlive": KEEP_ALIVE_MS},
            "options": {
                "fetchMarkets": {"types": ["spot"]},
                "fetchCurrencies": False,
                "fetchMargins": False,
                "recvWindow": RECEIVE_WINDOW_MS,
                "tradesLimit": 5_000,
                "ordersLimit": 5_000,
                "warnOnFetchOpenOrdersWithoutSymbol": False,
            },
        }
    )


def connect_kraken(session: aiohttp.ClientSession, credentials: Credentials) -> Any:
    from ccxt.pro.kraken import kraken

    secret = credentials.base64_secret
    return kraken({"session": session, "apiKey": credentials.api_key, "secret": secret, "enableRateLimit": False})


def make_bounds(run: Run, loop: asyncio.AbstractEventLoop) -> OrderBounds:
    """What the venue bounds orders by beside the weights of requests."""
    if run.settings.venue.protocol != "kraken":
        return OrderBounds()
    from .exchanges.kraken.counters import OrderCounters

    return OrderCounters(loop.time)


def make_guard(
    run: Run,
    loop: asyncio.AbstractEventLoop,
    clock: Clock,
    credentials: Credentials,
    open_session: Callable[[], aiohttp.ClientSession],
    budget: RateBudget,
) -> GuardPort:
    """No code of the executor's way to the venue: what broke that must not break this."""
    key = credentials.api_key
    if run.settings.venue.protocol == "kraken":
        from .exchanges.kraken.guard import KrakenGuard

        prefix = client_id_prefix(run.settings.account.name)
        return KrakenGuard(loop, clock, key, credentials.base64_secret, open_session, prefix)
    from .exchanges.guard_session import BinanceGuard

    symbols = tuple(symbol.replace("/", "") for symbol in run.settings.symbols)
    return BinanceGuard(loop, clock, key, credentials.api_secret, open_session, symbols, budget)


def make_listing(
    run: Run, loop: asyncio.AbstractEventLoop, clock: Clock, open_session: OpenSession, budget: RateBudget
) -> Any:
    """What the venue says of its symbols."""
    from .exchanges.binance import listing as binance
    from .exchanges.kraken import listing as kraken
    from .exchanges.rest_listing import ListingWay, RestListing

    ways = {
        "binance": ListingWay(binance.WHOLE, binance.decode_listing, binance.ask_some, binance.refuses, binance.WEIGHT),
        "kraken": ListingWay(kraken.URL, kraken.decode_listing),
    }
    return RestListing(loop, clock, open_session, ways[run.settings.venue.protocol], run.settings.symbols, budget)
