"""A node's report tells alive from useful."""

from typing import Any

import pytest

from tradigrade.actors.reporter import Reporter
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.clock import ManualClock
from tradigrade.kernel.identity import SeededEntropy
from tradigrade.kernel.loop import VirtualLoop
from tradigrade.kernel.system import System
from tradigrade.supervisors.reports import NodeReport


class Watcher(Actor):
    """Keeps the last report."""

    last: NodeReport | None = None

    def receive(self, message: Any) -> None:
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
    assert worker.progress_age_s == pytest.approx(idle_s, abs=0.11)
