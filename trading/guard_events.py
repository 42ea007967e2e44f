"""What the guard hears and does: the events and effects of `guard.py`, and the words of its venue session."""

from enum import IntEnum
from typing import NamedTuple

import msgspec


class GuardState(IntEnum):
    WATCHING = 0
    GRACE = 1
    """Halted: the executor cancels by itself."""
    LOOKING = 2
    CONTENT = 3
    """Nothing to cancel is open, and the executor was left in place."""
    FENCING = 4
    CANCELLING = 5
    DONE = 6
    """Fenced, and nothing to cancel is open or can still arrive."""


class OpenOrder(msgspec.Struct, frozen=True):
    """As the venue shows it: `symbol` and `type` in the venue's own spelling."""

    symbol: str
    venue_id: str
    client_id: str
    type: str


# -- what is heard ----------------------------------------------------------------------------------------------------


class HaltRead(NamedTuple):
    """The latch as it is now: why the system is halted, or nothing where it is not. Comes about ten times a second."""

    reason: str


class Fenced(NamedTuple):
    """The lease is ours: the executor sends nothing any more."""


class FenceFailed(NamedTuple):
    reason: str


class FenceLost(NamedTuple):
    """The lease is no longer ours."""


class OpenOrdersSeen(msgspec.Struct, frozen=True):
    """All open orders of the account; `number` is that of the look."""

    number: int
    orders: tuple[OpenOrder, ...]


class CancelDone(msgspec.Struct, frozen=True):
    """The venue says that the order is not open any more."""

    venue_id: str


class GuardFailed(msgspec.Struct, frozen=True):
    """A look (`number`) or a cancel (`venue_id`) came to nothing; the venue may say when to come again."""

    reason: str
    number: int = 0
    venue_id: str = ""
    retry_s: float = 0.0


GuardWord = OpenOrdersSeen | CancelDone | GuardFailed
Event = HaltRead | Fenced | FenceFailed | FenceLost | GuardWord


# -- what is done -----------------------------------------------------------------------------------------------------


class Look(NamedTuple):
    number: int


class Fence(NamedTuple):
    """Take the lease, whoever holds it; answered at once by `Fenced` or `FenceFailed`."""


class Cancel(NamedTuple):
    order: OpenOrder


class GiveBack(NamedTuple):
    """Let the lease go: the halt is over."""


class Tell(NamedTuple):
    """A move to another state, or a failure in this one, with its reason."""

    state: GuardState
    reason: str


Effect = Look | Fence | Cancel | GiveBack | Tell
