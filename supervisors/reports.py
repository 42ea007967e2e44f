"""What nodes and supervisors say about themselves: the data behind status, console and metrics."""

from typing import Literal

import msgspec

State = Literal["starting", "running", "stalled", "restarting", "stopping", "stopped", "failed"]
"""`stalled`: alive, and held, stuck, or its useful output is overdue. `failed`: down for good after a failure, where
`stopped` is down as it should be."""


REASON_LIMIT = 4_000
"""Characters of a reason, the supervisors' own words on its way up included."""


def one_line(reason: str) -> str:
    """A reason as it is kept and reported, whatever a child had to say: one line, bounded."""
    reason = reason[:REASON_LIMIT]
    return reason if reason.isprintable() else "".join(each if each.isprintable() else " " for each in reason)


class Report(msgspec.Struct, frozen=True, gc=False, tag_field="t", tag=True, forbid_unknown_fields=True):
    """Base of every report: immutable, tagged with its own name."""


class ActorReport(Report, frozen=True, gc=False, omit_defaults=True):
    """One actor. `progress_age_s` is the time since its last useful output, None where it declares none.

    The numbers of messages are those of this incarnation: sent = handled + conflated + dropped + expired +
    dead_lettered + kept, and what still waits.
    """

    path: str
    state: State
    restarts: int
    incarnation: int
    progress_age_s: float | None
    mailbox: int
    reason: str = ""
    supervisor: bool = False
    strategy: str = ""
    runtime: str = ""
    """`cell` or `threads`; empty where nobody lives."""
    started_ns: int = 0
    """When it began to serve, on the host's monotonic clock; 0 where it does not, or has no supervisor."""
    sent: int = 0
    handled: int = 0
    conflated: int = 0
    dropped: int = 0
    expired: int = 0
    dead_lettered: int = 0
    kept: int = 0
    """Waiting for the next incarnation."""


class SupervisorReport(Report, frozen=True, gc=False):
    """One thing a supervisor did or saw: OTP's supervisor and progress reports, as data.

    `progress`: a child serves. `child_terminated`: it failed. `start_error`, `shutdown_error`: it did not start, or did
    not stop as told. `restarting`: it comes back after `delay_s`. `stalled`: it hung and was ended. `left_down`: its
    own budget is spent and the others go on. `gave_up`: the supervisor ends, one failure was too many.
    """

    kind: str
    supervisor: str
    child: str
    incarnation: int
    reason: str = ""
    delay_s: float = 0.0
    restart: str = ""
    child_type: str = "worker"

    @property
    def path(self) -> str:
        return f"{self.supervisor}/{self.child}"


class HistogramReport(Report, frozen=True, gc=False):
    """Counts per bucket; `bounds_s` are upper bounds, one fewer than `counts`, whose last bucket is unbounded."""

    bounds_s: tuple[float, ...]
    counts: tuple[int, ...]
    sum_s: float


class NodeBeat(Report, frozen=True, gc=False):
    """A node lives, and its loop turns."""

    node: str
    incarnation: int


class NodeReport(Report, frozen=True, gc=False):
    """One process and everything in it, counted since this incarnation began."""

    node: str
    pid: int
    incarnation: int
    sent_ns: int
    actors: tuple[ActorReport, ...]
    counters: dict[str, int] = {}
    gauges: dict[str, float] = {}
    histograms: dict[str, HistogramReport] = {}


class ProcessReport(Report, frozen=True, gc=False):
    """A node as its launcher sees it."""

    name: str
    pid: int
    state: State
    restarts: int
    incarnation: int
    reason: str = ""
    """Why it ended; of a running one, why the one before it did."""
    up_ms: float | None = None
    """From the last death to the new process's first words."""
    ready_ms: float | None = None
    """From the last death to working again."""


class SystemReport(Report, frozen=True, gc=False):
    """The launcher's view of all nodes, the fork server among them."""

    started_ns: int
    nodes: tuple[ProcessReport, ...]
