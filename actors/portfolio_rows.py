"""The rows that the trader shows, and which of them are new since the last whole snapshot."""

from collections import deque
from dataclasses import dataclass, field

from msgspec.structs import replace

from ..trading.messages import OrderRefused, RungChanged
from ..trading.order import Order
from ..trading.order_events import OrderFilled
from ..trading.views import Curve, FillView, LearningView, OrderView, RefusalView, StandingView

NEWEST_POINTS = 8


@dataclass
class Changes:
    """What is new since the whole snapshot of `since_ns`; of rows that only ever come, how many."""

    since_ns: int
    orders: dict[str, None] = field(default_factory=dict)
    """By client id, the latest changed last."""
    scopes: dict[str, None] = field(default_factory=dict)
    fills: int = 0
    refusals: int = 0
    moves: int = 0
    alerts: int = 0

    def note_order(self, client_id: str) -> None:
        self.orders.pop(client_id, None)
        self.orders[client_id] = None


def shorten(learning: LearningView) -> LearningView:
    return replace(learning, curve=learning.curve[-NEWEST_POINTS:])


def newest(curve: deque[tuple[int, float]]) -> Curve:
    return tuple(curve[place] for place in range(max(-len(curve), -NEWEST_POINTS), 0))


def standing_view(standing: RungChanged) -> StandingView:
    return StandingView(standing.scope, standing.rung, standing.reason, standing.since_ns)


def refusal_view(refusal: OrderRefused) -> RefusalView:
    return RefusalView(refusal.strategy, refusal.symbol, refusal.code, refusal.numbers, refusal.at_ns)


def fill_view(fill: OrderFilled) -> FillView:
    return FillView(
        fill.client_id,
        fill.symbol,
        fill.side,
        fill.price,
        fill.amount,
        fill.fee,
        fill.fee_currency,
        fill.at_ns,
    )


def order_view(order: Order) -> OrderView:
    intent = order.intent
    return OrderView(
        intent.client_id,
        intent.strategy,
        intent.symbol,
        intent.side,
        intent.type,
        intent.amount,
        intent.price,
        order.filled,
        order.state.value,
        intent.at_ns,
    )
