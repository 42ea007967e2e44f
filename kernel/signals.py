"""The kernel's own messages: how life and death are told."""

from dataclasses import dataclass

NORMAL = "normal"
SHUTDOWN = "shutdown"
KILLED = "killed"
GAVE_UP = "gave up"


def is_clean(reason: str) -> bool:
    """True where an end with this reason is no failure: the actor was done, or was told to stop."""
    return reason in (NORMAL, SHUTDOWN)


@dataclass(frozen=True, slots=True)
class Stop:
    """Please end, in good order."""

    reason: str = SHUTDOWN


@dataclass(frozen=True, slots=True)
class Started:
    """The actor's start hook succeeded, and it serves."""

    path: str
    incarnation: int


@dataclass(frozen=True, slots=True)
class Down:
    """The actor ended and everything it held is released; sent last, exactly once per incarnation.

    `started` is False where it ended before its start was acknowledged.
    """

    path: str
    incarnation: int
    reason: str
    started: bool = True


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message nobody handled, and why."""

    target: str
    message: object
    reason: str
