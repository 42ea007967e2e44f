"""The thin actor around the restart logic; children are started and stopped through a `Spawner`."""

import itertools
from dataclasses import replace
from math import isfinite
from typing import Any, Protocol, get_args

from ..kernel.actor import Actor
from ..kernel.causes import describe
from ..kernel.envelope import Reply
from ..kernel.loop import Timer
from ..kernel.mailbox import Lane
from ..kernel.signals import GAVE_UP, SHUTDOWN, Down, Started, Stop, is_clean
from .core import SupervisorCore
from .dynamic import DynamicCore
from .effects import (
    Answered,
    Asked,
    Begin,
    ChildDown,
    ChildStarted,
    Discard,
    Effect,
    End,
    Ended,
    Event,
    Expired,
    KillChild,
    Ready,
    Reported,
    SpawnChild,
    Stalled,
    StopChild,
    Wake,
    WakeLater,
)
from .health import Health
from .reports import ActorReport, State, SupervisorReport
from .requests import Refused, Request
from .slot import Slot
from .spec import ChildSpec, Flags
from .validation import request_faults

SUPERVISION = "supervision"
"""Topic on which every supervisor of a node publishes its `SupervisorReport`s."""
REQUESTS = frozenset(get_args(Request))
HEALTH_PERIOD_S = 0.5
COUNTERS = {"restarting": "restarts", "stalled": "stalled", "left_down": "left_down", "gave_up": "gave_up"}
"""What is counted of the reports, and under which name."""


class Spawner(Protocol):
    """How children of one kind come to life and end. Every `start` is answered by `ChildStarted` or `ChildDown`,
    every `stop` and `kill` by `ChildDown`, told to the supervisor's path."""

    def start(self, supervisor: Actor, start: SpawnChild) -> None: ...

    def stop(self, supervisor: Actor, child: str, reason: str) -> None: ...

    def kill(self, supervisor: Actor, child: str) -> None: ...

    def discard(self, supervisor: Actor, child: str) -> None:
        """It does not come back: let go of what is kept for it."""

    def check(self, supervisor: Actor, slot: Slot, health: Health) -> str:
        """Why a child that runs must be taken for hanging; empty where it is well."""


class _HealthDue:
    pass


class Supervisor(Actor):
    """Keeps its children running as their specifications and its flags say.

    It serves when all children serve. It never waits for a child: it answers requests (`requests.py`) while children
    stop or start. Told to stop, it stops its children first, last started first.
    """

    acknowledges_start = True
    defers_stop = True

    def __init__(self, spec: ChildSpec, spawner: Spawner) -> None:
        assert spec.is_supervisor, f"{spec.id!r} is not the specification of a supervisor"
        self.spec = spec
        self._spawner = spawner

    def start(self) -> None:
        self.core = self._make_core()
        self._pending: dict[int, Reply] = {}
        self._deadlines: dict[str, Timer] = {}
        self._numbers = itertools.count(1)
        self._health = Health()
        self.context.repeat(HEALTH_PERIOD_S, _HealthDue())
        self._step(Begin(self.spec.children))

    def receive(self, message: Any) -> Any:
        match message:
            case Started(path, incarnation, info):
                self._step(ChildStarted(path.rpartition("/")[2], incarnation, info))
            case Down(path, incarnation, reason, started) if not message.monitor:
                if not self._lives(path, incarnation):  # else somebody made it up
                    self._step(ChildDown(path.rpartition("/")[2], incarnation, reason, started))
            case Stop(reason):
                self._step(End(_clean(reason)))
            case Wake() if not message.deferred and self.context.defer(replace(message, deferred=True)):
                pass  # it comes again, behind everything that was asked before
            case ChildStarted() | ChildDown() | Wake() | Expired():
                self._step(message)
            case _HealthDue():
                self._check_health()
            case _ if type(message) in REQUESTS:
                return self._serve(message)
            case _:
                return Refused("invalid", f"a supervisor does not understand {type(message).__name__}")

    def stop(self, reason: str) -> None:
        """Children that are still alive end with their supervisor."""
        for name, slot in reversed(self.core.slots.items()):
            if slot.alive:
                self._spawner.kill(self, name)

    def report(self) -> ActorReport:
        """This supervisor as the console shows it."""
        return ActorReport(
            path=self.context.path,
            state=self.state,
            restarts=self.context.restarts,
            incarnation=self.context.incarnation,
            progress_age_s=None,
            mailbox=0,
            reason=self.core.ending or self.context.restart_reason,
            supervisor=True,
            strategy=self.strategy,
        )

    @property
    def state(self) -> State:
        return "stopping" if self.core.ending else "running" if self.core.ready else "starting"

    @property
    def strategy(self) -> str:
        return "dynamic" if isinstance(self.core, DynamicCore) else self.core.flags.strategy

    def _lives(self, path: str, incarnation: int) -> bool:
        """Whether this child is alive; one that has ended left its path before it was told of."""
        living = self.context.system.actors.get(path)
        return living is not None and (living.parent, living.incarnation) == (self.context.path, incarnation)

    def slots(self) -> dict[str, Slot]:
        return self.core.slots

    def _make_core(self) -> SupervisorCore:
        jitter = self.context.system.entropy.jitter
        if self.spec.dynamic is not None:
            return DynamicCore(self.spec.dynamic, jitter)
        return SupervisorCore(self.spec.flags or Flags(), jitter)

    # -- requests -----------------------------------------------------------------------------------------------------

    def _serve(self, request: Request) -> Any:
        """Answered at once, or by a reply when it is done; the asker's own time bounds its wait."""
        if (fault := next(request_faults(request, self.context.path, self.core.flags), None)) is not None:
            return Refused("invalid", str(fault))
        number, reply = next(self._numbers), Reply()
        self._pending[number] = reply
        self._step(Asked(number, request))
        return reply

    # -- effects ------------------------------------------------------------------------------------------------------

    def _step(self, event: Event) -> None:
        if self._is_over(event):
            self._no_longer_expires(event.id)  # type: ignore[union-attr]  # it is about a child
        for effect in self.core.step(event, self.context.system.clock.monotonic_ns()):
            self._perform(effect)

    def _is_over(self, event: Event) -> bool:
        """Whether what a child was given time for has come."""
        if not isinstance(event, (ChildStarted, ChildDown)):
            return False
        slot = self.core.slots.get(event.id)
        if slot is None or slot.incarnation != event.incarnation:
            return False
        return slot.phase == "starting" if isinstance(event, ChildStarted) else slot.alive

    def _perform(self, effect: Effect) -> None:
        match effect:
            case SpawnChild(spec, _, ticket):
                self._spawn(effect)
                self._expire(spec.id, ticket, effect.timeout_s)
            case StopChild(child, _, ticket, timeout_s):
                self._spawner.stop(self, child, self.core.ending if is_clean(self.core.ending) else "shutdown")
                self._expire(child, ticket, timeout_s)
            case KillChild(child):
                self._spawner.kill(self, child)
            case WakeLater(child, ticket, delay_s):
                self.context.schedule(delay_s, Wake(child, ticket))
            case Discard(child):
                self._spawner.discard(self, child)
            case Reported():
                self._report(effect)
            case Answered(number, answer):
                self._pending.pop(number).resolve(answer)
            case Ready():
                self.context.acknowledge()
            case Ended(reason):
                self.context.exit(reason if is_clean(reason) or reason.startswith(GAVE_UP) else f"{GAVE_UP}: {reason}")

    def _spawn(self, start: SpawnChild) -> None:
        """What cannot even be begun, since its path is taken or the host has no room, is a start that failed."""
        try:
            self._spawner.start(self, start)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the child's failure
            down = ChildDown(start.spec.id, start.incarnation, describe(error))
            self.context.system.tell(self.context.path, down, lane=Lane.SUPERVISION)

    def _expire(self, child: str, ticket: int, timeout_s: float) -> None:
        """Bound the wait that begins, in place of the one before."""
        self._no_longer_expires(child)
        if isfinite(timeout_s):
            self._deadlines[child] = self.context.schedule(timeout_s, Expired(child, ticket))

    def _no_longer_expires(self, child: str) -> None:
        if (timer := self._deadlines.pop(child, None)) is not None:
            timer.cancel()

    def _report(self, report: Reported) -> None:
        context = self.context
        if counter := COUNTERS.get(report.kind):
            context.system.metrics.count(counter)
        if not context.system.topics.subscribers(SUPERVISION):
            return
        slot = self.core.slots.get(report.id)
        context.publish(
            SUPERVISION,
            SupervisorReport(
                kind=report.kind,
                supervisor=context.path,
                child=report.id,
                incarnation=report.incarnation,
                reason=report.reason,
                delay_s=report.delay_s,
                restart=slot.spec.restart if slot is not None else "",
                child_type="supervisor" if slot is not None and slot.spec.is_supervisor else "worker",
            ),
        )

    def _check_health(self) -> None:
        for slot in self._health.due(self.core.slots, self.context.system.clock.monotonic_ns()):
            if slot.phase == "running" and (reason := self._spawner.check(self, slot, self._health)):
                self._step(Stalled(slot.spec.id, slot.incarnation, reason))


def _clean(reason: str) -> str:
    """Being told to stop is no failure, whatever is said of it."""
    return reason if is_clean(reason) else f"{SHUTDOWN}: {reason}" if reason else SHUTDOWN
