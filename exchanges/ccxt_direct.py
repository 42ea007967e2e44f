"""The direct order entry of an exchange that ccxt has connected, with the same keys, addresses and receive window."""

import asyncio
from collections.abc import Callable
from typing import Any

import ccxt

from ..kernel.clock import Clock
from ..kernel.identity import Entropy
from .binance.order_wire import Answer, BinanceWire, Signer
from .kraken.client_ids import ClientIds
from .kraken.order_wire import KrakenWire
from .order_entry import OrderEntry, Wire

WINDOW_MS = 5_000
"""Binance's own, where none is set."""


def make_entry(
    exchange: Any,
    loop: asyncio.AbstractEventLoop,
    clock: Clock,
    entropy: Entropy,
    hear: Callable[[Answer], object] = lambda _: None,
    prefix: str = "",
) -> OrderEntry | None:
    """None where there is no direct way: an exchange that offers none, or a key that does not sign by HMAC. `hear` is
    told what answers say of limits, `prefix` is what the account's client ids begin with."""
    wire: Wire
    if exchange.id == "binance" and "PRIVATE KEY" not in exchange.secret:
        signer = Signer(exchange.apiKey, exchange.secret, exchange.options.get("recvWindow", WINDOW_MS))
        wire = BinanceWire(exchange.urls["api"]["ws"]["ws-api"]["spot"], signer, hear)
    elif exchange.id == "kraken":
        wire = KrakenWire(exchange.urls["api"]["ws"]["privateV2"], ClientIds(prefix), lambda: _issue_token(exchange))
    else:
        return None
    return OrderEntry(loop, clock, entropy, wire)


async def _issue_token(exchange: Any) -> str:
    """Raises OSError."""
    try:
        return str((await exchange.privatePostGetWebSocketsToken())["result"]["token"])
    except (ccxt.BaseError, KeyError) as error:
        raise OSError(f"no token for the orders' connection: {error}"[:300]) from error
