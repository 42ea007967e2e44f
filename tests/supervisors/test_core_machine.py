"""Any sequence of events, against what a supervisor must never do."""

from typing import Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.kit.supervision import Play, eager_flags, worker
from tradigrade.supervisors.effects import (
    Answered,
    Asked,
    ChildDown,
    ChildStarted,
    Effect,
    Event,
    Expired,
    Reported,
    SpawnChild,
    Stalled,
    StopChild,
)
from tradigrade.supervisors.requests import (
    Children,
    CountChildren,
    Counts,
    DeleteChild,
    Reconfigure,
    Refused,
    RestartChild,
    StartChild,
    TerminateChild,
    WhichChild,
    WhichChildren,
)
from tradigrade.supervisors.spec import Restart, Strategy

NAMES = "abcde"
INTENSITY, PERIOD_S = 3, 10.0
RESTARTS: tuple[Restart, ...] = ("permanent", "transient", "temporary")
REASONS = st.sampled_from(["normal", "shutdown", "boom"])


class CheckedPlay(Play):
    """Nothing is answered by itself, and every effect is held against the rules."""

    def step(self, event: Event) -> None:
        match event:
            case Asked(_, StartChild(spec)) if spec.id not in self.core.slots:
                self.begun_temporary.discard(spec.id)
            case Asked(_, RestartChild(child)):  # somebody wants it once more, whatever it is
                self.begun_temporary.discard(child)
        effects = self.core.step(event, self.now_ns)
        asked = [effect for effect in effects if isinstance(effect, (Answered, Reported))]
        assert len(effects) - len(asked) <= len(self.core.slots) + 3, "a step asks for a bounded number of things"
        for effect in effects:
            self._check(effect)
            self._perform(effect)

    def __init__(self, strategy: Strategy, restarts: list[Restart]) -> None:
        self.strategy = strategy
        self.begun_temporary: set[str] = set()
        self.serving: set[str] = set()
        self.restarted_ns: list[int] = []
        children = [worker(name, restart) for name, restart in zip(NAMES, restarts, strict=False)]
        flags = eager_flags(strategy, INTENSITY, PERIOD_S, min_s=0.25)
        super().__init__(flags, *children, hold=NAMES)

    def _check(self, effect: Effect) -> None:
        assert not self.ended or isinstance(effect, Answered), f"{effect} after the end"
        match effect:
            case SpawnChild(spec):
                self._check_start(spec.id, spec.restart)
            case StopChild(child):
                self._check_stop(child)
            case Reported(kind="restarting"):
                self.restarted_ns = [at for at in self.restarted_ns if self.now_ns - at <= PERIOD_S * 1e9]
                self.restarted_ns.append(self.now_ns)
                assert len(self.restarted_ns) <= INTENSITY, "more restarts in a period than are borne"

    def _check_start(self, child: str, restart: Restart) -> None:
        assert not self.core.ending, "nothing starts while the supervisor ends"
        if restart == "temporary":
            assert child not in self.begun_temporary, "a temporary child comes back never"
            self.begun_temporary.add(child)
        if self.strategy != "one_for_one" or not self.core.ready:
            waiting = [name for name in self._before(child) if self._must_serve(name, child)]
            assert set(waiting) <= self.serving & set(self.alive), f"{child!r} starts before {waiting} serve"

    def _check_stop(self, child: str) -> None:
        assert child not in self.stopping
        if self.core.ending:
            order = list(self.core.slots)
            left = self.alive.keys() - self.stopping
            assert child == max(left, key=order.index), "last started, first stopped"

    def _must_serve(self, name: str, child: str) -> bool:
        """Whoever asks for a child does not wait for one that was tried and failed."""
        slot = self.core.slots[name]
        return slot.wanted and not (self.core.slots[child].trial and slot.phase in ("waiting", "down"))

    def _before(self, child: str) -> list[str]:
        order = list(self.core.slots)
        return order[: order.index(child)]


class SupervisorMachine(RuleBasedStateMachine):
    play: CheckedPlay

    @initialize(
        strategy=st.sampled_from(["one_for_one", "one_for_all", "rest_for_one"]),
        restarts=st.lists(st.sampled_from(RESTARTS), max_size=4),
    )
    def begin(self, strategy: Literal["one_for_one", "one_for_all", "rest_for_one"], restarts: list[Restart]) -> None:
        self.play = CheckedPlay(strategy, restarts)

    @precondition(lambda self: set(self.play.alive) - self.play.stopping)
    @rule(data=st.data())
    def child_serves(self, data: st.DataObject) -> None:
        child = data.draw(st.sampled_from(sorted(set(self.play.alive) - self.play.stopping)))
        self.play.serving.add(child)
        self.play.started(child)

    @precondition(lambda self: self.play.alive)
    @rule(data=st.data(), reason=REASONS)
    def child_ends(self, data: st.DataObject, reason: str) -> None:
        self._end_child(data.draw(st.sampled_from(sorted(self.play.alive))), reason)

    @precondition(lambda self: self.play.stopping)
    @rule()
    def child_stops(self) -> None:
        self._end_child(next(iter(self.play.stopping)), "shutdown")

    @precondition(lambda self: self.play.wakes)
    @rule()
    def wait_is_over(self) -> None:
        self.play.wake()

    @rule(name=st.sampled_from(NAMES), restart=st.sampled_from(RESTARTS))
    def add(self, name: str, restart: Restart) -> None:
        self.play.ask(StartChild(worker(name, restart)))

    @rule(name=st.sampled_from(NAMES))
    def terminate(self, name: str) -> None:
        self.play.ask(TerminateChild(name))

    @rule(name=st.sampled_from(NAMES))
    def remove(self, name: str) -> None:
        self.play.ask(DeleteChild(name))

    @rule(name=st.sampled_from(NAMES))
    def restart_by_hand(self, name: str) -> None:
        self.play.ask(RestartChild(name))

    @rule(names=st.lists(st.sampled_from(NAMES), unique=True, max_size=4), restart=st.sampled_from(RESTARTS))
    def reconfigure(self, names: list[str], restart: Restart) -> None:
        alive = dict(self.play.alive)
        self.play.begun_temporary -= set(names)  # whoever is about to start has not begun as what it is now
        self.play.begun_temporary |= alive.keys() & set(names)
        self.play.ask(Reconfigure(self.play.core.flags, tuple(worker(name, restart) for name in names)))
        if not self.play.core.ending:
            assert self.play.alive.items() >= alive.items(), "new specifications end nobody"

    @rule(name=st.sampled_from(NAMES), known=st.booleans())
    def stalls(self, name: str, known: bool) -> None:
        incarnation = self.play.alive.get(name, 0)
        self.play.step(Stalled(name, incarnation if known else incarnation + 1, "hangs"))

    @rule(name=st.sampled_from(NAMES), known=st.booleans())
    def time_is_over(self, name: str, known: bool) -> None:
        """The wait for a start or a stop; an old one means nothing."""
        slot = self.play.core.slots.get(name)
        self.play.step(Expired(name, slot.ticket if slot is not None and known else -1))

    @rule(name=st.sampled_from(NAMES))
    def look(self, name: str) -> None:
        found = self.play.ask(WhichChildren())
        assert isinstance(found, (Children, Refused))
        assert self.play.ask(WhichChild(name)) is not None
        if isinstance(found, Children):
            counts = self.play.ask(CountChildren())
            assert isinstance(counts, Counts)
            states = [child.state for child in found.children]
            assert counts.specs == counts.workers == len(states)
            assert counts.active == sum(state in ("running", "stopping") for state in states)

    @rule(name=st.sampled_from(NAMES), incarnation=st.integers(0, 5))
    def hear_of_another_incarnation(self, name: str, incarnation: int) -> None:
        if self.play.alive.get(name) != incarnation:
            self.play.step(ChildStarted(name, incarnation))
            self.play.step(ChildDown(name, incarnation, "boom"))

    @rule(seconds=st.sampled_from([0.1, 4.0, 10.0, 30.0]))
    def time_passes(self, seconds: float) -> None:
        self.play.wait(seconds)

    @precondition(lambda self: len(self.play.alive) > 2)
    @rule()
    def end(self) -> None:
        self.play.end()

    @rule()
    def settle(self) -> None:
        """Where every child serves and stops as it should, all that is wanted runs, or the supervisor has ended."""
        for _ in range(100):
            if self.play.stopping:
                self.child_stops()
            elif starting := sorted(name for name in self.play.alive if self._phase(name) == "starting"):
                self.play.serving.add(starting[0])
                self.play.started(starting[0])
            elif self.play.wakes:
                self.play.wake()
            else:
                break
        else:
            raise AssertionError("it does not come to rest")
        wanted = {name for name, slot in self.play.core.slots.items() if slot.wanted}
        assert bool(self.play.ended) is bool(self.play.core.ending)
        assert set(self.play.alive) == wanted
        self._check_answers()

    @invariant()
    def the_core_knows_who_lives(self) -> None:
        if hasattr(self, "play"):
            known = {name: slot.incarnation for name, slot in self.play.core.slots.items() if slot.alive}
            assert known == self.play.alive

    def teardown(self) -> None:
        if hasattr(self, "play"):
            self.play.end()
            self.settle()
            assert self.play.ended
            assert not self.play.alive
            self._check_answers()

    def _check_answers(self) -> None:
        """When nothing is under way no question is open."""
        assert sorted(self.play.answers) == list(range(1, self.play.questions + 1))

    def _phase(self, name: str) -> str:
        return self.play.core.slots[name].phase

    def _end_child(self, name: str, reason: str) -> None:
        self.play.serving.discard(name)
        self.play.down(name, reason)


TestSupervisorMachine = SupervisorMachine.TestCase
TestSupervisorMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
