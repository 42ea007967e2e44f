"""A real venue's public market for the venue on this machine, and the rules it trades by."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import aiohttp
import ccxt
import msgspec

from ..config.market_settings import VenueSettings
from ..exchanges.ccxt_markets import KEPT_S
from ..exchanges.limit_watch import LimitWatch
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


class _Rules(msgspec.Struct):
    """As they are kept on disk."""

    at_ns: int
    instruments: tuple[Instrument, ...]


async def load_rules(
    settings: VenueSettings,
    symbols: tuple[str, ...],
    disk: Disk,
    folder: Path,
    clock: Clock,
    tell: Callable[[str], object],
) -> Sequence[Instrument]:
    """The venue's rules of each symbol; those of last time where it cannot be reached now, for `KEPT_S` at most.

    Raises VenueFault where it trades no such symbol, or cannot be reached and no such rules are known.
    """
    path, opener = folder / RULES_NAME, session_opener(settings.address, settings.certificate)
    now_ns, limits = clock.now_ns(), LimitWatch(clock, lambda _: None, _budget(settings))
    try:
        if pause_s := limits.pause_s():
            raise ccxt.DDoSProtection(f"it refuses us for {pause_s:.0f} s more")
        rules = await fetch_instruments(settings.name, symbols, opener, limits)
    except UNREACHED as error:
        reason = f"{settings.name} cannot be reached: {type(error).__name__}: {str(error)[:200]}"
        known, age_s = _remembered(disk, path, symbols, now_ns, reason)
        tell(f"{reason}; its rules are those of {age_s / 3_600:.1f} h ago, which hold for {KEPT_S / 3_600:.0f} h")
        return known
    disk.replace(path, msgspec.json.encode(_Rules(now_ns, rules)))
    return rules


def _remembered(
    disk: Disk, path: Path, symbols: tuple[str, ...], now_ns: int, reason: str
) -> tuple[Sequence[Instrument], float]:
    """And how old they are, in seconds."""
    try:
        rules = msgspec.json.decode(disk.read(path), type=_Rules)
    except (FileNotFoundError, msgspec.DecodeError):
        raise VenueFault(f"{reason}, and no rules of it are known from before") from None
    known = {rule.symbol: rule for rule in rules.instruments}
    if missing := [symbol for symbol in symbols if symbol not in known]:
        raise VenueFault(f"{reason}, and its rules of {', '.join(missing)} are not known from before")
    if not 0 <= (age_s := (now_ns - rules.at_ns) / 1e9) < KEPT_S:
        raise VenueFault(f"{reason}, and its rules of {age_s / 3_600:.1f} h ago may be others now")
    return tuple(known[symbol] for symbol in symbols), age_s
