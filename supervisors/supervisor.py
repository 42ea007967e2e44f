"""The thin actor around the restart logic; children are started and stopped through a `Spawner`."""

from collections.abc import Callable
from typing import Any, Protocol

from ..kernel.actor import Actor
from ..kernel.signals import GAVE_UP, SHUTDOWN, Down, Started
from .core import Slot, SupervisorCore
from .effects import (
    Add,
    Begin,
    ChildDown,
    ChildStarted,
    Effect,
    End,
    Ended,
    Event,
    Ready,
    Remove,
    Restarting,
    StartChild,
    StopChild,
    Terminate,
    Wake,
    WakeLater,
)
from .reports import ActorReport, State
from .spec import ChildSpec


class Spawner(Protocol):
    """How children of one kind come to life and end. Every start is answered by `ChildStarted` or `ChildDown`,
    every `stop` and `kill` by `ChildDown`, told to the supervisor's path."""

    def start(self, supervisor: Actor, start: StartChild) -> None: ...

    def stop(self, supervisor: Actor, child: str, reason: str) -> None: ...

    def kill(self, supervisor: Actor, child: str) -> None: ...


class GaveUp(Exception):
    """More failures than this supervisor bears, or a child that cannot start: its own supervisor decides."""


class _Deadline:
    """A child was given until now to stop."""

    def __init__(self, slot: Slot) -> None:
        self.slot = slot
        self.incarnation = slot.incarnation


class Supervisor(Actor):
    """Keeps its children running as their specifications and its flags say.

    It serves when all children serve. It never waits for a child: it stays answerable while children stop or start.
    Told to stop, it stops its children first, last started first; `ended` is called when none is left.
    """

    acknowledges_start = True

    def __init__(self, spec: ChildSpec, spawner: Spawner, ended: Callable[[str], None] | None = None) -> None:
        assert spec.flags is not None, f"{spec.id!r} is not the specification of a supervisor"
        self.spec = spec
        self.flags = spec.flags
        self._spawner = spawner
        self._ended = ended

    def start(self) -> None:
        self.core = SupervisorCore(self.flags, self.context.system.entropy.jitter)
        self._step(Begin(self.spec.children))

    def receive(self, message: Any) -> Any:
        match message:
            case Started(path, incarnation):
                self._step(ChildStarted(path.rpartition("/")[2], incarnation))
            case Down(path, incarnation, reason):
                self._step(ChildDown(path.rpartition("/")[2], incarnation, reason))
            case ChildStarted() | ChildDown() | Wake() | Add() | Terminate() | Remove() | End():
                self._step(message)
            case _Deadline(slot=slot, incarnation=incarnation):
                if slot.phase == "stopping" and slot.incarnation == incarnation:
                    self._spawner.kill(self, slot.spec.id)

    def stop(self, reason: str) -> None:
        """Children that are still alive end with their supervisor."""
        self.kill_children()

    def kill_children(self) -> None:
        """End every child now, last started first."""
        for name, slot in reversed(self.core.slots.items()):
            if slot.alive:
                self._spawner.kill(self, name)

    def report(self) -> ActorReport:
        """This supervisor as the console shows it."""
        state: State = "stopping" if self.core.ending else "running" if self.core.ready else "starting"
        return ActorReport(
            path=self.context.path,
            state=state,
            restarts=self.context.restarts,
            incarnation=self.context.incarnation,
            progress_age_s=None,
            mailbox=0,
            reason=self.core.ending or self.context.restart_reason,
            supervisor=True,
            strategy=self.flags.strategy,
        )

    def slots(self) -> dict[str, Slot]:
        return self.core.slots

    def _step(self, event: Event) -> None:
        for effect in self.core.step(event, self.context.system.clock.monotonic_ns()):
            self._perform(effect)

    def _perform(self, effect: Effect) -> None:
        match effect:
            case StartChild():
                self._spawner.start(self, effect)
            case StopChild(child, _, timeout_s):
                self._stop_child(self.core.slots[child], timeout_s)
            case WakeLater(child, incarnation, delay_s):
                self.context.schedule(delay_s, Wake(child, incarnation))
            case Restarting():
                self.context.system.metrics.count("restarts")
                self.context.publish("supervision", effect)
            case Ready():
                self.context.acknowledge()
            case Ended(reason):
                self._finish(reason)

    def _stop_child(self, slot: Slot, timeout_s: float) -> None:
        if timeout_s == 0:
            self._spawner.kill(self, slot.spec.id)
            return
        self._spawner.stop(self, slot.spec.id, SHUTDOWN)
        self.context.schedule(timeout_s, _Deadline(slot))

    def _finish(self, reason: str) -> None:
        if self._ended is not None:
            self._ended(reason)
        if reason == SHUTDOWN:
            self.context.system.stop(self.context.path, reason)
        else:
            raise GaveUp(reason if reason.startswith(GAVE_UP) else f"{GAVE_UP}: {reason}")
