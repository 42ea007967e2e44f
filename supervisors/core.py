"""The restart logic as a pure state machine: `step(event, now_ns) -> effects`. One core for actors and processes.

An event only changes the goal: what each child should be. `plan.py` says what is done toward it.
"""

from typing import assert_never

from ..kernel.signals import GAVE_UP, IGNORED, is_clean
from .administration import Administration
from .effects import (
    Asked,
    Begin,
    ChildDown,
    ChildStarted,
    Effect,
    End,
    Event,
    Expired,
    KillChild,
    Stalled,
    Wake,
    WakeLater,
)
from .intensity import add_restart
from .reports import one_line
from .requests import Done, Refused
from .slot import Slot, should_restart
from .spec import ChildSpec


class SupervisorCore(Administration):
    """What becomes of children, and of failures."""

    def step(self, event: Event, now_ns: int) -> list[Effect]:
        """Take one event, return what must be done. What concerns a past incarnation, or comes after the end, means
        nothing; only requests are still answered."""
        self._now_ns, self._effects = now_ns, []
        if self.ended:
            if isinstance(event, Asked):
                self._answer(event.number, Refused("shutting_down"))
            return self._effects
        self._take(event)
        self._consider_auto_shutdown()
        self._advance()
        return self._effects

    def _take(self, event: Event) -> None:
        match event:
            case Begin(children):
                self._begin(children)
            case ChildStarted():
                self._started(event)
            case ChildDown():
                self._down(event)
            case Wake():
                self._wake(event)
            case Expired():
                self._expired(event)
            case Stalled():
                self._stalled(event)
            case Asked(number, request):
                self._asked(number, request)
            case End(reason):
                self._end(reason)
            case _:
                assert_never(event)

    def _begin(self, children: tuple[ChildSpec, ...]) -> None:
        for spec in children:
            slot = self.slots[spec.id] = Slot(spec, wanted=not spec.held_back, reason=one_line(spec.held_back))
            if spec.held_back:
                self._report("left_down", slot)

    # -- what becomes of a child --------------------------------------------------------------------------------------

    def _started(self, event: ChildStarted) -> None:
        slot = self.slots.get(event.id)
        if slot is None or slot.incarnation != event.incarnation or slot.phase != "starting":
            return
        slot.phase, slot.started_ns, slot.ticket = "running", self._now_ns, 0
        slot.trial = slot.added = False
        self._report("progress", slot)
        self._answer_all(slot.start_askers, Done(info=event.info))

    def _down(self, event: ChildDown) -> None:
        slot = self.slots.get(event.id)
        if slot is None or slot.incarnation != event.incarnation or not slot.alive:
            return
        if event.started:  # the word of its start may come after that of its end, or never
            self._started(ChildStarted(event.id, event.incarnation))
        was, fault = slot.phase, slot.fault
        slot.phase, slot.reason, slot.fault, slot.ticket = "down", fault or one_line(event.reason), "", 0
        self._touch(slot)
        if slot.bounce or not slot.wanted or (was == "stopping" and not fault):
            self._was_to_stop(slot, was == "stopping")
        elif was == "starting" and slot.reason == IGNORED:
            self._ignored(slot)
        elif was == "starting":
            self._failed_to_start(slot)
        elif should_restart(slot.spec.restart, slot.reason):
            self._failed(slot)
        else:
            self._is_done(slot)

    def _was_to_stop(self, slot: Slot, told: bool) -> None:
        if told and not slot.stopped_as_told(slot.reason):
            self._report("shutdown_error", slot)
        slot.bounce = False
        self._settle(slot)

    def _ignored(self, slot: Slot) -> None:
        """It had nothing to do: as good as started, but nobody is there."""
        slot.trial = slot.added = slot.wanted = False
        self._answer_all(slot.start_askers, Done(ignored=True))
        self._settle(slot)

    def _failed_to_start(self, slot: Slot) -> None:
        self._report("start_error", slot)
        if slot.trial:
            self._answer_all(slot.start_askers, Refused("failed", slot.reason))
            slot.trial = slot.wanted = False
            self._settle(slot)
        elif not self.ready and not slot.restarts:
            self._end(f"child {slot.spec.id!r} failed to start: {slot.reason}")
        elif (delay_s := self._bear(slot, 0)) is not None:
            self._wait(slot, delay_s, retried=True)  # at least one turn: whoever asked meanwhile is served first

    def _failed(self, slot: Slot) -> None:
        self._report("child_terminated", slot)
        delay_s = self._bear(slot, self._now_ns - slot.started_ns)
        if delay_s is None:
            return
        self._bounce_group(slot)
        if delay_s > 0:
            self._wait(slot, delay_s)

    def _is_done(self, slot: Slot) -> None:
        """It ended by itself, and does not come back."""
        if not is_clean(slot.reason):
            self._report("child_terminated", slot)
        slot.wanted = False
        self._settle(slot)
        self.significant_ended = self.significant_ended or slot.spec.significant

    # -- failures -----------------------------------------------------------------------------------------------------

    def _bear(self, slot: Slot, lived_ns: int) -> float | None:
        """Count a failure. The seconds to wait before the next attempt, or None where it is one too many."""
        if not self._within_budget(slot):
            return None
        restarts = add_restart(self.restarts_ns, self._now_ns, self.flags.period_s)
        if restarts > self.flags.intensity:
            self._give_up(slot, restarts, self.flags.intensity, self.flags.period_s)
            return None
        slot.failures = 1 if lived_ns >= self.flags.backoff.reset_s * 1e9 else slot.failures + 1
        slot.restarts += 1
        delay_s = self.flags.backoff.delay_s(slot.failures, self.jitter())
        self._report("restarting", slot, delay_s)
        return delay_s

    def _within_budget(self, slot: Slot) -> bool:
        budget = slot.spec.budget
        if budget is None:
            return True
        restarts = add_restart(slot.restarts_ns, self._now_ns, budget.period_s)
        if restarts <= budget.intensity:
            return True
        if budget.exhausted == "leave":
            self._report("left_down", slot)
            slot.wanted = False
            self._settle(slot)
        else:
            self._give_up(slot, restarts, budget.intensity, budget.period_s)
        return False

    def _give_up(self, slot: Slot, restarts: int, bound: int, period_s: float) -> None:
        self._report("gave_up", slot)
        self._end(
            f"{GAVE_UP}: {restarts} restarts within {period_s} s (bound {bound}), "
            f"last of {slot.spec.id!r}: {slot.reason}"
        )

    def _bounce_group(self, failed: Slot) -> None:
        """Everybody who comes back together with a failed child: the living stop first, the others are wanted again."""
        for other in self._group(failed):
            if other.phase in ("starting", "running"):
                other.bounce = True
                other.restarts += 1
            if other.phase != "stopping":  # a temporary child that is down has not had its only start yet
                other.wanted = other.spec.restart != "temporary" or (other.wanted and other.phase == "down")

    def _wait(self, slot: Slot, delay_s: float, *, retried: bool = False) -> None:
        slot.phase, slot.ticket, slot.retried = "waiting", next(self._tickets), retried
        self._effects.append(WakeLater(slot.spec.id, slot.ticket, delay_s))

    def _wake(self, event: Wake) -> None:
        slot = self.slots.get(event.id)
        if slot is not None and slot.phase == "waiting" and slot.ticket == event.ticket:
            slot.phase = "down"
            self._bounce_group(slot)
            self._touch(slot)

    def _expired(self, event: Expired) -> None:
        slot = self.slots.get(event.id)
        if slot is None or not slot.alive or slot.ticket != event.ticket:
            return
        if slot.phase == "starting":
            slot.fault = f"did not start within {slot.spec.start_limit_s:g} s"
        self._effects.append(KillChild(slot.spec.id, slot.incarnation))

    def _stalled(self, event: Stalled) -> None:
        slot = self.slots.get(event.id)
        if slot is None or slot.incarnation != event.incarnation or slot.phase != "running" or slot.must_stop:
            return
        slot.fault = event.reason
        self._report("stalled", slot)
        self._effects.append(KillChild(slot.spec.id, slot.incarnation))
