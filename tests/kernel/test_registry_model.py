"""The registry against plain lists, by itself and beneath a living system."""

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.kernel.test_registry import inhabitant
from tests.kit.cells import Puppet, VirtualSystem, fail
from tradigrade.kernel.errors import PathTaken
from tradigrade.kernel.registry import Registry
from tradigrade.kernel.signals import Down

PATHS = ("a", "b", "c")
A_PATH = st.sampled_from(PATHS)


class RegistryMachine(RuleBasedStateMachine):
    """`living` in the order of their births; `monitors` as (path, number, watcher) in the order they were taken."""

    def __init__(self) -> None:
        super().__init__()
        self.registry = Registry()
        self.living: list[Any] = []
        self.monitors: list[tuple[str, int, Any]] = []
        self.numbers: set[int] = set()

    def at(self, path: str) -> Any:
        return next((actor for actor in self.living if actor.path == path), None)

    @rule(path=A_PATH, parent=st.sampled_from(("", *PATHS)))
    def add(self, path: str, parent: str) -> None:
        actor = inhabitant(path, parent)
        try:
            self.registry.add(actor)
        except PathTaken:
            assert self.at(path) is not None
        else:
            assert self.at(path) is None
            self.living.append(actor)

    @precondition(lambda self: self.living)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        actor = data.draw(st.sampled_from(self.living))
        watching = [(number, watcher) for path, number, watcher in self.monitors if path == actor.path]
        assert self.registry.remove(actor) == watching
        self.living.remove(actor)
        self.monitors = [monitor for monitor in self.monitors if monitor[0] != actor.path]

    @rule(path=A_PATH)
    def monitor(self, path: str) -> None:
        watcher = inhabitant("watcher")
        number, alive = self.registry.monitor(path, watcher)
        assert number not in self.numbers, "a number is never used again"
        assert alive is (self.at(path) is not None)
        self.numbers.add(number)
        if alive:
            self.monitors.append((path, number, watcher))

    @rule(path=A_PATH, data=st.data())
    def demonitor(self, path: str, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.numbers) or [0]))
        self.registry.demonitor(path, number)
        self.monitors = [monitor for monitor in self.monitors if monitor[:2] != (path, number)]

    @invariant()
    def both_agree(self) -> None:
        assert list(self.registry.values()) == self.living
        for path in PATHS:
            assert self.registry.find(path) is self.at(path)
            children = [actor for actor in self.living if actor.parent == path]
            assert self.registry.children(path) == children[::-1]


class MonitorMachine(RuleBasedStateMachine):
    """Every monitor hears of exactly one end unless it was given back; no path ever has two that live."""

    WATCHERS = ("node/w", "node/v")

    def __init__(self) -> None:
        super().__init__()
        self.system = VirtualSystem()
        self.heard: dict[str, list[Any]] = {path: [] for path in self.WATCHERS}
        self.taken: dict[int, tuple[str, str]] = {}
        self.given_back: set[int] = set()
        for path in self.WATCHERS:
            self.system.place(path, Puppet(self.heard[path]))

    @rule(path=A_PATH, parent=st.sampled_from(("", *PATHS)))
    def bear(self, path: str, parent: str) -> None:
        lived = path in self.system.actors
        try:
            self.system.spawn(path, Puppet, parent=parent if parent in self.system.actors else "")
        except PathTaken:
            assert lived
        else:
            assert not lived

    @rule(path=A_PATH, end=st.sampled_from(["kill", "stop", "crash"]))
    def end(self, path: str, end: str) -> None:
        match end:
            case "kill":
                self.system.kill(path)
            case "stop":
                self.system.stop(path, "shutdown")
            case "crash" if path in self.system.actors:
                self.system.tell(path, fail)

    @rule(path=A_PATH, watcher=st.sampled_from(WATCHERS))
    def monitor(self, path: str, watcher: str) -> None:
        puppet: Any = self.system.incarnation(watcher).behaviour
        self.taken[puppet.context.monitor(path)] = (watcher, path)

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def demonitor(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.taken)))
        watcher, _ = self.taken[number]
        puppet: Any = self.system.incarnation(watcher).behaviour
        puppet.context.demonitor(number)
        if number not in self.told():
            self.given_back.add(number)

    @rule()
    def run(self) -> None:
        self.system.run()

    def told(self) -> Counter[int]:
        return Counter(down.monitor for heard in self.heard.values() for down in heard if isinstance(down, Down))

    @invariant()
    def nobody_hears_twice_or_of_what_it_gave_back(self) -> None:
        told = self.told()
        assert all(times == 1 for times in told.values())
        assert not told.keys() & self.given_back
        for watcher, heard in self.heard.items():
            assert all(self.taken[down.monitor] == (watcher, down.path) for down in heard if isinstance(down, Down))

    @invariant()
    def no_path_has_two_that_live(self) -> None:
        living = Counter(actor.path for actor in self.system.register.born if not actor.ended)
        assert all(times == 1 for times in living.values())
        assert set(living) == set(self.system.actors)

    def teardown(self) -> None:
        self.system.run()
        for path in PATHS:
            self.system.kill(path)
        self.system.run()
        assert self.told().keys() == self.taken.keys() - self.given_back
        self.system.assert_conserved()


TestRegistryMachine = RegistryMachine.TestCase
TestRegistryMachine.settings = settings(max_examples=100, stateful_step_count=40)
TestMonitorMachine = MonitorMachine.TestCase
TestMonitorMachine.settings = settings(max_examples=150, stateful_step_count=40)
