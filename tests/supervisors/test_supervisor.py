"""The supervisor as an actor, with real children in a cell whose time is virtual."""

from typing import Any

import pytest

from tests.kit.cells import Puppet, VirtualSystem, fail
from tests.kit.supervision import eager_flags
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.envelope import Reply
from tradigrade.kernel.hosting import host
from tradigrade.kernel.signals import Down, Started, Stop
from tradigrade.kernel.system import System
from tradigrade.supervisors.actors import ActorSpawner, resolve
from tradigrade.supervisors.reports import SupervisorReport
from tradigrade.supervisors.requests import CountChildren, DeleteChild, Done, StartChild, TerminateChild
from tradigrade.supervisors.spec import ChildSpec, Strategy
from tradigrade.supervisors.supervisor import Supervisor
from tradigrade.supervisors.validation import SpecFault

ENDED: list[str] = []
"""Paths of mourned puppets, in the order of their ends."""


class Mourned(Puppet):
    def stop(self, reason: str) -> None:
        ENDED.append(self.context.path)


class Broken(Puppet):
    def start(self) -> None:
        raise OSError("no such device")


@pytest.fixture(autouse=True)
def _forget() -> None:
    ENDED.clear()


def puppet(name: str, **fields: Any) -> ChildSpec:
    return ChildSpec(id=name, actor=f"{__name__}:Mourned", **fields)


def broken(name: str) -> ChildSpec:
    return ChildSpec(id=name, actor=f"{__name__}:Broken")


def tree(name: str, *children: ChildSpec, strategy: Strategy = "one_for_one", **flags: Any) -> ChildSpec:
    return ChildSpec(id=name, flags=eager_flags(strategy, **flags), children=children)


class Deaf(ActorSpawner):
    """Its children never hear that they should stop."""

    def stop(self, supervisor: Actor, child: str, reason: str) -> None:
        pass


class Grown:
    """A tree that runs below a parent which writes down what it hears."""

    def __init__(self, spec: ChildSpec, spawner: ActorSpawner | None = None) -> None:
        self.system = VirtualSystem()
        self.parent = self.system.place("node/parent")
        self.system.spawn("node/root", lambda: Supervisor(spec, spawner or ActorSpawner()), parent="node/parent")
        self.system.run()

    def incarnations(self) -> dict[str, int]:
        """Incarnation of every living actor below the root, by its path there."""
        below = {path: actor for path, actor in self.system.actors.items() if path.startswith("node/root/")}
        return {path.removeprefix("node/root/"): actor.incarnation for path, actor in below.items()}

    def crash(self, path: str) -> None:
        self.system.tell(f"node/root/{path}", fail)
        self.system.run()

    def tell(self, message: Any) -> None:
        self.system.tell("node/root", message)
        self.system.run()

    @property
    def heard(self) -> Any:
        """The last thing the root's parent heard."""
        return self.parent.log[-1]


def test_a_supervisor_serves_when_all_its_children_serve() -> None:
    grown = Grown(tree("root", puppet("a"), tree("inner", puppet("b"))))
    assert grown.parent.log == [Started("node/root", 1)]
    assert grown.incarnations() == {"a": 1, "inner": 1, "inner/b": 1}


def test_a_child_that_cannot_start_takes_the_first_start_down() -> None:
    grown = Grown(tree("root", puppet("a"), tree("inner", puppet("b"), broken("c"))))
    (down,) = grown.parent.log
    assert not down.started
    assert "child 'inner' failed to start" in down.reason
    assert "child 'c' failed to start: OSError: no such device" in down.reason
    assert grown.incarnations() == {}
    assert ENDED == ["node/root/inner/b", "node/root/a"]


@pytest.mark.parametrize(
    ("strategy", "crashed", "expected"),
    [
        ("one_for_one", "b", {"a": 1, "b": 2, "c": 1}),
        ("rest_for_one", "b", {"a": 1, "b": 2, "c": 2}),
        ("one_for_all", "b", {"a": 2, "b": 2, "c": 2}),
    ],
)
def test_a_crash_restarts_only_its_group(strategy: Strategy, crashed: str, expected: dict[str, int]) -> None:
    grown = Grown(tree("root", *map(puppet, "abc"), tree("other", puppet("d")), strategy=strategy))
    inner = Grown(tree("root", tree("inner", *map(puppet, "abc"), strategy=strategy), puppet("outside")))
    inner.crash(f"inner/{crashed}")
    grown.crash(crashed)
    found = grown.incarnations()
    assert {name: found[name] for name in expected} == expected
    assert inner.incarnations() == {"inner": 1, "outside": 1, **{f"inner/{k}": n for k, n in expected.items()}}


def test_a_restarted_child_knows_how_often_it_was_restarted() -> None:
    grown = Grown(tree("root", puppet("a")))
    for _ in range(3):
        grown.crash("a")
    assert grown.system.incarnation("node/root/a").context.restarts == 3
    assert grown.system.metrics.counters["restarts"] == 3


def test_a_restart_is_published() -> None:
    grown = Grown(tree("root", puppet("a")))
    grown.parent.context.subscribe("supervision")
    grown.crash("a")
    reports = [said for said in grown.parent.log if isinstance(said, SupervisorReport)]
    (restarting,) = [report for report in reports if report.kind == "restarting"]
    assert (restarting.child, restarting.delay_s) == ("a", 0.0)
    assert restarting.reason.startswith("RuntimeError: boom")


def test_a_child_supervisor_that_gives_up_is_restarted_by_its_parent() -> None:
    grown = Grown(tree("root", tree("inner", puppet("a"), puppet("b"), intensity=1), puppet("c")))
    grown.crash("inner/a")
    assert grown.incarnations() == {"inner": 1, "inner/a": 2, "inner/b": 1, "c": 1}
    grown.crash("inner/a")
    assert grown.incarnations() == {"inner": 2, "inner/a": 1, "inner/b": 1, "c": 1}


def test_a_transient_child_supervisor_that_gives_up_comes_back_too() -> None:
    """In OTP it would not: there, giving up looks like a clean stop."""
    inner = tree("inner", puppet("a"), intensity=0)
    grown = Grown(tree("root", ChildSpec(id="inner", flags=inner.flags, children=inner.children, restart="transient")))
    grown.crash("inner/a")
    assert grown.incarnations() == {"inner": 2, "inner/a": 1}


def test_a_child_supervisor_that_keeps_giving_up_takes_its_parent_down() -> None:
    grown = Grown(tree("root", puppet("b"), tree("inner", puppet("a"), intensity=0), intensity=1))
    grown.crash("inner/a")
    grown.crash("inner/a")
    assert isinstance(grown.heard, Down)
    assert grown.heard.started
    assert "gave up: 2 restarts within 10.0 s (bound 1), last of 'inner'" in grown.heard.reason
    assert "last of 'a': RuntimeError: boom" in grown.heard.reason, "the first cause is told to the top"
    assert grown.incarnations() == {}


def test_restarts_that_fail_wait_between_attempts() -> None:
    grown = Grown(tree("root", puppet("a"), min_s=0.5))
    for _ in range(2):
        grown.crash("a")
    assert grown.incarnations() == {}
    grown.system.advance(0.49)
    assert grown.incarnations() == {}
    grown.system.advance(0.01)
    assert grown.incarnations() == {"a": 3}


def test_a_stop_stops_all_in_reverse_order_and_frees_every_path() -> None:
    grown = Grown(tree("root", puppet("a"), tree("inner", puppet("b"), puppet("c")), puppet("d")))
    grown.tell(Stop("shutdown"))
    assert [f"node/root/{path}" for path in ("d", "inner/c", "inner/b", "a")] == ENDED
    assert grown.heard == Down("node/root", 1, "shutdown")
    assert grown.incarnations() == {}
    assert not grown.system.dead_letters


@pytest.mark.parametrize("end", ["stop", "crash"])
def test_a_supervisor_that_ends_without_notice_leaves_no_child_behind(end: str) -> None:
    grown = Grown(tree("root", puppet("a"), tree("inner", puppet("b"))))
    if end == "stop":
        grown.system.stop("node/root", "shutdown")
    else:
        grown.system.incarnation("node/root").crash("to see what follows")
    grown.system.run()
    assert grown.incarnations() == {}
    assert isinstance(grown.heard, Down)


def test_a_child_that_never_stops_is_killed_after_its_shutdown_time() -> None:
    grown = Grown(tree("root", puppet("a", shutdown_s=1.0), puppet("b", shutdown_s=2.0)), Deaf())
    grown.tell(Stop("shutdown"))
    grown.system.advance(1.99)
    assert grown.incarnations() == {"a": 1, "b": 1}, "one at a time, last started first"
    grown.system.advance(0.01)
    assert grown.incarnations() == {"a": 1}
    grown.system.advance(1.0)
    assert grown.heard == Down("node/root", 1, "shutdown")
    assert ENDED == [], "the dead have no say"


def test_a_child_supervisor_that_never_stops_is_killed_with_all_below_it() -> None:
    inner = ChildSpec(id="inner", flags=eager_flags(), children=(puppet("a"),), shutdown_s=1.0)
    grown = Grown(tree("root", inner), Deaf())
    grown.tell(Stop("shutdown"))
    grown.system.advance(1.0)
    assert grown.incarnations() == {}
    assert grown.heard == Down("node/root", 1, "shutdown")


def test_no_shutdown_time_at_all_kills_at_once() -> None:
    grown = Grown(tree("root", puppet("a", shutdown_s=0.0)))
    grown.tell(Stop("shutdown"))
    assert grown.heard == Down("node/root", 1, "shutdown")
    assert ENDED == []


def test_a_supervisor_answers_and_restarts_others_while_a_child_stops() -> None:
    grown = Grown(tree("root", puppet("a"), puppet("b", shutdown_s=5.0)), Deaf())
    grown.tell(TerminateChild("b"))
    reply = grown.system.ask("node/root", "are you there?", 0.1)
    grown.crash("a")
    assert reply.done
    assert reply.error is None
    assert grown.incarnations() == {"a": 2, "b": 1}


def test_a_child_added_again_is_not_killed_by_the_clock_of_the_one_before() -> None:
    grown = Grown(tree("root"), Deaf())
    for at_s in (0.0, 0.6):
        grown.tell(StartChild(puppet("a", restart="temporary", shutdown_s=1.0)))
        grown.tell(TerminateChild("a"))
        grown.system.advance(0.6)
        if at_s == 0.0:
            grown.system.kill("node/root/a")
            grown.system.run()
    assert grown.incarnations() == {"a": 1}, "it has 0.4 s left"
    grown.system.advance(0.4)
    assert grown.incarnations() == {}


def test_a_dynamic_child_comes_and_goes() -> None:
    grown = Grown(tree("root", puppet("a")))
    grown.tell(StartChild(puppet("b")))
    assert grown.incarnations() == {"a": 1, "b": 1}
    grown.crash("b")
    assert grown.incarnations() == {"a": 1, "b": 2}
    grown.tell(TerminateChild("b"))
    grown.tell(DeleteChild("b"))
    root = grown.system.incarnation("node/root").behaviour
    assert isinstance(root, Supervisor)
    assert list(root.slots()) == ["a"]


def test_a_report_says_what_the_supervisor_does() -> None:
    grown = Grown(tree("root", puppet("a", shutdown_s=5.0), strategy="rest_for_one"), Deaf())
    root = grown.system.incarnation("node/root").behaviour
    assert isinstance(root, Supervisor)
    report = root.report()
    assert (report.path, report.state, report.supervisor, report.strategy) == (
        "node/root",
        "running",
        True,
        "rest_for_one",
    )
    grown.tell(Stop("shutdown"))
    assert (root.report().state, root.report().reason) == ("stopping", "shutdown")


@pytest.mark.parametrize("path", ["nowhere:Actor", f"{__name__}:Nobody", "no colon", ":Actor"])
def test_a_path_that_leads_nowhere_says_what_was_expected(path: str) -> None:
    with pytest.raises(SpecFault, match="expected a class that can be loaded"):
        resolve(path)


class Once(Puppet):
    """Starts once, and never again."""

    starts: list[int] = []  # noqa: RUF012 - counted over all incarnations

    def start(self) -> None:
        self.starts.append(self.context.incarnation)
        if len(self.starts) > 1:
            raise OSError("no such device")


def test_who_asked_before_a_retry_is_served_before_it() -> None:
    """On a real loop, with a queue that takes many of its rounds: the retry waits behind it, as OTP's does."""
    Once.starts.clear()
    child = ChildSpec(id="once", actor=f"{__name__}:Once")
    spec = ChildSpec(id="root", flags=eager_flags(intensity=5), children=(child,))

    def ask_much(system: System, stopped: list[Reply]) -> None:
        system.tell("node/root/once", fail)
        for _ in range(1000):
            system.ask("node/root", CountChildren(), 5.0)
        stopped.append(system.ask("node/root", TerminateChild("once"), 5.0))

    with host("node") as system:
        system.spawn("node/root", lambda: Supervisor(spec, ActorSpawner()))
        system.ask("node/root", CountChildren(), 5.0).wait(5.0)
        stopped: list[Reply] = []
        system.call_soon(lambda: ask_much(system, stopped))
        while not stopped:
            system.ask("node/root", CountChildren(), 5.0).wait(5.0)
        assert stopped[0].wait(5.0) == Done()
        assert len(Once.starts) <= 2
        assert "node/root" in system.actors


def test_a_stop_with_a_reason_of_its_own_is_a_clean_end() -> None:
    grown = Grown(tree("root", puppet("a")))
    grown.system.stop("node/root", "maintenance")
    grown.system.run()
    assert grown.heard == Down("node/root", 1, "shutdown: maintenance")


def test_a_child_that_started_leaves_no_timer_behind() -> None:
    grown = Grown(tree("root", puppet("a", start_s=86_400.0)))
    before = len(grown.system.virtual._timers)
    for _ in range(50):
        grown.crash("a")
        grown.system.advance(1.0)
    alive = [callback for *_, callback in grown.system.virtual._timers if callback is not None]
    assert len(alive) <= before + 1
