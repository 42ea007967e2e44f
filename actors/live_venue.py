"""A real venue's public market for the venue on this machine, and the rules it trades by."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import aiohttp
import ccxt
import msgspec

from ..config.market_settings import VenueSettings
from ..exchanges.limit_windows import machine_windows
from ..exchanges.public_venue import VenueFault, fetch_instruments, make_protocol, session_opener
from ..exchanges.rate_budget import RateBudget
from ..exchanges.simulated.live_market import LiveMarket
from ..exchanges.streams import StreamMarket
from ..kernel.clock import Clock
from ..kernel.disk import Disk
from ..kernel.identity import Entropy
from ..trading.instruments import Instrument

RULES_NAME = "instruments.json"

UNREACHED = (ccxt.NetworkError, aiohttp.ClientError, TimeoutError, OSError)


def open_market(
    settings: VenueSettings,
    symbols: tuple[str, ...],
    loop: asyncio.AbstractEventLoop,
    clock: Clock,
    entropy: Entropy,
    tell: Callable[[str], object],
) -> LiveMarket:
    """Not connected yet. Raises VenueFault for an address that cannot be used."""
    opener = session_opener(settings.address, settings.certificate)
    port = StreamMarket(loop, clock, entropy, make_protocol(settings.name), opener, _budget(settings))
    return LiveMarket(symbols, port, tell)


def _budget(settings: VenueSettings) -> RateBudget:
    """Of what the venue lets this machine ask: one for all that this user runs here."""
    if settings.address:
        return RateBudget()
    return RateBudget(windows=machine_windows(settings.name))


async def load_rules(
    settings: VenueSettings, symbols: tuple[str, ...], disk: Disk, folder: Path, tell: Callable[[str], object]
) -> Sequence[Instrument]:
    """The venue's rules of each symbol; those of last time where it cannot be reached now.

    Raises VenueFault where it trades no such symbol, or cannot be reached the first time.
    """
    path = folder / RULES_NAME
    try:
        rules = await fetch_instruments(settings.name, symbols, session_opener(settings.address, settings.certificate))
    except UNREACHED as error:
        reason = f"{settings.name} cannot be reached: {type(error).__name__}: {str(error)[:200]}"
        tell(f"{reason}; its rules are those of last time")
        return _remembered(disk, path, symbols, reason)
    disk.replace(path, msgspec.json.encode(rules))
    return rules


def _remembered(disk: Disk, path: Path, symbols: tuple[str, ...], reason: str) -> Sequence[Instrument]:
    try:
        rules = msgspec.json.decode(disk.read(path), type=tuple[Instrument, ...])
    except (FileNotFoundError, msgspec.DecodeError):
        raise VenueFault(f"{reason}, and no rules of it are known from before") from None
    known = {rule.symbol: rule for rule in rules}
    if missing := [symbol for symbol in symbols if symbol not in known]:
        raise VenueFault(f"{reason}, and its rules of {', '.join(missing)} are not known from before")
    return tuple(known[symbol] for symbol in symbols)
