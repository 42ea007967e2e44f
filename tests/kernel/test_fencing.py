"""A thread cannot be killed. One that hangs is abandoned: its path is free, and nothing it still does counts."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.kit.cells import Gate, Puppet, VirtualSystem, fail, until
from tradigrade.kernel.errors import ActorDead, Fenced
from tradigrade.kernel.signals import KILLED, Down
from tradigrade.kernel.threads import ABANDONED, ThreadsAbandoned

PATH = "node/puppet"


@pytest.fixture
def parent(threads: VirtualSystem) -> Puppet:
    threads.place("node/other")
    return threads.place("node/parent")


def hang(threads: VirtualSystem, then: Callable[[Any], Any] | None = None, path: str = PATH) -> Gate:
    threads.place(path, parent="node/parent")
    return Gate(threads, path, then)


def test_the_path_is_free_and_the_parent_told_while_the_thread_still_hangs(
    threads: VirtualSystem, parent: Puppet
) -> None:
    gate = hang(threads)
    parent.log.clear()
    threads.kill(PATH)
    threads.run()
    assert parent.log == [Down(PATH, 1, KILLED)]
    assert PATH not in threads.actors
    assert len(threads.threads.abandoned) == 1
    gate.open()


def test_the_next_incarnation_lives_beside_the_old_thread(threads: VirtualSystem, parent: Puppet) -> None:
    gate = hang(threads)
    old = threads.incarnation(PATH).behaviour
    threads.tell(PATH, "queued")
    threads.kill(PATH)
    successor = threads.place(PATH)
    threads.tell(PATH, "hello")
    threads.run()
    gate.open()
    threads.run()
    assert successor.log == ["hello"]
    assert isinstance(old, Puppet)
    assert old.log == [], "what was queued is not handled by the old thread, and no stop hook runs"
    assert threads.dead_letters[0].message == "queued"


def ask(puppet: Puppet) -> None:
    puppet.context.ask("node/other", "from the dead", 1.0)


HARM: dict[str, Callable[[Puppet], Any]] = {
    "tell": lambda puppet: puppet.context.tell("node/other", "from the dead"),
    "tell through a ref made before": lambda puppet: puppet.other.tell("from the dead"),  # type: ignore[attr-defined]
    "ask through a ref made before": lambda puppet: puppet.other.ask("from the dead", 1.0),  # type: ignore[attr-defined]
    "ask": ask,
    "publish": lambda puppet: puppet.context.publish("news", "from the dead"),
    "subscribe": lambda puppet: puppet.context.subscribe("news"),
    "monitor": lambda puppet: puppet.context.monitor("node/other"),
    "schedule": lambda puppet: puppet.context.schedule(0.0, "from the dead"),
    "repeat": lambda puppet: puppet.context.repeat(1.0, "from the dead"),
    "ports": lambda puppet: puppet.context.ports["disk"],
}


@pytest.mark.parametrize("harm", HARM)
def test_what_the_old_thread_tries_is_refused_inside_it_and_reaches_nobody(
    threads: VirtualSystem, parent: Puppet, harm: str
) -> None:
    refused: list[str] = []

    def try_it(puppet: Puppet) -> None:
        try:
            HARM[harm](puppet)
        except Fenced as error:
            refused.append(str(error))
            raise

    threads.ports = {"disk": "a door to the outside"}
    other = threads.incarnation("node/other").behaviour
    other.context.subscribe("news")  # type: ignore[union-attr]
    gate = hang(threads, try_it)
    puppet: Any = threads.incarnation(PATH).behaviour
    puppet.other = puppet.context.ref("node/other")
    threads.kill(PATH)
    successor = threads.place(PATH)
    gate.open()
    threads.run()
    threads.publish("news", "for the living")
    threads.advance(5.0)
    assert refused == [f"incarnation 1 of '{PATH}' has ended: it may do nothing more"]
    assert other.log == ["for the living"]  # type: ignore[union-attr]
    assert successor.log == []


@pytest.mark.parametrize("then", [lambda _: "late answer", fail], ids=["answer", "crash"])
def test_who_waits_for_its_answer_is_told_at_once_that_there_will_be_none(
    threads: VirtualSystem, parent: Puppet, then: Any
) -> None:
    gate = hang(threads, then)
    threads.kill(PATH)
    assert isinstance(gate.reply.error, ActorDead)
    gate.open()
    threads.run()
    assert gate.reply.value is None
    assert [said.reason for said in parent.log[1:]] == [KILLED], "the late crash is nobody's business"


def test_what_it_had_taken_is_released_while_it_still_hangs(threads: VirtualSystem, parent: Puppet) -> None:
    threads.place(PATH)
    puppet = threads.incarnation(PATH).behaviour
    assert isinstance(puppet, Puppet)
    for take in (lambda puppet: puppet.context.subscribe("news"), lambda puppet: puppet.context.repeat(1.0, "tick")):
        threads.tell(PATH, take)
    threads.run()
    gate = Gate(threads, PATH)
    threads.kill(PATH)
    threads.publish("news", "anything")
    threads.advance(5.0)
    assert threads.topics.subscribers("news") == ()
    gate.open()
    threads.run()
    assert puppet.log == []
    assert not threads.dead_letters


def test_an_abandoned_thread_is_counted_until_it_ends(threads: VirtualSystem, parent: Puppet) -> None:
    gates = []
    for number in range(3):
        gates.append(hang(threads, path=f"node/{number}"))
        threads.kill(f"node/{number}")
        assert len(threads.threads.abandoned) == number + 1
    assert threads.metrics.counters["threads_abandoned"] == 3
    for left, gate in zip((2, 1, 0), gates, strict=True):
        gate.open()
        threads.run()
        assert len(threads.threads.abandoned) == left


def test_an_idle_thread_that_is_killed_is_not_abandoned(threads: VirtualSystem, parent: Puppet) -> None:
    threads.place(PATH)
    threads.kill(PATH)
    threads.run()
    assert "threads_abandoned" not in threads.metrics.counters


def test_past_the_limit_it_is_published(threads: VirtualSystem, parent: Puppet) -> None:
    parent.context.subscribe(ABANDONED)
    threads.threads.abandoned_limit = 2
    gates = []
    for number in range(4):
        gates.append(hang(threads, path=f"node/{number}"))
        threads.kill(f"node/{number}")
    threads.run()
    assert [said for said in parent.log if isinstance(said, ThreadsAbandoned)] == [
        ThreadsAbandoned(3, 2),
        ThreadsAbandoned(4, 2),
    ]
    for gate in gates:
        gate.open()


def test_a_start_hook_that_hangs_is_abandoned_too(threads: VirtualSystem, parent: Puppet) -> None:
    class Stuck(Puppet):
        def start(self) -> None:
            with threads.counted.hanging():
                hanging.append(self)
                until(lambda: not hanging, "the test lets it go")
            self.context.subscribe("news")

    hanging: list[Puppet] = []
    threads.spawn(PATH, Stuck, parent="node/parent")
    until(lambda: bool(hanging), "it hangs")
    threads.kill(PATH)
    assert len(threads.threads.abandoned) == 1
    hanging.clear()
    until(lambda: not threads.threads.abandoned, "its thread ends")
    threads.run()
    assert parent.log == [Down(PATH, 1, KILLED, started=False)]
    assert threads.topics.subscribers("news") == ()


def test_a_thread_that_ends_just_when_it_is_killed_is_not_counted_for_ever(
    threads: VirtualSystem, parent: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread must not get to its end between being found at work and being counted."""
    before = set(threading.enumerate())
    gate = hang(threads)
    (thread,) = set(threading.enumerate()) - before
    count = threads.counted.abandon

    def open_first(actor: Any) -> None:
        gate.open()
        thread.join(0.05)
        count(actor)

    monkeypatch.setattr(threads.counted, "abandon", open_first)
    threads.kill(PATH)
    threads.run()
    assert not threads.threads.abandoned
    assert threads.metrics.counters["threads_abandoned"] == 1
