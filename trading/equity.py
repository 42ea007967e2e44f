"""What an account is worth, and how far that fell: pure, and nothing where it cannot be told."""

from collections.abc import Mapping
from decimal import Decimal

from .books import currencies
from .messages import ZERO, MarketDataUpdate
from .valuation import rates

DAY_NS = 86_400_000_000_000


def equity(
    balances: Mapping[str, Decimal], markets: Mapping[str, MarketDataUpdate], symbols: tuple[str, ...], currency: str
) -> Decimal | None:
    """Cash, and what is held of the symbols' currencies, each at what it would bring; None where that has no price."""
    return worth(balances, markets, symbols, currency) if currency in balances else None


def worth(
    amounts: Mapping[str, Decimal], markets: Mapping[str, MarketDataUpdate], symbols: tuple[str, ...], currency: str
) -> Decimal | None:
    """What amounts are in an equity: those of currencies that are not traded are nothing."""
    traded = {each for symbol in symbols for each in currencies(symbol)} | {currency}
    held = {each: amount for each, amount in amounts.items() if amount and each in traded}
    known = rates(held, markets, currency)
    return None if known.missing else known.worth(held)


def fall(before: Decimal, now: Decimal) -> float:
    """The lost fraction of `before`; 0 where nothing was lost, or there was nothing to lose."""
    return max(float((before - now) / before), 0.0) if before > ZERO else 0.0


def week_of(day: int) -> int:
    """Weeks since 1970 of a day, each from a Monday: 1970 began on a Thursday."""
    return (day + 3) // 7


def adjust_for_flows(level: Decimal, equity: Decimal, flow: Decimal) -> Decimal:
    """A level of the past (a day's opening, a peak) that today's `equity` is compared with, after transfers of `flow`
    (deposits less withdrawals, in the same currency) that `equity` already includes: moved in proportion, so that the
    fraction lost since is what it was before them. Where nothing was left before them, there is only what came."""
    before = equity - flow
    return level * equity / before if before > ZERO and equity > ZERO else max(equity, ZERO)


def day_of(at_ns: int) -> int:
    """Days since 1970, UTC."""
    return at_ns // DAY_NS
