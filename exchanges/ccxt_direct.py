"""The direct order entry of an exchange that ccxt has connected, with the same keys, address and receive window."""

import asyncio
from typing import Any

from ..kernel.clock import Clock
from ..kernel.identity import Entropy
from .binance.order_entry import OrderEntry
from .binance.order_wire import Signer

WINDOW_MS = 5_000
"""Binance's own, where none is set."""


def make_entry(exchange: Any, loop: asyncio.AbstractEventLoop, clock: Clock, entropy: Entropy) -> OrderEntry | None:
    """None where there is no direct way: another exchange than Binance, or a key that does not sign by HMAC."""
    if exchange.id != "binance" or "PRIVATE KEY" in exchange.secret:
        return None
    signer = Signer(exchange.apiKey, exchange.secret, exchange.options.get("recvWindow", WINDOW_MS))
    return OrderEntry(loop, clock, entropy, exchange.urls["api"]["ws"]["ws-api"]["spot"], signer)
