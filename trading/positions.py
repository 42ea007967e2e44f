"""The position of one symbol as a fold over what fills changed: average cost and FIFO lots side by side, exact.

Every sum and product is exact: `EXACT` raises `decimal.Inexact` rather than round. Only `part_of` divides; what it
leaves out of one part stays in the rest, so at any time, to the last decimal and by both methods,

    realised - cost = everything received for the symbol less everything paid.
"""

from collections import deque
from dataclasses import dataclass, field
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow

from .messages import ZERO

EXACT = Context(prec=100, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
COST_STEP = Decimal("1e-18")
"""As fine as a part of a cost is told, in quote currency."""
LOTS_KEPT = 100
"""Of one position. One more, and the two oldest become one lot of their joint amount and cost: nothing is lost but
which of the two is closed first."""

Lot = tuple[Decimal, Decimal]
"""What is held and what it cost, both signed as in the position."""


def part_of(cost: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """The share of `cost` that `part` of `whole` has, rounded towards zero to `COST_STEP`; all of it for the whole."""
    return cost if part == whole else cost * part // (whole * COST_STEP) * COST_STEP


@dataclass(slots=True)
class Position:
    """What is held of a base currency through fills, what it cost, and what was earned, in quote currency.

    A short position has an amount and a cost below zero: the cost is then what was received for it. A fee taken in the
    quote or the base currency is part of cost and realised profit; `fees_paid` has every fee in its own currency.
    """

    amount: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    """By average cost."""
    fees: Decimal = ZERO
    """Those taken in base (at the fill's price) or quote; others have no price here."""
    fifo_realised: Decimal = ZERO
    lots: deque[Lot] = field(default_factory=deque)
    """Oldest first; their amounts sum up to `amount`."""
    fees_paid: dict[str, Decimal] = field(default_factory=dict)

    @property
    def fifo_cost(self) -> Decimal:
        """What the lots cost: `realised - cost` is the same by both methods."""
        return self.cost + self.fifo_realised - self.realised

    def move(self, change: Decimal, cash: Decimal, paid_in: str, fee: Decimal, in_quote: Decimal) -> None:
        """A fill changed the base currency by `change` and the quote currency by `cash`, its fee included where that
        was `paid_in` one of them; `in_quote` is the fee's worth, zero where nobody knows it. To be called in `EXACT`.
        """
        if fee:
            self.fees += in_quote
            self.fees_paid[paid_in] = self.fees_paid.get(paid_in, ZERO) + fee
        amount = self.amount
        if not change:
            self.realised += cash
            self.fifo_realised += cash
        elif (change > ZERO) is (amount > ZERO) or not amount:
            self._extend(change, cash)
        elif (change + amount > ZERO) is (amount > ZERO) or change == -amount:
            self._reduce(change, cash)
        else:
            closing = part_of(cash, -amount, change)
            self._reduce(-amount, closing)
            self._extend(change + amount, cash - closing)

    def _extend(self, change: Decimal, cash: Decimal) -> None:
        self.amount += change
        self.cost -= cash
        lots = self.lots
        lots.append((change, -cash))
        if len(lots) > LOTS_KEPT:
            (amount, cost), (next_amount, next_cost) = lots.popleft(), lots.popleft()
            lots.appendleft((amount + next_amount, cost + next_cost))

    def _reduce(self, change: Decimal, cash: Decimal) -> None:
        closed = -change
        released = part_of(self.cost, closed, self.amount)
        self.cost -= released
        self.amount += change
        self.realised += cash - released
        self.fifo_realised += cash - self._release(closed)

    def _release(self, closed: Decimal) -> Decimal:
        """The cost of the oldest `closed`, which leaves the lots."""
        lots, long, released = self.lots, closed > ZERO, ZERO
        while closed:
            amount, cost = lots[0]
            if amount <= closed if long else amount >= closed:
                lots.popleft()
                released += cost
                closed -= amount
            else:
                part = part_of(cost, closed, amount)
                lots[0] = amount - closed, cost - part
                return released + part
        return released
