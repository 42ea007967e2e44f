"""Risk's part that asks for the account's share of what all accounts may do together."""

from decimal import Decimal

from ..kernel.actor import Context
from ..trading.risk.budgets import NOTHING, BudgetAsked, BudgetGranted, Grant, hold

ASK_PERIOD_NS = 1_000_000_000


class BudgetLink:
    """Owned by risk. Where nobody answers the last grant ends, and the account has its guaranteed share; before the
    first it has none at all, for it does not know that share."""

    def __init__(self, context: Context, budgets: str, account: str) -> None:
        self._context = context
        self._budgets = budgets
        self._account = account
        self._asked_ns: int | None = None

    @property
    def first(self) -> Grant | None:
        """What counts until the first grant."""
        return Grant(NOTHING, None) if self._budgets else None

    def hear(self, granted: BudgetGranted) -> Grant | None:
        """What counts from now on."""
        return hold(granted) if self._budgets else None

    def check(self, gross: Decimal, lost: Decimal) -> None:
        """Ask again and again."""
        if not self._budgets:
            return
        now_ns = self._context.now_ns()
        if self._asked_ns is None or not 0 <= now_ns - self._asked_ns < ASK_PERIOD_NS:
            self._asked_ns = now_ns
            self._context.tell(self._budgets, BudgetAsked(self._account, gross, lost, now_ns, self._context.path))
