"""The executor's part that cancels: an order is wanted gone once, and asked for until it is."""

from collections.abc import Callable

from ..kernel.actor import Context
from ..trading.books import Books
from ..trading.order import Order
from ..trading.order_events import CancelIntended, OrderEvent
from ..trading.order_states import DOUBTFUL
from .venue_session import Cancel

AT_ONCE = 100
"""Requests under way: ten thousand orders are not asked for in one turn, nor past what a venue port takes."""


class Cancels:
    """Owned by the executor. `may_cancel` says whether a cancel of an order of that type may leave now."""

    def __init__(
        self,
        context: Context,
        books: Books,
        commit: Callable[[OrderEvent], None],
        session: str,
        may_cancel: Callable[[str], bool],
    ) -> None:
        self._context = context
        self._books = books
        self._commit = commit
        self._session = session
        self._may_cancel = may_cancel
        self._asked: set[str] = set()
        self._waiting: dict[str, None] = {}

    def want(self, client_id: str, reason: str) -> None:
        """The order is to go. Nothing happens where it is not open, or may not be cancelled now."""
        order = self._books.orders.get(client_id)
        if order is None or not order.open or not self._may_cancel(order.intent.type):
            return
        if not order.cancel_wanted:
            self._commit(CancelIntended(client_id, reason, self._context.now_ns()))
        self._context.fault_point("executor: cancel wanted")
        self._ask(order)

    def want_all(self, reason: str) -> None:
        """All that may be cancelled, so many at once; to be called again and again until nothing of it stands."""
        for order in self._books.open_orders():
            if len(self._asked) >= AT_ONCE:
                return
            if order.intent.client_id not in self._asked:
                self.want(order.intent.client_id, reason)

    def again(self) -> None:
        """A cancel may be lost, or come before its order: what stands at the venue against our wish is asked again."""
        for order in self._books.open_orders():
            if order.cancel_wanted and order.state not in DOUBTFUL:
                self.want(order.intent.client_id, "still open")

    def answered(self, client_id: str) -> None:
        """The request came to its end; the next one leaves."""
        self._asked.discard(client_id)
        while self._waiting and len(self._asked) < AT_ONCE:
            following = self._waiting.popitem()[0]
            self.want(following, "its turn came")

    def forget(self) -> None:
        """No request under way will be answered any more."""
        self._asked.clear()
        self._waiting.clear()

    def _ask(self, order: Order) -> None:
        client_id = order.intent.client_id
        if client_id in self._asked:
            return
        if len(self._asked) >= AT_ONCE:
            self._waiting[client_id] = None
            return
        self._waiting.pop(client_id, None)
        self._asked.add(client_id)
        self._context.tell(self._session, Cancel(client_id, order.intent.symbol))
