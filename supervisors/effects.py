"""What a supervisor's core hears and what it asks for."""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class ChildDown:
    id: str
    incarnation: int
    reason: str


@dataclass(frozen=True, slots=True)
class Wake:
    """The wait before a restart is over."""

    id: str
    incarnation: int


@dataclass(frozen=True, slots=True)
class Add:
    """Start one more child, after the others; one whose id is there already stays as it is."""

    spec: ChildSpec


@dataclass(frozen=True, slots=True)
class Terminate:
    """Stop a child and keep its specification."""

    id: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Forget a child that is not alive."""

    id: str


@dataclass(frozen=True, slots=True)
class End:
    """Stop everything, last started first."""

    reason: str


Event = Begin | ChildStarted | ChildDown | Wake | Add | Terminate | Remove | End

# -- effects ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartChild:
    """`reason` is why the incarnation before ended; empty for the first."""

    spec: ChildSpec
    incarnation: int
    restarts: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StopChild:
    """Ask it to stop; kill it when `timeout_s` has passed. A `ChildDown` follows in any case."""

    id: str
    incarnation: int
    timeout_s: float


@dataclass(frozen=True, slots=True)
class WakeLater:
    """Send `Wake` back after `delay_s`."""

    id: str
    incarnation: int
    delay_s: float


@dataclass(frozen=True, slots=True)
class Restarting:
    """For the record: a child failed and will come back."""

    id: str
    reason: str
    delay_s: float


@dataclass(frozen=True, slots=True)
class Ready:
    """Every child serves for the first time."""


@dataclass(frozen=True, slots=True)
class Ended:
    """No child is alive any more: the supervisor ends with this reason."""

    reason: str


Effect = StartChild | StopChild | WakeLater | Restarting | Ready | Ended
