"""The restart logic as a pure state machine: `step(event, now_ns) -> effects`. One core for actors and processes.

It moves toward a goal, one child at a time: first everything that must stop stops, last started first; then
everything that should run starts, in order, each after the one before it serves. A failure only changes the goal.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, assert_never

from ..kernel.signals import GAVE_UP, is_clean
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
from .intensity import add_restart
from .spec import ChildSpec, Flags, Restart

Phase = Literal["down", "starting", "running", "stopping", "waiting"]


@dataclass
class Slot:
    """One child: what it should be (`wanted`) and what it is (`phase`)."""

    spec: ChildSpec
    phase: Phase = "down"
    wanted: bool = True
    bounce: bool = False
    """Alive, and must stop before it starts again: its group restarts."""
    incarnation: int = 0
    restarts: int = 0
    failures: int = 0
    started_ns: int = 0
    reason: str = ""

    @property
    def alive(self) -> bool:
        return self.phase in ("starting", "running", "stopping")


@dataclass
class SupervisorCore:
    """One supervisor's state. `jitter` draws in [0, 1)."""

    flags: Flags
    jitter: Callable[[], float]
    slots: dict[str, Slot] = field(default_factory=dict)
    ending: str = ""
    ended: bool = False
    ready: bool = False
    restarts_ns: tuple[int, ...] = ()

    def step(self, event: Event, now_ns: int) -> list[Effect]:
        """Take one event, return what must be done. Events of a past incarnation, or after the end, are ignored."""
        effects: list[Effect] = []
        if self.ended:
            return effects
        match event:
            case Begin(children):
                self.slots = {spec.id: Slot(spec) for spec in children}
            case ChildStarted(child, incarnation):
                self._started(child, incarnation, now_ns)
            case ChildDown(child, incarnation, reason):
                effects += self._down(child, incarnation, reason, now_ns)
            case Wake(child, incarnation):
                self._wake(child, incarnation)
            case Add(spec):
                self._add(spec)
            case Terminate(child):
                self._unwant(child)
            case Remove(child):
                self._remove(child)
            case End(reason):
                self._end(reason)
            case _:
                assert_never(event)
        return effects + self._advance()

    def _started(self, child: str, incarnation: int, now_ns: int) -> None:
        slot = self.slots.get(child)
        if slot is not None and slot.incarnation == incarnation and slot.phase == "starting":
            slot.phase, slot.started_ns = "running", now_ns

    def _down(self, child: str, incarnation: int, reason: str, now_ns: int) -> list[Effect]:
        slot = self.slots.get(child)
        if slot is None or slot.incarnation != incarnation or not slot.alive:
            return []
        was, slot.phase, slot.reason = slot.phase, "down", reason
        if was == "stopping" or slot.bounce or not slot.wanted:  # it was to stop anyway: no failure of its own
            slot.bounce = False
            self._forget_temporary(slot)
            return []
        if not self.ready and was == "starting" and slot.restarts == 0:
            self._end(f"child {child!r} failed to start: {reason}")
            return []
        if not should_restart(slot.spec.restart, reason):
            slot.wanted = False
            self._forget_temporary(slot)
            return []
        return self._restart(slot, was, now_ns)

    def _restart(self, slot: Slot, was: Phase, now_ns: int) -> list[Effect]:
        """Count the failure, choose the group, wait if it keeps failing; or give up."""
        self.restarts_ns = add_restart(self.restarts_ns, now_ns, self.flags.period_s)
        if len(self.restarts_ns) > self.flags.intensity:
            self._end(
                f"{GAVE_UP}: {len(self.restarts_ns)} restarts within {self.flags.period_s} s "
                f"(bound {self.flags.intensity}), last of {slot.spec.id!r}: {slot.reason}"
            )
            return []
        lived_ns = now_ns - slot.started_ns if was == "running" else 0
        slot.failures = 1 if lived_ns >= self.flags.backoff.reset_s * 1e9 else slot.failures + 1
        for other in self._group(slot):
            other.restarts += 1
            other.bounce = other.phase in ("starting", "running")
            if other.spec.restart == "temporary" and other.alive:
                other.wanted = False
        delay_s = self.flags.backoff.delay_s(slot.failures, self.jitter())
        effects: list[Effect] = [Restarting(slot.spec.id, slot.reason, delay_s)]
        if delay_s > 0:
            slot.phase = "waiting"
            effects.append(WakeLater(slot.spec.id, slot.incarnation, delay_s))
        return effects

    def _group(self, failed: Slot) -> list[Slot]:
        """Who comes back together with a failed child: the failed one among them."""
        slots = list(self.slots.values())
        match self.flags.strategy:
            case "one_for_one":
                return [failed]
            case "one_for_all":
                return slots
            case "rest_for_one":
                return slots[slots.index(failed) :]

    def _wake(self, child: str, incarnation: int) -> None:
        slot = self.slots.get(child)
        if slot is not None and slot.phase == "waiting" and slot.incarnation == incarnation:
            slot.phase = "down"

    def _add(self, spec: ChildSpec) -> None:
        if not self.ending and spec.id not in self.slots:
            self.slots[spec.id] = Slot(spec)

    def _unwant(self, child: str) -> None:
        if slot := self.slots.get(child):
            slot.wanted = False
            slot.phase = "down" if slot.phase == "waiting" else slot.phase

    def _remove(self, child: str) -> None:
        slot = self.slots.get(child)
        if slot is not None and not slot.alive:
            del self.slots[child]

    def _forget_temporary(self, slot: Slot) -> None:
        if slot.spec.restart == "temporary" and not slot.wanted:
            self.slots.pop(slot.spec.id, None)

    def _end(self, reason: str) -> None:
        if not self.ending:
            self.ending = reason
            for child in self.slots:
                self._unwant(child)

    def _advance(self) -> list[Effect]:
        """The next thing to do toward the goal, or nothing while one is under way."""
        effects = self._stop_next()
        if self._stopping and (self.ending or not self._independent):
            return effects
        if self.ending:
            self.ended = True
            return [Ended(self.ending)]
        return effects + self._start_next()

    @property
    def _stopping(self) -> bool:
        return any(slot.phase == "stopping" for slot in self.slots.values())

    @property
    def _independent(self) -> bool:
        """No child waits for another: each comes and goes by itself."""
        return self.ready and self.flags.strategy == "one_for_one"

    def _stop_next(self) -> list[Effect]:
        """Stop what must not run, last started first, one at a time."""
        if self._stopping:
            return []
        for slot in reversed(self.slots.values()):
            if slot.phase in ("starting", "running") and (slot.bounce or not slot.wanted):
                slot.phase = "stopping"
                return [StopChild(slot.spec.id, slot.incarnation, slot.spec.shutdown_s)]
        return []

    def _start_next(self) -> list[Effect]:
        """Start what should run, in order; where children depend on earlier ones, those must serve first."""
        effects: list[Effect] = []
        for slot in self.slots.values():
            if slot.wanted and slot.phase == "down":
                slot.phase, slot.incarnation = "starting", slot.incarnation + 1
                effects.append(StartChild(slot.spec, slot.incarnation, slot.restarts, slot.reason))
            if not self._independent and slot.phase in ("starting", "waiting"):
                return effects
        if not self.ready and not effects:
            self.ready = True
            return [Ready()]
        return effects


def should_restart(restart: Restart, reason: str) -> bool:
    """OTP's table of reason and restart type."""
    match restart:
        case "permanent":
            return True
        case "transient":
            return not is_clean(reason)
        case "temporary":
            return False
