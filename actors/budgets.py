"""Grants each account its share of what all accounts may do together."""

from decimal import Decimal
from typing import Any

from ..config.settings import BudgetSettings
from ..kernel.actor import Actor
from ..trading.risk.budgets import BudgetAsked, ask, begin


class BudgetKeeper(Actor):
    """Answers whoever asks, at once; no account waits for another. After a restart nothing above a guaranteed share is
    granted until every grant of the incarnation before has ended."""

    def __init__(self, accounts: tuple[str, ...], settings: BudgetSettings) -> None:
        self.accounts = accounts
        self.settings = settings

    def start(self) -> None:
        total, guaranteed = self.settings.max_gross_notional, Decimal(str(self.settings.guaranteed))
        assert total is not None, "there is nothing to share"
        self._budgets = begin(total, self.accounts, guaranteed, round(self.settings.lasts_s * 1e9), self._now_ns())

    def receive(self, message: Any) -> Any:
        match message:
            case BudgetAsked():
                self._budgets, granted = ask(self._budgets, message, self._now_ns())
                if granted is None:
                    self.context.system.metrics.count("budgets_refused")
                elif message.reply_to:
                    self.context.tell(message.reply_to, granted)

    def _now_ns(self) -> int:
        """Monotonic: a clock that is set must not make a grant last."""
        return self.context.system.clock.monotonic_ns()
