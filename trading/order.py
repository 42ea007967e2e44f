"""One order as the books know it."""

from dataclasses import dataclass
from decimal import Decimal

from .messages import ZERO
from .order_events import OrderIntended
from .order_states import CLOSED, OrderState


@dataclass
class Order:
    """What was intended, and what became of it so far."""

    intent: OrderIntended
    state: OrderState = OrderState.INTENDED
    filled: Decimal = ZERO
    venue_id: str = ""
    cancel_wanted: bool = False
    unknown_since_ns: int = 0
    reason: str = ""

    @property
    def open(self) -> bool:
        return self.state not in CLOSED

    @property
    def remaining(self) -> Decimal:
        """What may still fill; nothing once closed."""
        return self.intent.amount - self.filled if self.open else ZERO
