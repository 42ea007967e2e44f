"""What types alone cannot say of settings: how they are spelled and how they fit together."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

import msgspec

from ..trading.limits import LimitFault
from ..trading.risk.compliance import make_rules
from .limits import configured_limits
from .settings import Settings, StrategySettings

STAND_IN = re.compile(r"(127\.0\.0\.1|localhost):[0-9]{1,5}")
SYMBOL = re.compile(r"[A-Z0-9]{1,20}/[A-Z0-9]{1,20}")
STRATEGY_PATH = re.compile(r"[^:]+:[A-Za-z_]\w*")
STRATEGY_NAME = re.compile(r"[a-z][a-z0-9_]{0,15}")
MONEY_MAX = Decimal(10**15)


class Inconsistency(NamedTuple):
    """One setting that does not fit, by its dotted key."""

    key: str
    expected: str
    found: str
    advice: str = ""


def strategy_name(strategy: StrategySettings) -> str:
    """The name a strategy goes by: its own, or its class's in lower case."""
    return strategy.name or strategy.path.rpartition(":")[2].lower()


def inconsistencies(settings: Settings) -> Iterator[Inconsistency]:
    """Everything that does not fit, in the order of the settings; nothing where they are sound."""
    yield from _symbols(settings)
    yield from _venue(settings)
    yield from _strategies(settings.strategies, settings.symbols)
    yield from _money(settings)
    yield from _pairs(settings)
    yield from _risk(settings)


def _symbols(settings: Settings) -> Iterator[Inconsistency]:
    if not settings.symbols:
        yield Inconsistency("symbols", "at least one symbol", "an empty list", 'for example ["BTC/USDT"]')
    for index, symbol in enumerate(settings.symbols):
        if not SYMBOL.fullmatch(symbol):
            yield Inconsistency(f"symbols[{index}]", 'a symbol spelled BASE/QUOTE, such as "BTC/USDT"', f'"{symbol}"')
    for symbol in _repeated(settings.symbols):
        yield Inconsistency("symbols", "each symbol once", f'"{symbol}" more than once')


def _venue(settings: Settings) -> Iterator[Inconsistency]:
    """Nobody trades real money by a wrong word, and a real market is neither replayed nor hurried."""
    venue = settings.venue
    if any(each.venue == venue.protocol for each in settings.feeds.references):
        yield Inconsistency("feeds.references", "other venues than the one traded at", f'"{venue.protocol}"')
    for index, each in enumerate(settings.feeds.references):
        key = f"feeds.references[{index}]"
        if bool(each.address) != bool(each.certificate):
            yield Inconsistency(
                f"{key}.certificate", "a certificate with an address, and none without", "one of the two"
            )
        if each.address and not STAND_IN.fullmatch(each.address):
            yield Inconsistency(f"{key}.address", '"127.0.0.1:PORT", on this machine', f'"{each.address}"')
    if venue.name == "simulated":
        return
    if not venue.paper:
        advice = "real orders are not there yet: give --paper to trade on its public market with paper money"
        yield Inconsistency("venue.paper", f'true where venue.name is "{venue.name}"', "false", advice)
    if settings.replay:
        yield Inconsistency("replay", "none where a real venue's market is traded on", f'"{settings.replay}"')
    if settings.speed != 1:
        yield Inconsistency("speed", "1 where a real venue's market is traded on", f"{settings.speed:g}")
    currency, symbols = settings.account.currency, settings.symbols
    if symbols and not any(symbol.endswith(f"/{currency}") for symbol in symbols):
        advice = f'for {symbols[0]} it is "{symbols[0].partition("/")[2]}"'
        expected = "what one of the symbols is paid in: nothing could be bought else"
        yield Inconsistency("account.currency", expected, f'"{currency}"', advice)
    if bool(venue.address) != bool(venue.certificate):
        yield Inconsistency("venue.certificate", "a certificate with an address, and none without", "one of the two")


def _strategies(strategies: tuple[StrategySettings, ...], symbols: tuple[str, ...]) -> Iterator[Inconsistency]:
    for index, strategy in enumerate(strategies):
        key = f"strategies[{index}]"
        if not STRATEGY_PATH.fullmatch(strategy.path):
            yield Inconsistency(f"{key}.path", '"module:Class" or "file.py:Class"', f'"{strategy.path}"')
        elif not STRATEGY_NAME.fullmatch(strategy_name(strategy)):
            found = f'"{strategy_name(strategy)}", from its class'
            yield Inconsistency(f"{key}.name", "at most 16 letters, digits and _", found, "give it a name")
        for symbol in strategy.symbols:
            if symbol not in symbols:
                yield Inconsistency(f"{key}.symbols", f"symbols out of {', '.join(symbols)}", f'"{symbol}"')
    for name in _repeated(map(strategy_name, strategies)):
        yield Inconsistency("strategies", "each name once", f'"{name}" more than once', "give one another name")


def _money(settings: Settings) -> Iterator[Inconsistency]:
    totals = msgspec.structs.asdict(settings.budgets)
    budgets = {name: totals[name] for name in ("max_gross_notional", "max_daily_loss")}
    amounts = {
        "account.opening_balance": settings.account.opening_balance,
        "risk.max_order_notional": settings.risk.max_order_notional,
        "risk.max_position_notional": settings.risk.max_position_notional,
        **{f"budgets.{name}": total for name, total in budgets.items() if total is not None},
    }
    for key, amount in amounts.items():
        if not (amount.is_finite() and 0 < amount < MONEY_MAX):
            yield Inconsistency(key, f"an amount above 0 and below {MONEY_MAX:,}", str(amount))


def _pairs(settings: Settings) -> Iterator[Inconsistency]:
    supervision, learning = settings.supervision, settings.learning
    if supervision.backoff_min_s > supervision.backoff_max_s:
        expected = f"at most supervision.backoff_max_s ({supervision.backoff_max_s:g})"
        yield Inconsistency("supervision.backoff_min_s", expected, f"{supervision.backoff_min_s:g}")
    if supervision.heartbeat_s >= supervision.heartbeat_timeout_s:
        expected = f"less than supervision.heartbeat_timeout_s ({supervision.heartbeat_timeout_s:g})"
        yield Inconsistency("supervision.heartbeat_s", expected, f"{supervision.heartbeat_s:g}")
    if learning.horizon_bars >= learning.window_bars:
        expected = f"less than learning.window_bars ({learning.window_bars})"
        yield Inconsistency("learning.horizon_bars", expected, str(learning.horizon_bars))


def _risk(settings: Settings) -> Iterator[Inconsistency]:
    """Limits that contradict each other, and rules that could never apply."""
    try:
        configured_limits(settings.risk)
    except LimitFault as fault:
        yield Inconsistency(f"risk.{fault.field}", fault.expected, fault.found)
    try:
        make_rules(settings.risk.rules)
    except ValueError as fault:
        yield Inconsistency("risk.rules", "rules that can apply", str(fault))


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
