"""What a supervisor does next toward its goal: first everything that must stop stops, last started first; then
everything that should run starts, in order, each after the one before it serves."""

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from ..kernel.signals import SHUTDOWN
from .effects import Answered, Discard, Effect, Ended, KillChild, Ready, Reported, ReportKind, SpawnChild, StopChild
from .requests import Answer, Done, Refused
from .slot import Phase, Slot
from .spec import Flags


@dataclass
class Plan:
    """One supervisor's state. `jitter` draws in [0, 1)."""

    flags: Flags
    jitter: Callable[[], float]
    slots: dict[str, Slot] = field(default_factory=dict)
    ending: str = ""
    ended: bool = False
    ready: bool = False
    significant_ended: bool = False
    """One ended by itself, and what that means was not considered yet."""
    restarts_ns: deque[int] = field(default_factory=deque)
    _now_ns: int = 0
    _effects: list[Effect] = field(default_factory=list)
    _tickets: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def _group(self, failed: Slot) -> list[Slot]:
        slots = list(self.slots.values())
        match self.flags.strategy:
            case "one_for_one":
                return [failed]
            case "one_for_all":
                return slots
            case "rest_for_one":
                return slots[slots.index(failed) :]

    def _unwant(self, slot: Slot) -> None:
        slot.wanted = False
        self._touch(slot)
        if slot.phase == "waiting":
            slot.phase = "down"
        if slot.phase == "down":
            self._settle(slot)

    def _settle(self, slot: Slot) -> None:
        """It is down. Where it is to stay so nothing is kept for it, and whoever asked for that is told."""
        if not slot.wanted:
            if slot.spec.keep_mailbox:
                self._effects.append(Discard(slot.spec.id))
            if slot.spec.restart == "temporary" or slot.added:
                self.slots.pop(slot.spec.id, None)
            self._answer_all(slot.start_askers, Refused("failed", slot.reason or "it was stopped"))
        self._answer_all(slot.stop_askers, Done())

    def _end(self, reason: str) -> None:
        if not self.ending:
            self.ending = reason
            for slot in list(self.slots.values()):
                self._unwant(slot)
                if slot.phase == "stopping" and self.flags.parallel_stop_s is not None:
                    self._stop(slot)  # its own time may be longer than that for all

    def _touch(self, slot: Slot) -> None:
        """Note that something about a child may have to be done; here all are looked at anyway."""

    def _advance(self) -> None:
        """The next things to do toward the goal, or nothing while one is under way."""
        self._stop_next()
        if (self.ending or not self._independent) and self._any("stopping"):
            return
        if self.ending:
            self._finish()
            return
        self._start_next()
        if not self.ready and not self._any("starting") and not self._any("waiting"):
            self.ready = True
            self._effects.append(Ready())
            self._consider_auto_shutdown()
            if self.ending:
                self._advance()

    def _consider_auto_shutdown(self) -> None:
        """A significant child ended by itself; once all have started, that may be the end of all."""
        if not self.significant_ended or not self.ready or self.ending:
            return
        self.significant_ended = False
        match self.flags.auto_shutdown:
            case "any_significant":
                self._end(SHUTDOWN)
            case "all_significant":
                significant = [slot for slot in self.slots.values() if slot.spec.significant]
                if not any(slot.wanted or slot.phase != "down" for slot in significant):
                    self._end(SHUTDOWN)

    def _finish(self) -> None:
        self.ended = True
        self._effects.append(Ended(self.ending))

    def _any(self, phase: Phase) -> bool:
        return any(slot.phase == phase for slot in self.slots.values())

    @property
    def _independent(self) -> bool:
        """No child waits for another: each comes and goes by itself."""
        return self.ready and self.flags.strategy == "one_for_one"

    def _stop_next(self) -> None:
        """Stop what must not run: all at once where that is asked for or nobody minds, else last started first."""
        at_once = self.flags.parallel_stop_s is not None if self.ending else self._independent
        if not at_once and self._any("stopping"):
            return
        for slot in reversed(list(self.slots.values())):
            if slot.must_stop:
                self._stop(slot)
                if not at_once:
                    return

    def _stop(self, slot: Slot) -> None:
        slot.phase, slot.ticket = "stopping", next(self._tickets)
        total_s = self.flags.parallel_stop_s if self.ending and self.flags.parallel_stop_s is not None else inf
        timeout_s = min(slot.spec.shutdown_limit_s, total_s)
        if timeout_s == 0:
            self._effects.append(KillChild(slot.spec.id, slot.incarnation))
        else:
            self._effects.append(StopChild(slot.spec.id, slot.incarnation, slot.ticket, timeout_s))

    def _start_next(self) -> None:
        """Start what should run, in order; where children depend on earlier ones, those must serve first.

        Only what somebody asked for does not wait with the others for the next attempt of one that failed.
        """
        waits = self.flags.strategy == "one_for_all" and self._any("waiting")
        for slot in list(self.slots.values()):
            if slot.must_start and (not waits or slot.trial):
                self._start(slot)
            if not self._independent and slot.phase == "starting":
                return
            waits = waits or (not self._independent and slot.phase == "waiting")

    def _start(self, slot: Slot) -> None:
        slot.phase, slot.ticket, slot.incarnation = "starting", next(self._tickets), slot.incarnation + 1
        self._effects.append(
            SpawnChild(slot.spec, slot.incarnation, slot.ticket, slot.restarts, slot.reason, slot.spec.start_limit_s)
        )

    def _report(self, kind: ReportKind, slot: Slot, delay_s: float = 0.0) -> None:
        reason = "" if kind == "progress" else slot.fault or slot.reason
        self._effects.append(Reported(kind, slot.spec.id, slot.incarnation, reason, delay_s))

    def _answer(self, number: int, answer: Answer) -> None:
        self._effects.append(Answered(number, answer))

    def _answer_all(self, numbers: list[int], answer: Answer) -> None:
        for number in numbers:
            self._answer(number, answer)
        numbers.clear()
