"""The direct order entry of an exchange that ccxt has connected, with the same keys, addresses and receive window."""

import asyncio
from functools import partial
from typing import Any

import ccxt

from ..kernel.clock import Clock
from ..kernel.identity import Entropy
from .binance.order_wire import BinanceWire, Signer
from .kraken.client_ids import ClientIds
from .kraken.order_wire import KrakenWire
from .limit_watch import LimitWatch
from .order_entry import OrderEntry, Wire

WINDOW_MS = 5_000
"""Binance's own, where none is set."""


def make_entry(
    exchange: Any,
    loop: asyncio.AbstractEventLoop,
    clock: Clock,
    entropy: Entropy,
    limits: LimitWatch | None = None,
    prefix: str = "",
) -> OrderEntry | None:
    """None where there is no direct way: an exchange that offers none, or a key that does not sign by HMAC. `limits` is
    told what answers say of limits, `prefix` is what the account's client ids begin with."""
    wire: Wire
    limits = limits or LimitWatch(clock, lambda _: None)
    if exchange.id == "binance" and "PRIVATE KEY" not in exchange.secret:
        signer = Signer(exchange.apiKey, exchange.secret, exchange.options.get("recvWindow", WINDOW_MS))
        wire = BinanceWire(exchange.urls["api"]["ws"]["ws-api"]["spot"], signer, limits.hear_answer)
    elif exchange.id == "kraken":
        url, issue = exchange.urls["api"]["ws"]["privateV2"], partial(_issue_token, exchange, limits)
        wire = KrakenWire(url, ClientIds(prefix), issue, partial(limits.hear_refusal, ""))
    else:
        return None
    return OrderEntry(loop, clock, entropy, wire, limits.pause_s, limits.hear_refusal)


async def _issue_token(exchange: Any, limits: LimitWatch) -> str:
    """Raises OSError."""
    try:
        return str((await exchange.privatePostGetWebSocketsToken())["result"]["token"])
    except (ccxt.BaseError, KeyError) as error:
        limits.hear_error(exchange, error)
        raise OSError(f"no token for the orders' connection: {error}"[:300]) from error
