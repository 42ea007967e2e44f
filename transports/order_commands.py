"""What people ask of a trader's orders, and what it answers. Each may be said again: its id is used once."""

from decimal import Decimal

from ..supervisors.reports import Report
from ..trading.group_events import OrderGroup


class PlaceOrders(Report, frozen=True, gc=False):
    """Asks for `OrderAnswered` once it is known what became of it, or after a moment; or for `OrderFault`."""

    group: OrderGroup


class ModifyOrder(Report, frozen=True, gc=False):
    """Make a leg of a group another: what stands of it is cancelled, and what is left placed anew. None leaves as it
    is; an empty leg is the entry, where there is one."""

    order_id: str
    modify_id: str
    leg: str = ""
    amount: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None


class CancelOrder(Report, frozen=True, gc=False):
    """All that stands of a group, or one order by its client id."""

    order_id: str
    reason: str = "by hand"


class CancelAllOrders(Report, frozen=True, gc=False):
    """Every order, on one symbol or on all; what guards a position stays unless `stops`."""

    symbol: str = ""
    stops: bool = False
    reason: str = "by hand"


class FlattenPositions(Report, frozen=True, gc=False):
    """Cancel every order and sell what is held, of one strategy and symbol or of all (empty)."""

    command_id: str
    symbol: str = ""
    strategy: str = ""


REFUSED = "refused"
"""The state of an order that risk or the venue did not take; `detail` is the code."""


class OrderAnswered(Report, frozen=True, gc=False):
    """`ids`: the groups or orders that it concerned; `state` in one word, `detail` in more."""

    ids: tuple[str, ...]
    state: str
    filled: Decimal = Decimal(0)
    detail: str = ""


class OrderFault(Report, frozen=True, gc=False):
    """Nothing was done, and nothing written: what was wrong, where, what was expected there and what was found."""

    code: str
    field: str
    expected: str
    found: str
