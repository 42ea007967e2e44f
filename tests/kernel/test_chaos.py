"""Faults put in on purpose: an actor that hangs, and one that is slow. Nobody else notices."""

import time
from typing import Any

import pytest

from tests.kit.cells import Puppet, VirtualSystem, fail
from tradigrade.kernel.errors import ActorDead
from tradigrade.kernel.signals import KILLED, Down

PATH = "node/puppet"


@pytest.fixture
def parent(system: VirtualSystem) -> Puppet:
    return system.place("node/parent")


@pytest.mark.parametrize(
    "message",
    [
        lambda system: system.tell(PATH, "hello"),
        lambda system: system.stop(PATH, "shutdown"),
        lambda system: system.incarnation(PATH).crash("as told"),
    ],
    ids=["work", "stop", "crash"],
)
def test_a_held_actor_handles_nothing_and_can_still_be_killed(
    system: VirtualSystem, parent: Puppet, message: Any
) -> None:
    puppet = system.place(PATH, parent="node/parent")
    parent.log.clear()
    actor = system.incarnation(PATH)
    actor.held = True
    message(system)
    reply = system.ask(PATH, "question", 60.0)
    system.advance(10.0)
    assert (puppet.log, parent.log, reply.done) == ([], [], False)
    assert len(actor.mailbox) == 2
    system.kill(PATH)
    system.run()
    assert (puppet.log, parent.log) == ([], [Down(PATH, 1, KILLED)])
    assert isinstance(reply.error, ActorDead)


def test_the_others_go_on_beside_a_held_one(system: VirtualSystem, parent: Puppet) -> None:
    system.place(PATH)
    system.incarnation(PATH).held = True
    for number in range(100):
        system.tell(PATH, number)
        system.tell("node/parent", number)
    system.run()
    assert parent.log == list(range(100))


def test_a_held_thread_is_not_abandoned_by_its_kill(threads: VirtualSystem) -> None:
    threads.place(PATH)
    threads.incarnation(PATH).held = True
    threads.tell(PATH, "hello")
    threads.kill(PATH)
    threads.run()
    assert not threads.threads.abandoned


@pytest.mark.parametrize("runtime", ["cell", "simulated"])
def test_a_slow_actor_takes_longer_over_every_message_and_the_others_do_not(runtime: Any) -> None:
    system = VirtualSystem(runtime=runtime)
    done_s: dict[str, list[float]] = {"node/slow": [], "node/quick": []}
    for path in done_s:
        system.place(path)
    system.incarnation("node/slow").delay_s = 2.0
    for path, times in done_s.items():
        for _ in range(3):
            system.tell(path, lambda _, times=times: times.append(system.clock.monotonic_ns() / 1e9))
    system.advance(5.0)
    assert done_s == {"node/slow": [2.0, 4.0], "node/quick": [0.0, 0.0, 0.0]}


def test_a_slow_thread_takes_longer_over_every_message(threads: VirtualSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    slept_s: list[float] = []
    monkeypatch.setattr(time, "sleep", slept_s.append)
    puppet = threads.place(PATH)
    threads.incarnation(PATH).delay_s = 2.0
    for number in range(3):
        threads.tell(PATH, number)
    threads.run()
    assert (slept_s, puppet.log) == ([2.0, 2.0, 2.0], [0, 1, 2])


def test_an_injected_crash_overtakes_what_is_queued(system: VirtualSystem, parent: Puppet) -> None:
    puppet = system.place(PATH, parent="node/parent")
    with system.busy(PATH):
        system.tell(PATH, fail)
        system.stop(PATH, "shutdown")
        system.incarnation(PATH).crash("to see what follows")
    system.run()
    assert puppet.log == ["stopped: to see what follows"]
    assert parent.log[-1].reason == "to see what follows"
    assert system.metrics.counters["crashes"] == 1
