"""Which dialect an exchange that ccxt has connected speaks."""

from collections.abc import Callable
from typing import Any

from .binance.dialect import BinanceDialect
from .ccxt_dialect import Dialect
from .kraken.dialect import KrakenDialect
from .venue import VenueWord


def make_dialect(exchange: Any, tell: Callable[[VenueWord], object], prefix: str) -> Dialect:
    """`prefix` is what the client ids of the account's orders begin with: some venues take them in another form."""
    match exchange.id:
        case "binance":
            return BinanceDialect(exchange, tell)
        case "kraken":
            return KrakenDialect(exchange, tell, prefix)
    return Dialect(exchange, tell)
