"""The kernel's own messages: how life and death are told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

NORMAL = "normal"
SHUTDOWN = "shutdown"
KILLED = "killed"
GAVE_UP = "gave up"
IGNORED = "ignored"
NOBODY = "nobody lives there"


def is_clean(reason: str) -> bool:
    """True where an end with this reason is no failure: the actor was done, or was told to stop.

    `shutdown: anything` is a clean end that says more.
    """
    return reason in (NORMAL, SHUTDOWN) or reason.startswith(f"{SHUTDOWN}: ")


@dataclass(frozen=True, slots=True)
class Stop:
    """Please end, in good order."""

    reason: str = SHUTDOWN


@dataclass(frozen=True, slots=True)
class Crash:
    """End as if handling a message had raised."""

    reason: str


@dataclass(frozen=True, slots=True)
class Overdue:
    """Useful output is overdue: it is `age_s` old, and due every `due_s`."""

    age_s: float
    due_s: float


@dataclass(frozen=True, slots=True)
class Call:
    """A turn of an actor for a callback of its own: the answer to something it asked."""

    callback: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Started:
    """The actor's start hook succeeded, and it serves. `info` is what the hook returned."""

    path: str
    incarnation: int
    info: Any = None


@dataclass(frozen=True, slots=True)
class Down:
    """The actor ended and everything it held is released; sent last, exactly once per incarnation and listener.

    `started` is False where it ended before its start was acknowledged. `monitor` is the number of the monitor that
    this answers, 0 for the parent's own.
    """

    path: str
    incarnation: int
    reason: str
    started: bool = True
    monitor: int = 0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message nobody handled, and why."""

    target: str
    message: object
    reason: str
