"""What pykka 4 does and an actor system must not, fact by fact, and what ours does instead.

Each test is named by its fact; where it needs a runtime of its own, the test says so.
"""

import threading
from typing import Any

import pykka
import pytest

from tests.kit.cells import Gate, Puppet, VirtualSystem, fail
from tradigrade.kernel.envelope import Reply
from tradigrade.kernel.errors import ActorDead, ActorFailed
from tradigrade.kernel.ref import Ref
from tradigrade.kernel.signals import Down, Started

PATH = "node/puppet"


class Narrow(Puppet):
    mailbox_limit = 2


class Unlucky(Puppet):
    def start(self) -> None:
        raise RuntimeError("boom")


class Clumsy(Puppet):
    def stop(self, reason: str) -> None:
        self.log.append((reason, self.context.path in self.context.system.actors))
        raise OSError("the disk is gone")


@pytest.fixture
def parent(system: VirtualSystem) -> Puppet:
    return system.place("node/parent")


@pytest.mark.parametrize("actor", [Puppet, Unlucky])
def test_01_start_returns_without_an_acknowledgement(
    system: VirtualSystem, parent: Puppet, actor: type[Puppet]
) -> None:
    """Ours is told to the parent, and a start that failed runs the stop hook."""
    puppet = system.place(PATH, actor(), parent="node/parent")
    (said,) = parent.log
    if actor is Puppet:
        assert said == Started(PATH, 1)
        return
    assert isinstance(said, Down)
    assert not said.started
    assert puppet.log[0].startswith("stopped: RuntimeError: boom")


def test_02_a_failing_ask_does_not_crash_its_actor(system: VirtualSystem, parent: Puppet) -> None:
    """Ours both answers and crashes: no half-changed state lives on, and the supervisor knows."""
    system.place(PATH, parent="node/parent")
    reply = system.ask(PATH, fail, 1.0)
    system.run()
    assert isinstance(reply.error, ActorFailed)
    assert isinstance(parent.log[-1], Down)


def test_03_an_exit_in_a_handler_stops_every_actor_of_the_process(system: VirtualSystem, parent: Puppet) -> None:
    """Ours ends alone, and the question is answered."""

    def leave(_: Puppet) -> None:
        raise SystemExit(1)

    system.place(PATH)
    reply = system.ask(PATH, leave, 1.0)
    system.run()
    assert isinstance(reply.error, ActorFailed)
    assert set(system.actors) == {"node/parent"}


def test_04_a_question_put_after_the_last_look_into_the_inbox_is_never_answered(system: VirtualSystem) -> None:
    """Ours closes the mailbox first: what the stop hook still does finds it closed, and is answered at once."""
    replies: list[Reply] = []

    class Asking(Puppet):
        def stop(self, reason: str) -> None:
            replies.append(system.ask(PATH, "late", 60.0))

    system.place(PATH, Asking())
    system.stop(PATH, "shutdown")
    system.run()
    assert [type(reply.error) for reply in replies] == [ActorDead]


def test_05_what_was_told_and_not_handled_at_the_end_is_lost_without_a_word(system: VirtualSystem) -> None:
    """Ours is a dead letter."""
    system.place(PATH)
    with system.busy(PATH):
        system.tell(PATH, fail)
        system.tell(PATH, "queued")
    system.run()
    assert [letter.message for letter in system.dead_letters] == ["queued"]


def test_06_a_stop_waits_behind_all_work_and_a_hung_actor_for_ever(threads: VirtualSystem) -> None:
    """Ours overtakes, never waits in the actor's own turn, and a thread that hangs is abandoned."""
    threads.place(PATH)
    with threads.busy(PATH):
        for number in range(50):
            threads.tell(PATH, number)
        threads.stop(PATH, "shutdown")
    threads.run()
    assert len(threads.dead_letters) == 50
    threads.place(PATH)
    threads.tell(PATH, lambda puppet: puppet.context.system.stop(PATH, "shutdown"))
    threads.run()
    assert PATH not in threads.actors
    threads.place(PATH)
    gate = Gate(threads, PATH)
    threads.kill(PATH)
    assert PATH not in threads.actors
    gate.open()


def test_07_telling_the_dead_crashes_the_sender(system: VirtualSystem) -> None:
    """Ours is told so, and goes on."""
    system.place(PATH)
    reply = system.ask(PATH, lambda puppet: puppet.context.tell("node/nobody", "hello"), 1.0)
    system.run()
    assert reply.value is False
    assert PATH in system.actors


@pytest.mark.parametrize("end", ["crash", "stop"])
def test_08_hooks_run_when_the_actor_is_gone_and_their_failures_vanish(
    system: VirtualSystem, parent: Puppet, end: str
) -> None:
    """Ours has one stop hook, run while the path is still the actor's; its failure is part of the reason."""
    puppet = system.place(PATH, Clumsy(), parent="node/parent")
    if end == "crash":
        system.tell(PATH, fail)
    else:
        system.stop(PATH, "shutdown")
    system.run()
    ((reason, lived),) = puppet.log
    assert lived
    assert parent.log[-1].reason.startswith(f"{reason}; its stop hook failed: OSError: the disk is gone")


def test_09_an_inbox_has_no_bound_or_blocks_whoever_tells(system: VirtualSystem) -> None:
    """Ours is bounded and says no at once, also to the actor itself."""

    def tell_itself(puppet: Puppet) -> list[bool]:
        return [puppet.context.tell(PATH, number) for number in range(4)]

    system.place(PATH, Narrow())
    reply = system.ask(PATH, tell_itself, 1.0)
    system.run()
    assert reply.value == [True, True, False, False]


def test_10_a_question_whose_asker_gave_up_is_handled_all_the_same(system: VirtualSystem) -> None:
    """Ours is dropped, and counted."""
    puppet = system.place(PATH)
    with system.busy(PATH):
        reply = system.ask(PATH, "question", 0.5)
        system.virtual.clock.advance(0.6)
    system.advance(1.0)
    assert reply.error is not None
    assert "question" not in puppet.log
    assert system.incarnation(PATH).expired == 1


def test_11_one_registry_for_the_process_searched_from_its_beginning(system: VirtualSystem) -> None:
    """Ours has one of each system, by path; what is published reaches everybody, whoever has died meanwhile."""
    readers = [system.place(f"node/{number}") for number in range(3)]
    for reader in readers:
        reader.context.subscribe("news")
    system.kill("node/1")
    system.publish("news", "hello")
    system.run()
    assert [reader.log for reader in readers] == [["hello"], [], ["hello"]]
    assert pykka.ActorRegistry.get_all() == []
    assert list(VirtualSystem().actors) == []


def test_12_a_thread_that_cannot_be_had_leaves_an_actor_that_seems_to_live(
    threads: VirtualSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours is a failed start, and the path is free."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    parent = threads.place("node/parent")
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        threads.spawn(PATH, Puppet, parent="node/parent")
    threads.run()
    (down,) = parent.log
    assert (down.started, PATH in threads.actors) == (False, False)
    assert down.reason.startswith("RuntimeError: can't start new thread")


def test_13_no_address_outlives_an_incarnation(system: VirtualSystem) -> None:
    """Ours is a path: the same ref reaches whoever lives there now."""
    ref = Ref(system, PATH)
    for _ in range(2):
        puppet = system.place(PATH)
        assert ref.tell("hello")
        system.run()
        assert puppet.log == ["hello"]
        system.kill(PATH)
    assert not ref.tell("hello")


def test_14_awaiting_a_future_blocks_the_loop_and_a_second_answer_raises(system: VirtualSystem) -> None:
    """Ours calls back, and ignores the second. That messages are shared, not copied, is true of ours as well."""
    heard: list[Any] = []
    system.place(PATH)
    message = ["shared"]
    reply = system.ask(PATH, lambda _: message, 1.0)
    reply.then(lambda done: heard.append(done.value))
    system.run()
    reply.resolve("second")
    assert heard[0] is message
    assert not hasattr(reply, "__await__")


def test_15_every_actor_costs_a_thread(cell: VirtualSystem) -> None:
    """Ours costs none in a cell; the fact holds for the threads runtime, which is for the few that block."""
    before = threading.active_count()
    for number in range(1000):
        cell.spawn(f"node/{number}", Puppet)
    cell.run()
    assert len(cell.actors) == 1000
    assert threading.active_count() == before
