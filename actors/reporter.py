"""Every node's reporter: how its actors are, in one message, to whoever keeps watch."""

import os
from collections.abc import Iterator
from typing import Any

from ..kernel.actor import Actor
from ..kernel.incarnation import Incarnation
from ..kernel.lifecycle import Phase
from ..kernel.metrics import BOUNDS_S, Histogram
from ..kernel.signals import IGNORED, is_clean
from ..kernel.system import System
from ..kernel.threads import ThreadActor
from ..supervisors.health import STUCK_AFTER_S
from ..supervisors.reports import ActorReport, HistogramReport, NodeBeat, NodeReport, State
from ..supervisors.slot import Slot
from ..supervisors.supervisor import SUPERVISION, Supervisor
from . import topics

LOOK_EVERY = 2
"""Of so many beats one looks at how everybody is, and reports where somebody's state is another than was reported."""
REPORT_EVERY = 4
"""Of so many beats one is a report, whatever it finds."""
SOON_S = 0.05
"""What changed is reported this much later, with all that changed meanwhile."""


class _BeatDue:
    pass


class _ReportDue:
    pass


class Reporter(Actor):
    """Says every `period_s` that the node lives, and how everybody is: now and then, and soon after something changed.
    What comes too late to matter is dropped on the way. The first receiver hears every beat, the others every look."""

    in_background = True

    def __init__(self, receivers: tuple[str, ...], period_s: float) -> None:
        self.receivers = receivers
        self.period_s = period_s
        self.progress_due_s = 4.0 * period_s + 1.0

    def start(self) -> None:
        self._observer = Observer(self.context.system)
        self._incarnation = int(self.context.ports.get("incarnation", 1))
        self._told: dict[str, State] = {}
        self._beats = 0
        self._soon = False
        for topic in (SUPERVISION, topics.RUNG, topics.SERVING):
            self.context.subscribe(topic)
        self.context.repeat(self.period_s, _BeatDue())
        self._tell()

    def receive(self, message: Any) -> Any:
        match message:
            case _BeatDue():
                self._beat()
            case _ReportDue():
                self._soon = False
                self._tell()
            case _ if not self._soon:
                self._soon = True
                self.context.schedule(SOON_S, _ReportDue())

    def overdue(self, age_s: float) -> None:
        """Whoever comes to this was held up by others on the same thread: it makes up for it."""
        self._tell()

    def stop(self, reason: str) -> None:
        self._tell()  # the last word: nothing counted is lost in an orderly end

    def _beat(self) -> None:
        self._beats += 1
        looks = self._beats % LOOK_EVERY == 0
        if self._beats % REPORT_EVERY == 0 or (looks and self._observer.changed(self._told)):
            self._tell()
            return
        beat = NodeBeat(self.context.system.node, self._incarnation)
        for path in self.receivers if looks else self.receivers[:1]:
            self.context.tell(path, beat, ttl_s=4 * self.period_s)
        self.context.progress()

    def _tell(self) -> None:
        report = self._report()
        self._told = {actor.path: actor.state for actor in report.actors}
        for path in self.receivers:
            self.context.tell(path, report, ttl_s=4 * self.period_s)
        self.context.progress()

    def _report(self) -> NodeReport:
        system = self.context.system
        return NodeReport(
            node=system.node,
            pid=os.getpid(),
            incarnation=self._incarnation,
            sent_ns=system.clock.now_ns(),
            actors=self._observer.actors(),
            counters=dict(system.metrics.counters),
            gauges={**system.metrics.gauges, **_kernel_gauges(system)},
            histograms={name: _bars(histogram) for name, histogram in system.metrics.histograms.items()},
        )


class Observer:
    """Describes everybody in one system. It remembers since when an actor has handled nothing."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._handled: dict[str, tuple[int, int, int]] = {}
        """By path: the incarnation, how much it had handled, and since when it is no more."""
        self._ranks: dict[str, int] = {}
        self._places: dict[str, list[tuple[int, str]]] = {}

    def actors(self) -> tuple[ActorReport, ...]:
        """Who lives, and who does not but has a supervisor that keeps a place for it; each supervisor before its
        children, in the order of their start."""
        now_ns, living, slots = self._look()
        reports = [self._describe(actor, slots.get(path), now_ns) for path, actor in living.items()]
        reports += [_describe_absent(path, slot) for path, slot in slots.items() if path not in living]
        ranks = {path: rank for rank, path in enumerate(slots)}
        if ranks != self._ranks:
            self._ranks, self._places = ranks, {}
        return tuple(sorted(reports, key=lambda report: self._place(report.path)))

    def changed(self, told: dict[str, State]) -> bool:
        """Whether the state of somebody who lives is another than was told; of who does not, supervisors tell."""
        now_ns = self._system.clock.monotonic_ns()
        return any(told.get(actor.path) != self._judge(actor, now_ns)[0] for actor in self._system.actors.values())

    def _look(self) -> tuple[int, dict[str, Incarnation], dict[str, Slot]]:
        living = {actor.path: actor for actor in self._system.actors.values()}
        if len(self._handled) > len(living):
            self._handled = {path: seen for path, seen in self._handled.items() if path in living}
        return self._system.clock.monotonic_ns(), living, dict(_slots(living.values()))

    def _place(self, path: str) -> list[tuple[int, str]]:
        place = self._places.get(path)
        if place is None:
            place = self._places[path] = _place(path, self._ranks)
        return place

    def _describe(self, actor: Incarnation, slot: Slot | None, now_ns: int) -> ActorReport:
        behaviour = actor.behaviour
        supervisor = behaviour if isinstance(behaviour, Supervisor) else None
        state, stall = self._judge(actor, now_ns)
        stopping = slot is not None and slot.phase == "stopping"
        due_s = None if behaviour is None else behaviour.progress_due_s
        reason = stall or _slowness(actor) or actor.context.restart_reason
        return ActorReport(
            path=actor.path,
            state="stopping" if stopping else state,
            restarts=actor.context.restarts,
            incarnation=actor.incarnation,
            progress_age_s=None if due_s is None else (now_ns - actor.context.progressed_ns) / 1e9,
            mailbox=len(actor.mailbox),
            reason=reason if supervisor is None else supervisor.core.ending or reason,
            supervisor=supervisor is not None,
            strategy="" if supervisor is None else supervisor.strategy,
            runtime="" if supervisor is not None else runtime_name(actor),
            started_ns=slot.started_ns if slot is not None and slot.phase in ("running", "stopping") else 0,
            sent=actor.sent,
            handled=actor.handled,
            conflated=actor.conflated,
            dropped=actor.dropped,
            expired=actor.expired,
            dead_lettered=actor.dead,
            kept=actor.kept,
        )

    def _judge(self, actor: Incarnation, now_ns: int) -> tuple[State, str]:
        """How it is, and why it counts as stalled where it does."""
        if actor.phase >= Phase.STOPPING:
            return "stopping", ""
        behaviour = actor.behaviour
        if isinstance(behaviour, Supervisor):
            return behaviour.state, ""
        stall = self._stall(actor, now_ns)
        return "stalled" if stall else "running" if actor.started else "starting", stall

    def _stall(self, actor: Incarnation, now_ns: int) -> str:
        """Why it counts as stalled; empty where it does not."""
        stuck_s = self._stuck_s(actor, now_ns)
        if actor.held:
            return "made to hang"
        if stuck_s > STUCK_AFTER_S:
            return f"handled nothing for {stuck_s:.1f} s with {len(actor.mailbox)} messages waiting"
        due_s = None if actor.behaviour is None else actor.behaviour.progress_due_s
        age_s = (now_ns - actor.context.progressed_ns) / 1e9
        if actor.started and due_s is not None and age_s > due_s:
            return f"no useful output for {age_s:.1f} s, due every {due_s:g} s"
        return ""

    def _stuck_s(self, actor: Incarnation, now_ns: int) -> float:
        """For how long it has had mail and handled none; one that may block is left alone, as its supervisor does."""
        incarnation, handled, since_ns = self._handled.get(actor.path, (0, 0, 0))
        if actor.mailbox.empty() or (incarnation, handled) != (actor.incarnation, actor.handled):
            self._handled[actor.path] = (actor.incarnation, actor.handled, now_ns)
            return 0.0
        may_block = actor.behaviour is not None and actor.behaviour.blocks
        return 0.0 if may_block else (now_ns - since_ns) / 1e9


def _slowness(actor: Incarnation) -> str:
    return f"made slow: {actor.delay_s:g} s a message" if actor.delay_s else ""


def _place(path: str, ranks: dict[str, int]) -> list[tuple[int, str]]:
    """What to sort by: at each level the rank among the supervisor's children, or the name where it has none."""
    names = path.split("/")
    above = ["/".join(names[:depth]) for depth in range(1, len(names) + 1)]
    return [(ranks.get(each, len(ranks)), name) for each, name in zip(above, names, strict=True)]


def runtime_name(actor: Incarnation) -> str:
    return "threads" if isinstance(actor, ThreadActor) else "cell"


def _slots(living: Any) -> Iterator[tuple[str, Slot]]:
    for actor in living:
        if isinstance(actor.behaviour, Supervisor):
            for name, slot in list(actor.behaviour.slots().items()):
                yield f"{actor.path}/{name}", slot


def _describe_absent(path: str, slot: Slot) -> ActorReport:
    return ActorReport(
        path=path,
        state=_absent_state(slot),
        restarts=slot.restarts,
        incarnation=slot.incarnation,
        progress_age_s=None,
        mailbox=0,
        reason=slot.reason,
        supervisor=slot.spec.is_supervisor,
    )


def _absent_state(slot: Slot) -> State:
    """`failed` where its supervisor left it down: nobody will start it again, and its last end was a failure."""
    if slot.wanted:
        return "restarting" if slot.incarnation else "starting"
    well = not slot.reason or slot.reason == IGNORED or is_clean(slot.reason) or slot.stopped_as_told(slot.reason)
    return "stopped" if well else "failed"


def _kernel_gauges(system: System) -> dict[str, float]:
    return {
        "threads_abandoned": float(len(system.threads.abandoned)),
        "retained_messages": float(len(system.retention)),
    }


def _bars(histogram: Histogram) -> HistogramReport:
    return HistogramReport(BOUNDS_S, tuple(histogram.counts), histogram.sum_s)
