"""What an account is worth, and how far that fell: pure, and nothing where it cannot be told."""

from collections.abc import Mapping
from decimal import Decimal

from .messages import ZERO, MarketDataUpdate

DAY_NS = 86_400_000_000_000


def equity(
    balances: Mapping[str, Decimal], markets: Mapping[str, MarketDataUpdate], symbols: tuple[str, ...], currency: str
) -> Decimal | None:
    """Cash, and holdings at the bid; None where something is held whose market is not in `markets`."""
    if currency not in balances:
        return None
    total = balances[currency]
    for symbol in symbols:
        base, _, quote = symbol.partition("/")
        if quote != currency or not (held := balances.get(base, ZERO)):
            continue
        market = markets.get(symbol)
        if market is None or market.bid <= ZERO:
            return None
        total += held * market.bid
    return total


def fall(before: Decimal, now: Decimal) -> float:
    """The lost fraction of `before`; 0 where nothing was lost, or there was nothing to lose."""
    return max(float((before - now) / before), 0.0) if before > ZERO else 0.0


def day_of(at_ns: int) -> int:
    """Days since 1970, UTC."""
    return at_ns // DAY_NS
