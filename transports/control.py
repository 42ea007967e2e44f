"""Questions one may ask a node from outside, and their answers."""

from ..supervisors.reports import NodeReport, Report, SystemReport


class StatusAsked(Report, frozen=True, gc=False):
    """Asks a launcher for `StatusAnswered`."""


class StatusAnswered(Report, frozen=True, gc=False):
    """The launcher's view of its processes, and every node's latest word on itself."""

    system: SystemReport
    nodes: tuple[NodeReport, ...]


class StopAsked(Report, frozen=True, gc=False):
    """Asks a launcher to stop everything in order."""

    reason: str


class CrashAsked(Report, frozen=True, gc=False):
    """Asks a node's `outside` actor to end the actor at `path` as if it had failed, to see what follows."""

    path: str
    reason: str


class Acknowledged(Report, frozen=True, gc=False):
    """It will be done."""


class Failed(Report, frozen=True, gc=False):
    """The question could not be answered; the reason says why."""

    reason: str
