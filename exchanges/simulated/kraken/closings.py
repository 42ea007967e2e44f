"""Conditional closes: every fill of an order that has one places an order of its size on the other side."""

import logging
from collections import deque

from ..engine import Engine
from ..errors import RequestRefused
from ..orders import Fill, Order, OrderRequest
from .fees import RESERVE

PREFIX = "venue.close."
DUE_MAX = 10_000
log = logging.getLogger(__name__)


class Closings:
    """Of the fills since they were last placed."""

    def __init__(self) -> None:
        self._due: deque[OrderRequest] = deque(maxlen=DUE_MAX)

    def note(self, order: Order, fill: Fill) -> None:
        if order.closing is None:
            return
        self._due.append(
            OrderRequest(
                symbol=order.symbol,
                side="SELL" if order.side == "BUY" else "BUY",
                type=order.closing.type,
                client_id=f"{PREFIX}{order.order_id}.{fill.trade_id}",
                price=order.closing.price,
                quantity=fill.quantity,
                stop_price=order.closing.stop_price,
                uid=order.uid,
                fee_reserve=RESERVE,
            )
        )

    def place(self, engine: Engine, now_ms: int) -> None:
        """One that the venue would refuse is none: as at the real one, nobody but the log is told."""
        while self._due:
            request = self._due.popleft()
            try:
                engine.place(request, now_ms)
            except RequestRefused as error:
                log.warning("no closing order %s: %s", request.client_id, error.refusal.message)


def parent_of(client_id: str) -> int | None:
    """The order whose fill a closing order was placed for."""
    if not client_id.startswith(PREFIX):
        return None
    return int(client_id.removeprefix(PREFIX).partition(".")[0])
