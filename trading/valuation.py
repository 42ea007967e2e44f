"""What an account is worth in one currency, how much of that was earned, and how old the prices behind it are. Pure.

Sums and products are exact. Only a rate that was turned round is rounded, once: all that is counted together is
counted at the same rates, so that a statement adds up to the last decimal.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_DOWN, Context, Decimal, localcontext
from typing import NamedTuple

from .books import Books, currencies
from .messages import ZERO, MarketDataUpdate
from .positions import EXACT, Position

Markets = Mapping[str, MarketDataUpdate]
ONE = Decimal(1)
_INVERTING = Context(prec=40, rounding=ROUND_DOWN)


class Rate(NamedTuple):
    """What one unit of a currency is worth in another; `at_ns` is when the older of its markets was heard of, None
    where it needed none."""

    value: Decimal
    at_ns: int | None = None
    path: tuple[str, ...] = ()
    """The symbols it goes over."""


class Rates(NamedTuple):
    """Of every currency asked for; `missing` says of which there is none, and why: then nothing can be told."""

    currency: str
    of: Mapping[str, Rate]
    missing: str = ""

    @property
    def oldest_ns(self) -> int | None:
        return min((rate.at_ns for rate in self.of.values() if rate.at_ns is not None), default=None)

    def worth(self, amounts: Mapping[str, Decimal]) -> Decimal:
        """Of amounts whose currencies were asked for."""
        with localcontext(EXACT):
            return sum((amount * self.of[held].value for held, amount in amounts.items() if amount), ZERO)


def rate(markets: Markets, held: str, currency: str, *, owed: bool = False) -> Rate | None:
    """The way with the fewest markets: direct, turned round, or over one more currency, there the way heard of last.
    What is held counts at the bid, what is `owed` at the ask."""
    if held == currency:
        return Rate(ONE)
    if (found := _step(markets, held, currency, owed)) is not None:
        return found
    bridged = (_bridge(markets, held, between, currency, owed) for between in _neighbours(markets, held))
    return max(
        (each for each in bridged if each is not None), key=lambda each: (each.at_ns or 0, each.path), default=None
    )


def rates(
    amounts: Mapping[str, Decimal],
    markets: Markets,
    currency: str,
    *,
    now_ns: int = 0,
    max_age_ns: int | None = None,
) -> Rates:
    """For all of `amounts`, those below zero at what it costs to buy them; none is older than `max_age_ns`, if given.
    The time of a market ahead of `now_ns` is as good as one too old."""
    of: dict[str, Rate] = {}
    for held, amount in amounts.items():
        found = rate(markets, held, currency, owed=amount < ZERO)
        if found is None:
            return Rates(currency, of, f"no market leads from {held} to {currency}")
        if max_age_ns is not None and found.at_ns is not None and not 0 <= now_ns - found.at_ns <= max_age_ns:
            age_s = (now_ns - found.at_ns) / 1e9
            return Rates(currency, of, f"{' and '.join(found.path)} is {age_s:.3f} s old, above {max_age_ns / 1e9} s")
        of[held] = found
    return Rates(currency, of)


class Statement(NamedTuple):
    """`opening + transferred + realised + unrealised - fees = equity`, exactly, at today's rates."""

    currency: str
    opening: Decimal
    """What was held when the account was adopted, and is so valued."""
    transferred: Decimal
    realised: Decimal
    """After the fees in the base or quote currency of what was traded."""
    unrealised: Decimal
    fees: Decimal
    """Those in other currencies."""
    equity: Decimal
    oldest_ns: int | None
    """When the oldest of the prices was heard of."""


def state(
    books: Books,
    markets: Markets,
    currency: str,
    *,
    now_ns: int = 0,
    max_age_ns: int | None = None,
    fifo: bool = False,
) -> Statement | str:
    """Of the whole account, profit by average cost or first in first out; else why none can be made."""
    touched = dict.fromkeys(_touched(books), ZERO) | books.balances
    known = rates(touched, markets, currency, now_ns=now_ns, max_age_ns=max_age_ns)
    if known.missing:
        return known.missing
    realised = unrealised = fees = ZERO
    with localcontext(EXACT):
        for symbol, held in books.positions.items():
            base, quote = (known.of[each].value for each in currencies(symbol))
            realised += (held.fifo_realised if fifo else held.realised) * quote
            unrealised += held.amount * base - (held.fifo_cost if fifo else held.cost) * quote
            fees += known.worth(_fees_apart(symbol, held))
    worth = known.worth
    return Statement(
        currency, worth(books.opening), worth(books.transferred), realised, unrealised, fees, worth(books.balances),
        known.oldest_ns,
    )  # fmt: skip


def _touched(books: Books) -> Iterable[str]:
    for symbol, held in books.positions.items():
        yield from currencies(symbol)
        yield from held.fees_paid
    yield from books.opening
    yield from books.transferred


def _fees_apart(symbol: str, held: Position) -> dict[str, Decimal]:
    return {paid: fee for paid, fee in held.fees_paid.items() if paid not in currencies(symbol)}


def _step(markets: Markets, held: str, currency: str, owed: bool) -> Rate | None:
    market = markets.get(f"{held}/{currency}")
    if market is not None and market.bid > ZERO and market.ask > ZERO:
        return Rate(market.ask if owed else market.bid, market.received_ns, (market.symbol,))
    market = markets.get(f"{currency}/{held}")
    if market is not None and market.bid > ZERO and market.ask > ZERO:
        return Rate(_INVERTING.divide(ONE, market.bid if owed else market.ask), market.received_ns, (market.symbol,))
    return None


def _bridge(markets: Markets, held: str, between: str, currency: str, owed: bool) -> Rate | None:
    first, second = _step(markets, held, between, owed), _step(markets, between, currency, owed)
    if first is None or second is None:
        return None
    at_ns = min(first.at_ns or 0, second.at_ns or 0)
    return Rate(EXACT.multiply(first.value, second.value), at_ns, (*first.path, *second.path))


def _neighbours(markets: Markets, held: str) -> Iterable[str]:
    for symbol in markets:
        base, quote = currencies(symbol)
        if held == base:
            yield quote
        elif held == quote:
            yield base
