"""Plays a scenario through our own supervisor's core, as `oracle.erl` plays it through OTP's, and prints what it did.

Back-off is off; nothing else differs from what the product runs. Children start and stop within the event that asks
for it, as OTP's do; a retry waits behind everything that was asked before it.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any

from tests.supervisors.otp.scenarios import Child, DynamicScenario, Flags, Scenario
from tradigrade.kernel.signals import GAVE_UP, IGNORED, KILLED, SHUTDOWN
from tradigrade.supervisors import requests, spec
from tradigrade.supervisors.backoff import Backoff
from tradigrade.supervisors.core import SupervisorCore
from tradigrade.supervisors.dynamic import DynamicCore
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
    Expired,
    KillChild,
    Ready,
    SpawnChild,
    StopChild,
    Wake,
    WakeLater,
)
from tradigrade.supervisors.validation import SpecFault, faults

NO_BACKOFF = Backoff(min_s=0.0, max_s=0.0, jitter=0.0)


def child_spec(child: Child) -> spec.ChildSpec:
    """The child as our supervisor is told about it."""
    shutdown_s = {"brutal_kill": 0.0, "infinity": inf}.get(str(child.shutdown))
    return spec.ChildSpec(
        id=child.id,
        actor="" if child.flags else "tests:Child",
        restart=child.restart,
        significant=child.significant,
        shutdown_s=float(child.shutdown) / 1000 if shutdown_s is None else shutdown_s,
        flags=flags(child.flags) if child.flags else None,
        children=tuple(map(child_spec, child.children)),
    )


def flags(given: Flags) -> spec.Flags:
    return spec.Flags(given.strategy, given.intensity, given.period_s, NO_BACKOFF, given.auto_shutdown)


@dataclass
class Tree:
    """One supervisor with its living children; `player` is shared by the whole tree."""

    player: "Player"
    path: str
    core: SupervisorCore
    told: Callable[[Event], None]
    """Where its own start and end are told."""
    inside: dict[str, "Tree"] = field(default_factory=dict)
    alive: dict[str, int] = field(default_factory=dict)
    """Incarnations of the living children."""

    def step(self, event: Event) -> None:
        events = deque([event])
        while events:
            for effect in self.core.step(events.popleft(), self.player.now_ns):
                self._perform(effect, events.append)

    def where(self, name: str) -> str:
        return f"{self.path}/{name}" if self.path else name

    def _perform(self, effect: Effect, follow: Callable[[Event], None]) -> None:
        match effect:
            case SpawnChild(child, incarnation):
                self._spawn(child, incarnation, follow)
            case StopChild(name, incarnation, ticket):
                self._stop(name, incarnation, ticket, follow)
            case KillChild(name, incarnation) if name in self.alive:
                self.ends(name, KILLED)
                follow(ChildDown(name, incarnation, KILLED))
            case WakeLater(name, ticket):
                self.player.later(lambda: self.step(Wake(name, ticket)))
            case Answered(number, answer):
                self.player.answered(self, number, answer)
            case Ready():
                self.told(ChildStarted("", 0))
            case Ended(reason):
                self.told(ChildDown("", 0, reason))

    def ends(self, name: str, reason: str) -> None:
        del self.alive[name]
        self.player.say(f"end {self.where(name)} {reason}")

    def _spawn(self, child: spec.ChildSpec, incarnation: int, follow: Callable[[Event], None]) -> None:
        name, where = child.id, self.where(child.id)
        if child.flags is not None:
            self._spawn_supervisor(child, incarnation, follow)
            return
        outcome = self.player.outcome(where)
        if outcome == "ok":
            self.alive[name] = incarnation
            self.player.starts(where)
            follow(ChildStarted(name, incarnation))
        else:
            self.player.say(f"{'ignore' if outcome == 'ignore' else 'fail'} {where}")
            follow(ChildDown(name, incarnation, IGNORED if outcome == "ignore" else "error"))

    def _spawn_supervisor(self, child: spec.ChildSpec, incarnation: int, follow: Callable[[Event], None]) -> None:
        assert child.flags is not None
        started: list[bool] = []

        def told(event: Event) -> None:
            if isinstance(event, ChildStarted):
                started.append(True)
                self.alive[child.id] = incarnation
                self.player.starts(self.where(child.id))
                self.tell(ChildStarted(child.id, incarnation), follow)
            elif isinstance(event, ChildDown):
                reason = "gave_up" if event.reason.startswith(GAVE_UP) else "shutdown"
                if started:
                    self.ends(child.id, reason)
                else:
                    self.player.say(f"fail {self.where(child.id)}")
                self.tell(ChildDown(child.id, incarnation, event.reason), follow)

        core = SupervisorCore(child.flags, jitter=lambda: 0.0)
        self.inside[child.id] = Tree(self.player, self.where(child.id), core, told)
        self._following: Callable[[Event], None] | None = follow
        self.inside[child.id].step(Begin(child.children))
        self._following = None

    def tell(self, event: Event, follow: Callable[[Event], None]) -> None:
        """While a step is under way what follows is taken after it; else it is a step of its own."""
        if self._following is follow:
            follow(event)
        else:
            self.step(event)

    _following = None

    def _stop(self, name: str, incarnation: int, ticket: int, follow: Callable[[Event], None]) -> None:
        if name in self.inside and self.alive.get(name) == incarnation:
            self._following = follow
            self.inside[name].step(End(SHUTDOWN))
            self._following = None
        elif self.alive.get(name) == incarnation:  # else its end was on its way already
            self._stop_leaf(name, incarnation, ticket, follow)

    def _stop_leaf(self, name: str, incarnation: int, ticket: int, follow: Callable[[Event], None]) -> None:
        manner = self.player.children[self.where(name)].stop
        if manner == "stubborn":
            follow(Expired(name, ticket))
        else:
            reason = SHUTDOWN if manner == "clean" else "odd"
            self.ends(name, reason)
            follow(ChildDown(name, incarnation, reason))


class Player:
    """One scenario from its beginning to its end; `trace` is what OTP would print."""

    def __init__(self, scenario: Scenario | DynamicScenario) -> None:
        self.trace: list[str] = []
        self.now_ns = 0
        self.children: dict[str, Child] = {}
        self.over = False
        self._attempts: Counter[str] = Counter()
        self._starts: Counter[str] = Counter()
        self._queue: deque[Callable[[], None]] = deque()
        self._asked: dict[int, tuple[str, requests.Request]] = {}
        self._ending_from: int | None = None
        self._scenario = scenario
        core: SupervisorCore
        if isinstance(scenario, DynamicScenario):
            template = child_spec(scenario.template)
            core = DynamicCore(spec.Dynamic(template, scenario.intensity, scenario.period_s, NO_BACKOFF), lambda: 0.0)
            begin = Begin(())
        else:
            core = SupervisorCore(flags(scenario.flags), jitter=lambda: 0.0)
            self._know(scenario.children, "")
            begin = Begin(tuple(map(child_spec, scenario.children)))
        self.root = Tree(self, "", core, self._root_told)
        self._run(lambda: self.root.step(begin))

    def play(self) -> list[str]:
        for step in self._scenario.steps:
            if not self.over:
                self._take(step)
        if not self.over:
            self._take(("stop",))
        return self.trace

    # -- what the tree tells ------------------------------------------------------------------------------------------

    def say(self, line: str) -> None:
        self.trace.append(line)

    def later(self, action: Callable[[], None]) -> None:
        self._queue.append(action)

    def outcome(self, where: str) -> str:
        outcomes = self.children[where].starts
        self._attempts[where] += 1
        return outcomes[min(self._attempts[where], len(outcomes)) - 1]

    def starts(self, where: str) -> None:
        self._starts[where] += 1
        self.say(f"start {where} {self._starts[where]}")

    def answered(self, tree: Tree, number: int, answer: Any) -> None:
        kind, request = self._asked.pop(number)
        self.say(words(kind, request, answer, tree))

    def _root_told(self, event: Event) -> None:
        if not isinstance(event, ChildDown):
            return
        self.over = True
        if isinstance(self._scenario, DynamicScenario) and self._ending_from is not None:
            self.trace[self._ending_from :] = sorted(self.trace[self._ending_from :])
        reason = event.reason
        if reason.startswith(GAVE_UP):
            self.say("ended gave_up")
        elif "failed to start" in reason:
            self.say(f"ended failed_to_start {reason.split(chr(39))[1]}")
        else:
            self.say("ended shutdown")

    # -- the steps ----------------------------------------------------------------------------------------------------

    def _take(self, step: Any) -> None:
        match step:
            case ("burst", steps):
                self._run(*[self._action(each) for each in steps])
            case ("wait", milliseconds):
                self.now_ns += milliseconds * 1_000_000
            case ("stop",):
                self._ending_from = len(self.trace)
                self._run(lambda: self.root.step(End(SHUTDOWN)))
            case _:
                self._run(self._action(step))

    def _run(self, *actions: Callable[[], None]) -> None:
        self._queue.extend(actions)
        while self._queue and not self.over:
            self._queue.popleft()()

    def _action(self, step: Any) -> Callable[[], None]:
        """What the step comes to in the mailbox; an exit has happened by then."""
        match step:
            case ("exit", path, reason):
                tree, name = self._find(path)
                incarnation = tree.alive[name]
                tree.ends(name, reason)
                return lambda: tree.step(ChildDown(name, incarnation, reason))
            case ("reconfigure", new, children):
                return lambda: self._reconfigure(new, children)
        return lambda: self._ask(*self._request(step))

    def _reconfigure(self, new: Flags, children: tuple[Child, ...]) -> None:
        specs = tuple(map(child_spec, children))
        root = spec.ChildSpec(id="root", flags=flags(new), children=specs)
        if any(isinstance(fault, SpecFault) for fault in faults(root)):
            self.say("answer reconfigure failed")
            return
        self._know(children, "")
        self._ask(self.root, "reconfigure", requests.Reconfigure(flags(new), specs))

    def _request(self, step: Any) -> tuple[Tree, str, requests.Request]:
        match step:
            case ("start_child", child, *path):
                return self._start(child, self._tree(*path))
            case ("terminate_child" | "restart_child" | "delete_child" | "get_childspec" as kind, path):
                tree, name = self._find(path)
                by_kind: dict[str, Callable[[str], requests.Request]] = {
                    "terminate_child": requests.TerminateChild,
                    "restart_child": requests.RestartChild,
                    "delete_child": requests.DeleteChild,
                    "get_childspec": requests.GetChildSpec,
                }
                return tree, kind, by_kind[kind](name)
            case ("which_children", *path):
                return self._tree(*path), "which_children", requests.WhichChildren()
            case ("count_children", *path):
                return self._tree(*path), "count_children", requests.CountChildren()
        raise AssertionError(step)

    def _start(self, child: Child, tree: Tree) -> tuple[Tree, str, requests.Request]:
        self._know((child,), tree.path)
        if isinstance(tree.core, DynamicCore):
            return tree, "start_child", requests.StartInstance(name=child.id)
        return tree, "start_child", requests.StartChild(child_spec(child))

    def _ask(self, tree: Tree, kind: str, request: requests.Request) -> None:
        if isinstance(request, requests.StartChild) and any(faults(request.spec, "", tree.core.flags)):
            self.say("answer start_child failed")
            return
        number = len(self._asked) + 1
        self._asked[number] = (kind, request)
        tree.step(Asked(number, request))

    def _know(self, children: tuple[Child, ...], path: str) -> None:
        for child in children:
            where = f"{path}/{child.id}" if path else child.id
            self.children[where] = child
            self._know(child.children, where)

    def _tree(self, path: str = "") -> Tree:
        tree = self.root
        for name in filter(None, path.split("/")):
            tree = tree.inside[name]
        return tree

    def _find(self, path: str) -> tuple[Tree, str]:
        above, _, name = path.rpartition("/")
        return self._tree(above), name


def words(kind: str, request: requests.Request, answer: Any, tree: Tree) -> str:
    """The answer as the trace has it."""
    match answer:
        case requests.Children(children):
            shown = [f"{tree.where(each.id)}={each.state}{':supervisor' * each.supervisor}" for each in children]
            return " ".join(["which", *(sorted(shown) if isinstance(tree.core, DynamicCore) else shown)])
        case requests.Counts(specs, active, supervisors, workers):
            return f"count specs={specs} active={active} supervisors={supervisors} workers={workers}"
        case spec.ChildSpec():
            return spec_words(tree.where(getattr(request, "id", "")), answer)
        case requests.Done(ignored=True):
            return f"answer {kind} ok ignored"
        case requests.Done():
            return f"answer {kind} ok"
        case requests.Refused(code):
            return f"answer {kind} {'simple_one_for_one' if code == 'dynamic' else code}"
    raise AssertionError(answer)


def spec_words(where: str, child: spec.ChildSpec) -> str:
    limit_s = child.shutdown_limit_s
    shutdown = "brutal_kill" if limit_s == 0 else "infinity" if limit_s == inf else str(round(limit_s * 1000))
    kind = "supervisor" if child.is_supervisor else "worker"
    significant = str(child.significant).lower()
    return f"spec {where} restart={child.restart} significant={significant} shutdown={shutdown} type={kind}"
