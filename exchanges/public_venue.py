"""The public side of a real venue: how it is reached without keys, how its streams speak, by what rules it trades."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import aiohttp
from msgspec.structs import replace

from ..trading.instruments import Instrument
from .ccxt_parsing import instruments
from .limit_watch import LimitWatch
from .loopback import ADDRESS, open_session
from .stream_protocol import StreamProtocol

OpenSession = Callable[[], Awaitable[aiohttp.ClientSession]]

PROTOCOLS = {
    "binance": "binance.protocol:BinanceSpot",
    "kraken": "kraken.protocol:KrakenSpot",
    "okx": "okx.protocol:OkxSpot",
    "coinbase": "coinbase.protocol:CoinbaseSpot",
    "bybit": "bybit.protocol:BybitSpot",
}
"""Module and class below this package, by the venue's name, which is ccxt's."""
LOAD_TIMEOUT_S = 20.0


class VenueFault(Exception):
    """The venue cannot be traded on as asked. Its text is one sentence for the user."""


def make_protocol(venue: str) -> StreamProtocol:
    module, _, name = PROTOCOLS[venue].partition(":")
    protocol: StreamProtocol = getattr(import_module(f".{module}", __package__), name)()
    return protocol


def session_opener(address: str = "", certificate: str = "") -> OpenSession:
    """Sessions to the venue itself, or to what stands in for it on this machine: then nothing leaves the machine.

    Raises VenueFault for an address that is not one of this machine.
    """
    if not address:
        return _open_to_the_world
    host, _, port = address.rpartition(":")
    if host not in (ADDRESS, "localhost") or not port.isdecimal():
        raise VenueFault(f'venue.address: expected "{ADDRESS}:PORT", found "{address}"')

    async def open_stand_in() -> aiohttp.ClientSession:
        return open_session(int(port), Path(certificate))

    return open_stand_in


async def _open_to_the_world() -> aiohttp.ClientSession:
    """Verified TLS only; a proxy of the environment is used."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=ssl.create_default_context()), trust_env=True)


async def fetch_instruments(
    venue: str, symbols: tuple[str, ...], open_public: OpenSession, limits: LimitWatch | None = None
) -> tuple[Instrument, ...]:
    """The venue's own rules of each symbol, as spelled by the local venue; `limits` hears that it refuses us.

    Raises VenueFault where it does not list one, and ccxt's errors or TimeoutError where it cannot be asked.
    """
    import ccxt.pro  # seconds to import, and not every node needs it

    async with await open_public() as session:
        exchange = getattr(ccxt.pro, venue)({"session": session, **_options(venue)})
        try:
            async with asyncio.timeout(LOAD_TIMEOUT_S):
                await exchange.load_markets()
        except ccxt.BaseError as error:
            if limits is not None:
                limits.hear_error(exchange, error)
            raise
        finally:
            await exchange.close()
        found = {symbol: rule for symbol in symbols for rule in _rules(exchange, symbol)}
    if missing := [symbol for symbol in symbols if symbol not in found]:
        raise VenueFault(f"symbols: {', '.join(missing)} is not traded at {venue}")
    return tuple(_as_local(found[symbol]) for symbol in symbols)


def _rules(exchange: Any, symbol: str) -> Sequence[Instrument]:
    """None where the venue does not list it. Raises VenueFault where it lists it without its steps."""
    try:
        found = tuple(instruments(exchange, (symbol,)).values())
    except ValueError as error:
        raise VenueFault(f"symbols: {symbol}: {exchange.id} does not say in which steps it trades ({error})") from None
    if any(not (rule.tick_size > 0 and rule.step_size > 0) for rule in found):
        raise VenueFault(f"symbols: {symbol}: {exchange.id} does not say in which steps it trades (it says 0)")
    return found


def _as_local(instrument: Instrument) -> Instrument:
    return replace(instrument, venue_symbol=instrument.symbol.replace("/", ""))


def _options(venue: str) -> dict[str, Any]:
    """One call for the markets of spot, where that has to be said."""
    if venue != "binance":
        return {}
    return {"options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False}}
