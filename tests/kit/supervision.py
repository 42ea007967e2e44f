"""A supervisor's core with imagined children: what it asks for is written down, checked and answered."""

from collections.abc import Iterable

from tradigrade.supervisors.backoff import Backoff
from tradigrade.supervisors.core import SupervisorCore
from tradigrade.supervisors.effects import (
    Answered,
    Asked,
    Begin,
    ChildDown,
    ChildStarted,
    Effect,
    End,
    Ended,
    Event,
    KillChild,
    Ready,
    Reported,
    SpawnChild,
    StopChild,
    Wake,
    WakeLater,
)
from tradigrade.supervisors.requests import Answer, Request
from tradigrade.supervisors.spec import ChildSpec, Flags, Restart, Strategy


def worker(name: str, restart: Restart = "permanent") -> ChildSpec:
    return ChildSpec(id=name, actor="nowhere:Nothing", restart=restart)


def eager_flags(
    strategy: Strategy = "one_for_one", intensity: int = 100, period_s: float = 10.0, min_s: float = 0.0
) -> Flags:
    """No wait before restarts unless `min_s` says so; no jitter."""
    return Flags(strategy, intensity, period_s, Backoff(min_s=min_s, max_s=1.0, jitter=0.0, reset_s=5.0))


class Play:
    """`trace` holds the effects as words, `alive` the incarnation of every living child.

    Children serve at once and stop at once, except those whose ids are in `hold`, which wait for `started` and `down`.
    """

    def __init__(self, flags: Flags, *children: ChildSpec, hold: Iterable[str] = ()) -> None:
        self.core = SupervisorCore(flags, jitter=lambda: 0.0)
        self.now_ns = 0
        self.hold = set(hold)
        self.alive: dict[str, int] = {}
        self.stopping: set[str] = set()
        self.wakes: list[WakeLater] = []
        self.answers: dict[int, Answer] = {}
        self.reports: list[Reported] = []
        self.ended = ""
        self._trace: list[str] = []
        self.questions = 0
        self.step(Begin(children))

    @property
    def trace(self) -> str:
        """What was asked for since this was last read."""
        words, self._trace = self._trace, []
        return ", ".join(words)

    def step(self, event: Event) -> None:
        events = [event]
        while events:
            for effect in self.core.step(events.pop(0), self.now_ns):
                events += self._perform(effect)

    def started(self, child: str) -> None:
        self.step(ChildStarted(child, self.alive[child]))

    def down(self, child: str, reason: str = "boom") -> None:
        self.stopping.discard(child)
        self.step(ChildDown(child, self.alive.pop(child), reason))

    def end(self, reason: str = "shutdown") -> None:
        self.step(End(reason))

    def ask(self, request: Request) -> Answer | None:
        """The answer, where there is one at once."""
        self.questions += 1
        self.step(Asked(self.questions, request))
        return self.answers.get(self.questions)

    def wake(self) -> None:
        """The oldest wait is over."""
        later = self.wakes.pop(0)
        self.step(Wake(later.id, later.ticket))

    def wait(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)

    def _perform(self, effect: Effect) -> list[Event]:
        match effect:
            case SpawnChild(spec, incarnation):
                return self._start(spec.id, incarnation)
            case StopChild(child, incarnation):
                return self._stop(child, incarnation)
            case KillChild(child, incarnation):
                return self._kill(child, incarnation)
            case Answered(number, answer):
                assert number not in self.answers, "a request is answered once"
                self.answers[number] = answer
            case WakeLater(child, _, delay_s):
                self.wakes.append(effect)
                self._trace.append(f"wait {child} {delay_s:g}")
            case Reported():
                self.reports.append(effect)
            case Ready():
                self._trace.append("ready")
            case Ended(reason):
                assert not self.ended, "a supervisor ends once"
                assert not self.alive, f"ended while {self.alive} live"
                self.ended = reason
                self._trace.append("ended")
        return []

    def _start(self, child: str, incarnation: int) -> list[Event]:
        assert child not in self.alive, f"{child!r} is alive already"
        self.alive[child] = incarnation
        self._trace.append(f"start {child}")
        return [] if child in self.hold else [ChildStarted(child, incarnation)]

    def _kill(self, child: str, incarnation: int) -> list[Event]:
        """Nobody holds out against this, but its end is heard later where it is held."""
        assert self.alive[child] == incarnation, f"{child!r} {incarnation} is not alive"
        self._trace.append(f"kill {child}")
        if child in self.hold:
            return []
        del self.alive[child]
        return [ChildDown(child, incarnation, "killed")]

    def _stop(self, child: str, incarnation: int) -> list[Event]:
        assert self.alive[child] == incarnation, f"{child!r} {incarnation} is not alive"
        flags = self.core.flags
        one_by_one = self.core.ending or flags.strategy != "one_for_one" or not self.core.ready
        one_by_one = one_by_one and flags.parallel_stop_s is None
        assert not (self.stopping and one_by_one), f"told to stop {child!r} while {self.stopping} still stop"
        self._trace.append(f"stop {child}")
        if child in self.hold:
            self.stopping.add(child)
            return []
        del self.alive[child]
        return [ChildDown(child, incarnation, "shutdown")]
