"""Grants each account its share of what all accounts may do together."""

from decimal import Decimal
from typing import Any

from ..config.risk_settings import BudgetSettings
from ..kernel.actor import Actor
from ..trading.risk.budgets import BudgetAsked, BudgetGranted, Budgets, Share, ask, begin


class BudgetKeeper(Actor):
    """Answers whoever asks, at once; no account waits for another. After a restart nothing above a guaranteed share is
    granted until every grant of the incarnation before has ended."""

    def __init__(self, accounts: tuple[str, ...], settings: BudgetSettings) -> None:
        self.accounts = accounts
        self.settings = settings

    def start(self) -> None:
        totals = {"gross": self.settings.max_gross_notional, "loss": self.settings.max_daily_loss}
        self._budgets = {what: self._begin(total) for what, total in totals.items() if total is not None}

    def receive(self, message: Any) -> Any:
        match message:
            case BudgetAsked(account, gross, loss, at_ns, reply_to):
                shares = (self._ask("gross", account, gross), self._ask("loss", account, loss))
                if shares == (None, None):
                    self.context.system.metrics.count("budgets_refused")
                else:
                    self.context.tell(reply_to, BudgetGranted(account, *shares, at_ns))

    def _begin(self, total: Decimal) -> Budgets:
        guaranteed, lasts_ns = Decimal(str(self.settings.guaranteed)), round(self.settings.lasts_s * 1e9)
        return begin(total, self.accounts, guaranteed, lasts_ns, self._now_ns())

    def _ask(self, what: str, account: str, used: Decimal) -> Share | None:
        if what not in self._budgets:
            return None
        self._budgets[what], share = ask(self._budgets[what], account, used, self._now_ns())
        return share

    def _now_ns(self) -> int:
        """Monotonic: a clock that is set must not make a grant last."""
        return self.context.system.clock.monotonic_ns()
