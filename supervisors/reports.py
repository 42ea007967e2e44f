"""What nodes and supervisors say about themselves: the data behind status, console and metrics."""

from typing import Literal

import msgspec

State = Literal["starting", "running", "stalled", "restarting", "stopping", "stopped", "failed"]
"""`stalled`: alive, and its useful output is overdue."""


class Report(msgspec.Struct, frozen=True, gc=False, tag_field="t", tag=True, forbid_unknown_fields=True):
    """Base of every report: immutable, tagged with its own name."""


class ActorReport(Report, frozen=True, gc=False):
    """One actor. `progress_age_s` is the time since its last useful output, None where it declares none."""

    path: str
    state: State
    restarts: int
    incarnation: int
    progress_age_s: float | None
    mailbox: int
    reason: str = ""
    supervisor: bool = False
    strategy: str = ""


class HistogramReport(Report, frozen=True, gc=False):
    """Counts per bucket; `bounds_s` are upper bounds, one fewer than `counts`, whose last bucket is unbounded."""

    bounds_s: tuple[float, ...]
    counts: tuple[int, ...]
    sum_s: float


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
