"""A node's report tells alive from useful."""

from typing import Any

import pytest

from tradigrade.actors import topics
from tradigrade.actors.reporter import Observer, Reporter
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.clock import ManualClock
from tradigrade.kernel.identity import SeededEntropy
from tradigrade.kernel.loop import VirtualLoop
from tradigrade.kernel.signals import Overdue
from tradigrade.kernel.system import System
from tradigrade.supervisors.actors import ActorSpawner
from tradigrade.supervisors.reports import ActorReport, NodeBeat, NodeReport
from tradigrade.supervisors.spec import Budget, ChildSpec, Flags
from tradigrade.supervisors.supervisor import Supervisor


class Watcher(Actor):
    """Keeps the last report."""

    last: NodeReport | None = None

    def receive(self, message: Any) -> None:
        if isinstance(message, NodeReport):
            Watcher.last = message


class Worker(Actor):
    progress_due_s = 2.0

    def receive(self, message: Any) -> None:
        self.context.progress()


@pytest.mark.parametrize(("idle_s", "state"), [(1.5, "running"), (2.5, "stalled")])
def test_an_actor_that_is_alive_without_useful_output_is_stalled(idle_s: float, state: str) -> None:
    clock = ManualClock()
    loop = VirtualLoop(clock)
    system = System("node", loop, clock, SeededEntropy(1))
    system.spawn("node/watcher", Watcher)
    system.spawn("node/worker", Worker)
    system.spawn("node/reporter", lambda: Reporter(("node/watcher",), 0.1))
    loop.advance(1.0)
    system.tell("node/worker", "work")
    loop.advance(idle_s)
    assert Watcher.last is not None
    worker = next(actor for actor in Watcher.last.actors if actor.path == "node/worker")
    assert worker.state == state
    assert worker.progress_age_s == pytest.approx(idle_s, abs=0.41)


class Hearer(Actor):
    def __init__(self, heard: list[Any]) -> None:
        self.heard = heard

    def receive(self, message: Any) -> None:
        self.heard.append(message)


def test_a_node_says_often_that_it_lives_now_and_then_how_it_is_and_soon_what_changed() -> None:
    loop = VirtualLoop(ManualClock())
    system = System("node", loop, loop.clock, SeededEntropy(1))
    first: list[Any] = []
    second: list[Any] = []
    system.spawn("node/first", lambda: Hearer(first))
    system.spawn("node/second", lambda: Hearer(second))
    system.spawn("node/reporter", lambda: Reporter(("node/first", "node/second"), 0.5))
    loop.advance(1.1)
    assert list(map(type, first)) == [NodeReport, NodeBeat, NodeReport], "the reporter itself serves by then"
    loop.advance(4.0)
    beats = [NodeBeat, NodeBeat, NodeBeat]
    assert list(map(type, first[3:])) == [NodeBeat, NodeReport, *beats, NodeReport, *beats[:2]]
    assert list(map(type, second[2:])) == [NodeReport, NodeBeat, NodeReport, NodeBeat]
    reports = [each for each in second if type(each) is NodeReport]
    system.publish(topics.RUNG, "a move")
    system.publish(topics.RUNG, "and another")
    loop.advance(0.06)
    assert len([each for each in second if type(each) is NodeReport]) == len(reports) + 1


def test_what_comes_to_hang_is_reported_at_the_next_look() -> None:
    loop = VirtualLoop(ManualClock())
    system = System("node", loop, loop.clock, SeededEntropy(1))
    heard: list[Any] = []
    system.spawn("node/hearer", lambda: Hearer(heard))
    system.spawn("node/worker", Idle)
    system.spawn("node/reporter", lambda: Reporter(("node/hearer",), 0.5))
    loop.advance(2.1)
    heard.clear()
    system.actors["node/worker"].hold()
    loop.advance(1.0)
    (report,) = [each for each in heard if type(each) is NodeReport]
    assert {each.path: each.state for each in report.actors}["node/worker"] == "stalled"


# -- what else a report tells -----------------------------------------------------------------------------------------


class Fails(Actor):
    def receive(self, message: Any) -> None:
        raise ValueError(message)


class Idle(Actor):
    """Declares no progress."""


def observed(system: System) -> dict[str, ActorReport]:
    return {report.path: report for report in Observer(system).actors()}


def make_system() -> tuple[System, VirtualLoop]:
    clock = ManualClock()
    loop = VirtualLoop(clock)
    return System("node", loop, clock, SeededEntropy(1)), loop


def test_a_held_actor_is_stalled_whether_it_declares_progress_or_not() -> None:
    system, loop = make_system()
    system.spawn("node/idle", Idle)
    loop.run()
    system.actors["node/idle"].held = True
    report = observed(system)["node/idle"]
    assert (report.state, report.reason) == ("stalled", "made to hang")


def test_an_actor_that_has_mail_and_handles_none_is_stalled_after_a_while() -> None:
    system, loop = make_system()
    system.spawn("node/idle", Idle)
    loop.run()
    observer = Observer(system)
    system.actors["node/idle"].delay_s = 60.0
    system.tell("node/idle", "work")
    for _ in range(3):
        states = [report.state for report in observer.actors()]
        loop.advance(4.0)
    assert states == ["stalled"]


def test_what_became_of_the_messages_is_told() -> None:
    system, loop = make_system()
    system.spawn("node/worker", Worker)
    for number in range(3):
        system.tell("node/worker", number)
    loop.run()
    system.tell("node/worker", "waits")
    report = observed(system)["node/worker"]
    assert (report.sent, report.handled, report.mailbox, report.runtime) == (4, 3, 1, "cell")
    lost = report.conflated + report.dropped + report.expired + report.dead_lettered + report.kept
    assert report.sent == report.handled + report.mailbox + lost


def test_a_child_left_down_has_failed_and_one_that_was_done_has_stopped() -> None:
    system, loop = make_system()
    leave = Budget(0, 60.0, "leave")
    children = (
        ChildSpec(id="fails", actor=f"{__name__}:Fails", budget=leave),
        ChildSpec(id="done", actor=f"{__name__}:Idle", restart="transient"),
        ChildSpec(id="well", actor=f"{__name__}:Idle"),
    )
    spec = ChildSpec(id="root", flags=Flags(), children=children)
    loop.advance(1.0)
    system.spawn("node", lambda: Supervisor(spec, ActorSpawner()))
    loop.advance(0.1)
    system.tell("node/fails", "now")
    system.stop("node/done", "shutdown")
    loop.advance(0.1)
    reports = observed(system)
    assert {path: report.state for path, report in reports.items()} == {
        "node": "running",
        "node/fails": "failed",
        "node/done": "stopped",
        "node/well": "running",
    }
    assert "ValueError: now" in reports["node/fails"].reason
    assert reports["node/well"].started_ns == 1_000_000_000


def test_a_node_tells_its_abandoned_threads_and_the_mail_that_waits() -> None:
    system, loop = make_system()
    system.spawn("node/watcher", Watcher)
    system.spawn("node/reporter", lambda: Reporter(("node/watcher",), 0.1))
    loop.advance(0.2)
    assert Watcher.last is not None
    assert Watcher.last.gauges == {"threads_abandoned": 0.0, "retained_messages": 0.0}


def test_a_reporter_held_up_by_others_makes_up_for_it() -> None:
    system, loop = make_system()
    system.spawn("node/watcher", Watcher)
    system.spawn("node/reporter", lambda: Reporter(("node/watcher",), 0.1))
    loop.advance(0.2)
    Watcher.last = None
    system.actors["node/reporter"].signal(Overdue(2.2, 1.4))
    loop.run()
    assert Watcher.last is not None
    assert "node/reporter" in system.actors


def test_children_are_told_in_the_order_of_their_start_and_after_their_supervisor() -> None:
    loop = VirtualLoop(ManualClock())
    system = System("node", loop, loop.clock, SeededEntropy(1))
    worker = f"{__name__}:Worker"
    inner = ChildSpec(
        id="a-last", flags=Flags(), children=(ChildSpec(id="y", actor=worker), ChildSpec(id="x", actor=worker))
    )
    children = (ChildSpec(id="z-first", actor=worker), ChildSpec(id="m", actor=worker), inner)
    spec = ChildSpec(id="node", flags=Flags(), children=children)
    system.spawn("node", lambda: Supervisor(spec, ActorSpawner()))
    loop.run()
    system.kill("node/z-first")
    loop.run()
    told = [actor.path for actor in Observer(system).actors()]
    assert told == ["node", "node/z-first", "node/m", "node/a-last", "node/a-last/y", "node/a-last/x"]


def test_an_actor_made_slow_says_so() -> None:
    loop = VirtualLoop(ManualClock())
    system = System("node", loop, loop.clock, SeededEntropy(1))
    system.spawn("node/worker", Worker)
    loop.run()
    system.actors["node/worker"].delay_s = 0.2
    (told,) = Observer(system).actors()
    assert told.reason == "made slow: 0.2 s a message"
