"""Questions one may ask a node from outside, and their answers."""

from typing import Literal

from ..supervisors.reports import ActorReport, NodeReport, Report, SystemReport

Action = Literal["kill", "hang", "crash", "slow"]


class StatusAsked(Report, frozen=True, gc=False):
    """Asks a launcher for `StatusAnswered`."""


class StatusAnswered(Report, frozen=True, gc=False):
    """The launcher's view of its processes, and every node's latest word on itself."""

    system: SystemReport
    nodes: tuple[NodeReport, ...]
    launcher: ActorReport
    """The launcher's own supervisor, whose children are the nodes."""


class StopAsked(Report, frozen=True, gc=False):
    """Asks a launcher to stop everything in order."""

    reason: str


class ChaosAsked(Report, frozen=True, gc=False):
    """Asks for a fault on purpose: of a node's `outside` actor for an actor of that node, of a launcher for a process.

    `kill` ends the target without a word, `crash` as if it had failed. `hang` holds it, and `slow` makes every message
    take `by_s` longer (a process is stopped and continued in turns of `by_s`), both until `for_s` is over.
    """

    action: Action
    path: str
    for_s: float | None = None
    by_s: float = 0.1


class Acknowledged(Report, frozen=True, gc=False):
    """It is done, or will be; where that means something, to which incarnation and when."""

    incarnation: int = 0
    at_ns: int = 0
    """On the monotonic clock, which all processes of a host share."""


class Failed(Report, frozen=True, gc=False):
    """The question could not be answered; the reason says why."""

    reason: str
