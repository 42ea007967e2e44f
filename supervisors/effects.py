"""What a supervisor's core hears and what it asks for."""

from dataclasses import dataclass
from typing import Any, Literal

from . import requests
from .spec import ChildSpec

# -- events -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Begin:
    """Start these children, in order; the first that fails ends the supervisor."""

    children: tuple[ChildSpec, ...]


@dataclass(frozen=True, slots=True)
class ChildStarted:
    id: str
    incarnation: int
    info: Any = None


@dataclass(frozen=True, slots=True)
class ChildDown:
    """`started`: it had served, whether that was heard or not."""

    id: str
    incarnation: int
    reason: str
    started: bool = False


@dataclass(frozen=True, slots=True)
class Wake:
    """The wait before a restart is over."""

    id: str
    ticket: int
    deferred: bool = False
    """It has waited behind everything that was asked before it."""


@dataclass(frozen=True, slots=True)
class Expired:
    """The time a child had to start, or to stop, is over."""

    id: str
    ticket: int


@dataclass(frozen=True, slots=True)
class Stalled:
    """A child does nothing useful any more, and does not answer for it."""

    id: str
    incarnation: int
    reason: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asked; an `Answered` with the same number follows, at once or when it is done."""

    number: int
    request: requests.Request


@dataclass(frozen=True, slots=True)
class End:
    """Stop everything, last started first."""

    reason: str


ReportKind = Literal[
    "progress", "child_terminated", "start_error", "shutdown_error", "restarting", "stalled", "left_down", "gave_up"
]

Event = Begin | ChildStarted | ChildDown | Wake | Expired | Stalled | Asked | End

# -- effects ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpawnChild:
    """Bring it to life; `Expired` after `timeout_s`. `reason` is why the incarnation before ended."""

    spec: ChildSpec
    incarnation: int
    ticket: int
    restarts: int
    reason: str
    timeout_s: float


@dataclass(frozen=True, slots=True)
class StopChild:
    """Ask it to stop; `Expired` after `timeout_s`. A `ChildDown` follows in any case."""

    id: str
    incarnation: int
    ticket: int
    timeout_s: float


@dataclass(frozen=True, slots=True)
class KillChild:
    """End it now. A `ChildDown` follows."""

    id: str
    incarnation: int


@dataclass(frozen=True, slots=True)
class WakeLater:
    """Send `Wake` back after `delay_s`, and after everything that was asked before."""

    id: str
    ticket: int
    delay_s: float


@dataclass(frozen=True, slots=True)
class Discard:
    """It does not come back: nothing needs to be kept for it."""

    id: str


@dataclass(frozen=True, slots=True)
class Reported:
    """For the record."""

    kind: ReportKind
    id: str
    incarnation: int
    reason: str = ""
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Answered:
    number: int
    answer: requests.Answer


@dataclass(frozen=True, slots=True)
class Ready:
    """Every child serves for the first time."""


@dataclass(frozen=True, slots=True)
class Ended:
    """No child is alive any more: the supervisor ends with this reason."""

    reason: str


Effect = SpawnChild | StopChild | KillChild | WakeLater | Discard | Reported | Answered | Ready | Ended
