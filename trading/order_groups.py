"""Groups of orders as they stand: what was asked, what was sent, what came of it."""

from copy import copy
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from .group_events import SLOTS, GroupModified, Leg, OrderGroup, Slot
from .messages import ZERO, OrderRequested
from .order_states import CLOSED, OrderState

ATTEMPTS_KEPT = 8
"""Closed orders of a leg remembered, for late fills."""


PUT_BACK = "put back: "
"""Begins the id of a modification that undoes one whose order was refused."""


class Attempt(msgspec.Struct):
    """One order of a leg, from the request to risk on."""

    request: OrderRequested
    generation: int
    state: OrderState = OrderState.TRIGGERED
    client_id: str = ""
    filled: Decimal = ZERO
    received: Decimal = ZERO
    """Of the base currency, after a fee taken in it; negative where it was sold."""
    cancel_wanted: bool = False
    code: str = ""
    """Why it was refused or rejected."""
    trades: list[str] = []

    @property
    def open(self) -> bool:
        return self.state not in CLOSED

    @property
    def remaining(self) -> Decimal:
        return self.request.amount - self.filled if self.open else ZERO


class LegState(msgspec.Struct):
    """A leg as it is now, and its orders. `done` and `received` are of all of them, forgotten ones too."""

    leg: Leg
    generation: int = 0
    here: bool = False
    """Held here, though the venue could hold it."""
    triggered: bool = False
    again_ns: int = 0
    """Not set off before."""
    made: int = 0
    made_before: int = 0
    """Orders that were made before it was set off."""
    failed: int = 0
    """Orders refused or rejected since one was accepted."""
    failed_ns: int = 0
    rejected: int = 0
    """Of those, what the venue itself did not take."""
    done: Decimal = ZERO
    received: Decimal = ZERO
    attempts: dict[str, Attempt] = {}
    before: Leg | None = None
    """What it was before its last modification, until an order of that is accepted."""

    @property
    def opened(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts.values() if attempt.open]

    @property
    def live(self) -> Decimal:
        """What may still fill."""
        return sum((attempt.remaining for attempt in self.attempts.values()), ZERO)

    @property
    def last(self) -> Attempt | None:
        return next(reversed(self.attempts.values()), None)


class Group(msgspec.Struct):
    asked: OrderGroup
    at_ns: int
    legs: dict[Slot, LegState] = {}
    entry_off: bool = False
    exits_off: bool = False
    reason: str = ""
    modifies: list[str] = []

    @property
    def orders(self) -> list[Attempt]:
        """All that stand."""
        return [attempt for leg in self.legs.values() for attempt in leg.opened]


class ClosedGroup(msgspec.Struct, frozen=True):
    asked: OrderGroup
    reason: str


class Groups(msgspec.Struct):
    """All of an account, by id."""

    open: dict[str, Group] = {}
    closed: dict[str, ClosedGroup] = {}
    requests: dict[str, tuple[str, Slot]] = {}
    """Of open groups: whose a request is."""
    orders: dict[str, str] = {}
    """Of open groups: the request of an order, by client id."""

    def find(self, group_id: str) -> Group | ClosedGroup | None:
        return self.open.get(group_id) or self.closed.get(group_id)

    def copy(self) -> "Groups":
        """One that shares nothing that changes."""
        opened = {group_id: _copy_group(group) for group_id, group in self.open.items()}
        return Groups(opened, dict(self.closed), dict(self.requests), dict(self.orders))


def _copy_group(group: Group) -> Group:
    copied = copy(group)
    copied.legs = {slot: _copy_leg(state) for slot, state in group.legs.items()}
    copied.modifies = list(group.modifies)
    return copied


def _copy_leg(state: LegState) -> LegState:
    copied = copy(state)
    copied.attempts = {name: _copy_attempt(attempt) for name, attempt in state.attempts.items()}
    return copied


def _copy_attempt(attempt: Attempt) -> Attempt:
    copied = copy(attempt)
    copied.trades = list(attempt.trades)
    return copied


def request_id_of(group_id: str, slot: Slot, number: int, salt: str) -> str:
    """Written before it is said, so that what is said again after a crash is the same. `salt` is of the asker's life
    alone: where a power loss took the word of a request, the next one must not come under the same id."""
    return f"{group_id}.{slot}{number}-{salt}"


def parse_request_id(request_id: str) -> tuple[str, Slot, int] | None:
    """Whose a request is, and which of the leg's; None for what no group asked for."""
    group_id, _, tail = request_id.rpartition(".")
    name = tail.partition("-")[0]
    slot = next((each for each in SLOTS if name.startswith(each)), None)
    number = name.removeprefix(slot or "")
    return (group_id, slot, int(number)) if group_id and slot and number.isdecimal() else None


def slot_of(request_id: str) -> tuple[str, Slot] | None:
    """The group and the leg of a request; None for what no group asked for."""
    parsed = parse_request_id(request_id)
    return None if parsed is None else parsed[:2]


def changed(leg: Leg, event: GroupModified) -> Leg:
    """The leg as the modification makes it."""
    terms = leg.terms if event.stop_price is None else replace(leg.terms, stop_price=event.stop_price)
    amount = leg.amount if event.amount is None else event.amount
    return replace(leg, amount=amount, price=leg.price if event.price is None else event.price, terms=terms)
