"""Limits over all accounts: each is granted a share, for a while; nobody waits for anybody.

An account whose grant is too old falls back to its guaranteed share, which is always its own: the guaranteed shares
together are at most the total, and a grant above one is made only of what no other account has, or may still have by a
grant that did not end yet.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec

from ..messages import ZERO, Message

ONE = Decimal(1)
GRANTS_KEPT = 16
"""Of one account; more count as one of the largest."""


class BudgetGranted(Message, frozen=True, gc=False):
    """An account may come to this gross exposure until `until_ns`, and to `guaranteed` always; money."""

    account: str
    gross: Decimal
    guaranteed: Decimal
    asked_ns: int
    """When it was asked for, by the account's own clock."""
    granted_ns: int
    until_ns: int


class BudgetAsked(Message, frozen=True, gc=False):
    """An account tells what it uses at its worst, and by that asks for its share."""

    account: str
    gross: Decimal
    at_ns: int
    reply_to: str
    """The path of who is told the grant."""


class Grant(NamedTuple):
    """A grant as an account holds it."""

    gross: Decimal
    guaranteed: Decimal
    until_ns: int

    def gross_at(self, now_ns: int) -> tuple[Decimal, str]:
        """The bound now, and where it comes from."""
        if now_ns < self.until_ns:
            return self.gross, "the budget granted to the account"
        return self.guaranteed, "the account's guaranteed share: its grant is too old"


class Budgets(NamedTuple):
    """The machine's state. `granted`: by account, the grants that may still count. `used`: what each told last."""

    total: Decimal
    guaranteed: Mapping[str, Decimal]
    lasts_ns: int
    quiet_until_ns: int
    """Before, an unknown grant of an earlier incarnation may still count: nothing above a guarantee is granted."""
    granted: Mapping[str, tuple[BudgetGranted, ...]] = {}
    used: Mapping[str, Decimal] = {}


def begin(total: Decimal, accounts: tuple[str, ...], guaranteed: Decimal, lasts_ns: int, now_ns: int) -> Budgets:
    """`guaranteed` (0 to 1) of the total is split evenly as what each account always has."""
    assert accounts, "no account to grant to"
    assert ZERO <= guaranteed <= ONE, f"expected a share from 0 to 1, got {guaranteed}"
    each = total * guaranteed / len(accounts)
    return Budgets(total, dict.fromkeys(accounts, each), lasts_ns, now_ns + lasts_ns)


def ask(budgets: Budgets, asked: BudgetAsked, now_ns: int) -> tuple[Budgets, BudgetGranted | None]:
    """What an account may have from now on; None for one that nobody knows, or whose figure is no number. It gets what
    the others cannot have: an account that uses little leaves room to those that use much."""
    mine = budgets.guaranteed.get(asked.account)
    if mine is None or not asked.gross.is_finite() or asked.gross < 0:
        return budgets, None
    budgets = budgets._replace(used={**budgets.used, asked.account: asked.gross})
    free = budgets.total - sum((may_have(budgets, name, now_ns) for name in _others(budgets, asked.account)), ZERO)
    wanted = max(asked.gross * 2, budgets.total / len(budgets.guaranteed))
    gross = mine if now_ns < budgets.quiet_until_ns else max(min(wanted, free), mine)
    grant = BudgetGranted(asked.account, gross, mine, asked.at_ns, now_ns, now_ns + budgets.lasts_ns)
    return budgets._replace(granted={**budgets.granted, asked.account: _keep(budgets, grant, now_ns)}), grant


def may_have(budgets: Budgets, account: str, now_ns: int) -> Decimal:
    """The most an account may hold on to: of its grants, its guarantee and its use, the largest."""
    counting = (grant.gross for grant in budgets.granted.get(account, ()) if now_ns < grant.until_ns)
    return max(*counting, budgets.guaranteed[account], budgets.used.get(account, ZERO))


def _others(budgets: Budgets, account: str) -> list[str]:
    return [name for name in budgets.guaranteed if name != account]


def _keep(budgets: Budgets, grant: BudgetGranted, now_ns: int) -> tuple[BudgetGranted, ...]:
    """A smaller grant does not end a larger one before: its word may be lost on the way. A larger one does."""
    before = budgets.granted.get(grant.account, ())
    larger = tuple(each for each in before if now_ns < each.until_ns and each.gross > grant.gross)
    if len(larger) >= GRANTS_KEPT:
        return (*larger[1:], msgspec.structs.replace(grant, gross=larger[0].gross))
    return (*larger, grant)
