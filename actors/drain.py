"""The executor's part that brings an account to rest before the system stops."""

from collections.abc import Callable

import msgspec

from ..kernel.actor import Context
from ..kernel.envelope import Reply
from ..trading.books import Books
from ..trading.order import Order
from ..trading.order_states import DOUBTFUL
from ..trading.rungs import is_protective
from ..trading.tally import RunTally, Summary
from .reconciler import Reconciler

LIMIT_S = 3.0
STEP_S = 0.1
DIFFERENCES_SHOWN = 20


class DrainDue(msgspec.Struct, frozen=True):
    """Time to look whether the account is at rest."""


class AccountDrain:
    """Begun once, by policy. Cancels what stands, looks until the books are found equal with nothing moving, and
    answers with the summary: at the latest after `LIMIT_S`, then saying what is left open."""

    def __init__(
        self, context: Context, books: Books, reconciler: Reconciler, cancel: Callable[[str, str], None], policy: str
    ) -> None:
        self._context = context
        self._books = books
        self._reconciler = reconciler
        self._cancel = cancel
        self._leave_open = policy == "leave"
        self._flatten = policy == "flatten"
        self._began_ns = context.system.clock.monotonic_ns()
        self.answer = Reply()
        context.schedule(STEP_S, DrainDue())

    def go_on(self, tally: RunTally) -> None:
        overdue = self._context.system.clock.monotonic_ns() > self._began_ns + LIMIT_S * 1e9
        standing = [order for order in self._books.open_orders() if self._must_end(order)]
        if overdue or (not standing and self._reconciler.at_rest(self._began_ns)):
            self.answer.resolve(self._summarise(tally))
            return
        for order in standing:
            if self._flatten or not (self._leave_open or is_protective(order.intent.type)):
                self._cancel(order.intent.client_id, "stopping")
        self._reconciler.ask()
        self._context.schedule(STEP_S, DrainDue())

    def _must_end(self, order: Order) -> bool:
        """Doubt ends under every policy; orders that guard a position stay unless it is closed."""
        if self._leave_open or (is_protective(order.intent.type) and not self._flatten):
            return order.state in DOUBTFUL
        return True

    def _summarise(self, tally: RunTally) -> Summary:
        books = self._books
        return Summary(
            signals=tally.signals,
            orders=tally.orders,
            fills=tally.fills,
            refused=tally.refused,
            unknown=tally.unknown,
            reconciled=self._reconciler.at_rest(self._began_ns) and not books.unknown_orders(),
            differences=self._reconciler.verdict.differences[:DIFFERENCES_SHOWN],
            position={symbol: str(held.amount) for symbol, held in books.positions.items()},
            balances={currency: str(amount) for currency, amount in sorted(books.balances.items())},
        )
