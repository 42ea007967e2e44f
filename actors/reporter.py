"""Every node's reporter: how its actors are, in one message, to whoever keeps watch."""

import os
from collections.abc import Iterator
from typing import Any

from ..kernel.actor import Actor
from ..kernel.cell import CellActor
from ..kernel.metrics import BOUNDS_S, Histogram
from ..kernel.system import System
from ..supervisors.core import Slot
from ..supervisors.reports import ActorReport, HistogramReport, NodeReport, State
from ..supervisors.supervisor import Supervisor


class _ReportDue:
    pass


class Reporter(Actor):
    """Tells a `NodeReport` every `period_s`; one that comes too late to matter is dropped on the way."""

    def __init__(self, receivers: tuple[str, ...], period_s: float) -> None:
        self.receivers = receivers
        self.period_s = period_s

    def start(self) -> None:
        self.context.repeat(self.period_s, _ReportDue())

    def receive(self, message: Any) -> Any:
        self._tell()

    def stop(self, reason: str) -> None:
        self._tell()  # the last word: nothing counted is lost in an orderly end

    def _tell(self) -> None:
        report = self._report()
        for path in self.receivers:
            self.context.tell(path, report, ttl_s=4 * self.period_s)

    def _report(self) -> NodeReport:
        system = self.context.system
        now_ns = system.clock.monotonic_ns()
        return NodeReport(
            node=system.node,
            pid=os.getpid(),
            incarnation=int(system.ports.get("incarnation", 1)),
            sent_ns=system.clock.now_ns(),
            actors=tuple(sorted(_everyone(system, now_ns), key=lambda report: report.path)),
            counters=dict(system.metrics.counters),
            gauges=dict(system.metrics.gauges),
            histograms={name: _bars(histogram) for name, histogram in system.metrics.histograms.items()},
        )


def _everyone(system: System, now_ns: int) -> Iterator[ActorReport]:
    """Who lives, and who does not but has a supervisor that keeps a place for it."""
    for actor in system.actors.values():
        yield _describe(actor, now_ns)
        if isinstance(actor.behaviour, Supervisor):
            for name, slot in actor.behaviour.slots().items():
                if f"{actor.path}/{name}" not in system.actors:
                    yield _describe_absent(f"{actor.path}/{name}", slot)


def _describe_absent(path: str, slot: Slot) -> ActorReport:
    return ActorReport(
        path=path,
        state="restarting" if slot.wanted else "stopped",
        restarts=slot.restarts,
        incarnation=slot.incarnation,
        progress_age_s=None,
        mailbox=0,
        reason=slot.reason,
        supervisor=slot.spec.is_supervisor,
    )


def _describe(actor: CellActor, now_ns: int) -> ActorReport:
    behaviour = actor.behaviour
    if isinstance(behaviour, Supervisor):
        return behaviour.report()
    due_s = None if behaviour is None else behaviour.progress_due_s
    age_s = None if due_s is None else (now_ns - actor.context.progressed_ns) / 1e9
    stalled = age_s is not None and due_s is not None and age_s > due_s
    state: State = "starting" if not actor.started else "stalled" if stalled else "running"
    return ActorReport(
        path=actor.path,
        state=state,
        restarts=actor.context.restarts,
        incarnation=actor.incarnation,
        progress_age_s=age_s,
        mailbox=len(actor.mailbox),
        reason=actor.context.restart_reason,
    )


def _bars(histogram: Histogram) -> HistogramReport:
    return HistogramReport(BOUNDS_S, tuple(histogram.counts), histogram.sum_s)
