"""The ledger a second time, written from its definition and not from its code: whole lists of fills, in fractions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

from tradigrade.trading.order_events import OrderFilled

DECIMALS = 10**18
LOTS = 100

Move = tuple[Fraction, Fraction]
"""What a fill changed: base, quote."""


class Recomputed(NamedTuple):
    amount: Fraction
    cost: Fraction
    realised: Fraction
    fifo_realised: Fraction
    lots: list[tuple[Fraction, Fraction]]
    fees: Fraction
    fees_paid: dict[str, Fraction]


def share(total: Fraction, part: Fraction, whole: Fraction) -> Fraction:
    """Of a whole, all; of a part, what 18 decimals can say, never more than its due."""
    return total if part == whole else Fraction(int(total * part / whole * DECIMALS), DECIMALS)


def recompute(fills: Iterable[OrderFilled]) -> Recomputed:
    """Everything about a position, from the fills that made it, oldest first."""
    told = list(fills)
    steps = list(_steps(_move(fill) for fill in told))
    cost, realised = _by_average(steps)
    lots, fifo_realised = _by_age(steps)
    paid: dict[str, Fraction] = defaultdict(Fraction)
    for fill in told:
        paid[fill.fee_currency] += Fraction(fill.fee)
    return Recomputed(
        amount=sum((change for _, change, _ in steps), Fraction()),
        cost=cost,
        realised=realised,
        fifo_realised=fifo_realised,
        lots=lots,
        fees=sum((Fraction(fill.fee) * _price_of_fee(fill) for fill in told), Fraction()),
        fees_paid={currency: fee for currency, fee in paid.items() if fee},
    )


def balances(opening: dict[str, Fraction], fills: Iterable[OrderFilled]) -> dict[str, Fraction]:
    """Free and locked together, by currency; what came to nothing is left out."""
    total = defaultdict(Fraction, opening)
    for fill in fills:
        base, quote = fill.symbol.split("/")
        direction = {"buy": 1, "sell": -1}[fill.side]
        total[base] += direction * Fraction(fill.amount)
        total[quote] -= direction * Fraction(fill.amount) * Fraction(fill.price)
        total[fill.fee_currency] -= Fraction(fill.fee)
    return {currency: amount for currency, amount in total.items() if amount}


def _move(fill: OrderFilled) -> Move:
    after = balances({}, [fill])
    base, quote = fill.symbol.split("/")
    return after.get(base, Fraction()), after.get(quote, Fraction())


def _price_of_fee(fill: OrderFilled) -> Fraction:
    base, quote = fill.symbol.split("/")
    return {quote: Fraction(1), base: Fraction(fill.price)}.get(fill.fee_currency, Fraction())


def _steps(moves: Iterable[Move]) -> Iterator[tuple[str, Fraction, Fraction]]:
    """Each fill as what it closed and what it opened: a fill through zero does both."""
    held = Fraction()
    for change, cash in moves:
        closes = held * change < 0
        closed = max(-abs(held), -abs(change)) * (1 if held > 0 else -1) if closes else Fraction()
        closed_cash = share(cash, closed, change) if closes else Fraction()
        if closed or not change:
            yield "close", closed, closed_cash if change else cash
        if change != closed:
            yield "open", change - closed, cash - closed_cash
        held += change


def _by_average(steps: Iterable[tuple[str, Fraction, Fraction]]) -> tuple[Fraction, Fraction]:
    """Cost and realised profit."""
    amount = cost = realised = Fraction()
    for kind, change, cash in steps:
        released = share(cost, -change, amount) if kind == "close" and change else Fraction()
        cost -= released if kind == "close" else cash
        realised += cash - released if kind == "close" else 0
        amount += change
    return cost, realised


def _by_age(steps: Iterable[tuple[str, Fraction, Fraction]]) -> tuple[list[tuple[Fraction, Fraction]], Fraction]:
    """The lots that are left, oldest first, and realised profit."""
    lots: list[tuple[Fraction, Fraction]] = []
    realised = Fraction()
    for kind, change, cash in steps:
        if kind == "open":
            lots = [*lots, (change, -cash)]
            if len(lots) > LOTS:
                lots = [(lots[0][0] + lots[1][0], lots[0][1] + lots[1][1]), *lots[2:]]
            continue
        realised += cash
        wanted = -change
        while wanted:
            amount, cost = lots.pop(0)
            used = wanted if abs(wanted) < abs(amount) else amount
            released = share(cost, used, amount)
            realised -= released
            wanted -= used
            if used != amount:
                lots.insert(0, (amount - used, cost - released))
    return lots, realised
