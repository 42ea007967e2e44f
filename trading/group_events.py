"""Orders that belong together: what is asked for, and what the journal holds of their life beside the orders' own."""

from decimal import Decimal
from typing import Literal

from .messages import PLAIN, Message, OrderRequested, OrderType, Side, Terms

GroupKind = Literal["single", "oto", "oco", "bracket", "flatten"]
"""`single` is one order. `oto`: an exit once the entry fills. `oco`: of two exits the first to come. `bracket`: an
entry, then both exits. `flatten`: sells what a strategy holds, once nothing else of it stands."""
Slot = Literal["entry", "exit", "alternative"]
"""What a leg is in its group. The `exit` rests at the venue; the `alternative` is held back and takes its place when
the market reaches it: one balance cannot back two orders."""
SLOTS: tuple[Slot, ...] = ("entry", "exit", "alternative")


class Leg(Message, frozen=True, gc=False, omit_defaults=True):
    """One order of a group. `amount` 0: all that the entry brought, or, of an entry, what `quote_amount` buys."""

    side: Side
    type: OrderType
    amount: Decimal = Decimal(0)
    price: Decimal | None = None
    terms: Terms = PLAIN


class OrderGroup(Message, frozen=True, gc=False, omit_defaults=True):
    """Orders asked for under one id, which is used once, ever: the same again is the same group."""

    group_id: str
    kind: GroupKind
    strategy: str
    symbol: str
    entry: Leg | None = None
    exit: Leg | None = None
    alternative: Leg | None = None
    cause: str = ""


class GroupAccepted(Message, frozen=True, gc=False):
    """From now on the group is worked, over every restart."""

    group: OrderGroup
    at_ns: int


class GroupModified(Message, frozen=True, gc=False):
    """A leg is to become another: what stands of it is cancelled, and what is left of it placed anew. None leaves a
    field as it is. `modify_id` is used once."""

    group_id: str
    modify_id: str
    slot: Slot
    amount: Decimal | None
    price: Decimal | None
    stop_price: Decimal | None
    at_ns: int


class GroupCancelWanted(Message, frozen=True, gc=False):
    """The entry is to end; with `exits`, all else of the group too."""

    group_id: str
    reason: str
    exits: bool
    at_ns: int


class LegTriggered(Message, frozen=True, gc=False):
    """The market reached, at `price`, what a leg held here waits for."""

    group_id: str
    slot: Slot
    price: Decimal
    at_ns: int


class LegHeld(Message, frozen=True, gc=False):
    """A leg is held here from now on, also one that the market had set off before: it may be set off again at
    `again_ns`."""

    group_id: str
    slot: Slot
    reason: str
    again_ns: int
    at_ns: int


class TrailMoved(Message, frozen=True, gc=False):
    """The stop price of a trailing stop that is held here followed the market."""

    group_id: str
    slot: Slot
    stop_price: Decimal
    at_ns: int


class GroupClosed(Message, frozen=True, gc=False):
    """Nothing of the group stands any more, and nothing will."""

    group_id: str
    reason: str
    at_ns: int


GroupEvent = GroupAccepted | GroupModified | GroupCancelWanted | LegTriggered | LegHeld | TrailMoved | GroupClosed
"""What the journal holds of groups; `OrderRequested` beside them, before it is sent to risk."""

GroupRecord = GroupEvent | OrderRequested
