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


class Share(Message, frozen=True, gc=False):
    """An account's part of something: `amount` until `until_ns`, and `guaranteed` always; money."""

    amount: Decimal
    guaranteed: Decimal
    granted_ns: int
    until_ns: int


class BudgetGranted(Message, frozen=True, gc=False):
    """What an account may come to; None where nothing bounds all accounts together. `asked_ns`: when it was asked for,
    by the account's own clock."""

    account: str
    gross: Share | None
    loss: Share | None
    asked_ns: int


class BudgetAsked(Message, frozen=True, gc=False):
    """An account tells what it uses at its worst and what it lost today, and by that asks for its share; `reply_to` is
    the path of who is told."""

    account: str
    gross: Decimal
    loss: Decimal
    at_ns: int
    reply_to: str


class Bound(NamedTuple):
    """A share as an account holds it, by its own clock."""

    amount: Decimal
    guaranteed: Decimal
    until_ns: int

    def at(self, now_ns: int) -> tuple[Decimal, str]:
        """The bound now, and where it comes from."""
        if now_ns < self.until_ns:
            return self.amount, "the budget granted to the account"
        return self.guaranteed, "the account's guaranteed share: its grant is too old"


NOTHING = Bound(ZERO, ZERO, 0)


class Grant(NamedTuple):
    """Both bounds of an account; None: none."""

    gross: Bound | None
    loss: Bound | None


def hold(granted: BudgetGranted) -> Grant:
    """By the account's own clock, from when it was asked for: where it was granted it ends later."""
    return Grant(_hold(granted.gross, granted.asked_ns), _hold(granted.loss, granted.asked_ns))


def _hold(share: Share | None, asked_ns: int) -> Bound | None:
    if share is None:
        return None
    return Bound(share.amount, share.guaranteed, asked_ns + share.until_ns - share.granted_ns)


class Budgets(NamedTuple):
    """The machine's state, for one thing that is shared. `granted`: by account, the shares that may still count;
    `used`: what each told last."""

    total: Decimal
    guaranteed: Mapping[str, Decimal]
    lasts_ns: int
    quiet_until_ns: int
    """Before, an unknown grant of an earlier incarnation may still count: nothing above a guarantee is granted."""
    granted: Mapping[str, tuple[Share, ...]] = {}
    used: Mapping[str, Decimal] = {}


def begin(total: Decimal, accounts: tuple[str, ...], guaranteed: Decimal, lasts_ns: int, now_ns: int) -> Budgets:
    """`guaranteed` (0 to 1) of the total is split evenly as what each account always has."""
    assert accounts, "no account to grant to"
    assert ZERO <= guaranteed <= ONE, f"expected a share from 0 to 1, got {guaranteed}"
    each = total * guaranteed / len(accounts)
    return Budgets(total, dict.fromkeys(accounts, each), lasts_ns, now_ns + lasts_ns)


def ask(budgets: Budgets, account: str, used: Decimal, now_ns: int) -> tuple[Budgets, Share | None]:
    """What an account may have from now on; None for one that nobody knows, or whose figure is no number. It gets what
    the others cannot have: an account that uses little leaves room to those that use much."""
    mine = budgets.guaranteed.get(account)
    if mine is None or not used.is_finite() or used < 0:
        return budgets, None
    budgets = budgets._replace(used={**budgets.used, account: used})
    free = budgets.total - sum((may_have(budgets, name, now_ns) for name in _others(budgets, account)), ZERO)
    wanted = max(used * 2, budgets.total / len(budgets.guaranteed))
    amount = mine if now_ns < budgets.quiet_until_ns else max(min(wanted, free), mine)
    share = Share(amount, mine, now_ns, now_ns + budgets.lasts_ns)
    kept = _keep(budgets.granted.get(account, ()), share, now_ns)
    return budgets._replace(granted={**budgets.granted, account: kept}), share


def may_have(budgets: Budgets, account: str, now_ns: int) -> Decimal:
    """The most an account may hold on to: of its grants, its guarantee and its use, the largest."""
    counting = (share.amount for share in budgets.granted.get(account, ()) if now_ns < share.until_ns)
    return max(*counting, budgets.guaranteed[account], budgets.used.get(account, ZERO))


def _others(budgets: Budgets, account: str) -> list[str]:
    return [name for name in budgets.guaranteed if name != account]


def _keep(before: tuple[Share, ...], share: Share, now_ns: int) -> tuple[Share, ...]:
    """A smaller share does not end a larger one before: its word may be lost on the way. A larger one does."""
    larger = tuple(each for each in before if now_ns < each.until_ns and each.amount > share.amount)
    if len(larger) >= GRANTS_KEPT:
        return (*larger[1:], msgspec.structs.replace(share, amount=larger[0].amount))
    return (*larger, share)
