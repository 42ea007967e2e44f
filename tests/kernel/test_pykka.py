"""The private parts of pykka a cell is built on: a change there must be found here first."""

import inspect
import threading
from collections.abc import Iterator
from typing import Any

import pykka
import pytest

from tests.kit.cells import Puppet, VirtualSystem, fail
from tradigrade.kernel.cell import CellActor
from tradigrade.kernel.errors import ActorFailed, MailboxFull

HOOKS = ("_create_actor_inbox", "_create_future", "_start_actor_loop")


@pytest.fixture(autouse=True)
def _nothing_is_registered() -> Iterator[None]:
    yield
    assert pykka.ActorRegistry.get_all() == [], "pykka's registry is process-global: two systems would share it"


@pytest.fixture
def system() -> VirtualSystem:
    system = VirtualSystem()
    system.place("node/puppet")
    return system


def ref(system: VirtualSystem) -> pykka.ActorRef[CellActor]:
    found = system.incarnation("node/puppet").actor_ref
    assert found is not None
    return found


@pytest.mark.parametrize("hook", HOOKS)
def test_pykka_still_has_the_hook(hook: str) -> None:
    assert hook in vars(pykka.Actor)
    assert hook in pykka.Actor.__abstractmethods__
    assert hook in vars(CellActor)


def test_pykka_makes_its_inbox_and_its_loop_through_the_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    for hook in HOOKS:
        original = inspect.getattr_static(CellActor, hook)

        def wrapper(*arguments: Any, hook: str = hook, original: Any = original) -> Any:
            called.append(hook)
            return original(*arguments)

        is_static = isinstance(original, staticmethod)
        monkeypatch.setattr(CellActor, hook, staticmethod(wrapper) if is_static else wrapper)
    system = VirtualSystem()
    system.place("node/puppet")
    ref(system).ask("question", block=False)
    assert called == list(HOOKS[:1] + HOOKS[2:] + HOOKS[1:2])


def test_a_pykka_ref_tells(system: VirtualSystem) -> None:
    ref(system).tell("hello")
    system.run()
    behaviour = system.incarnation("node/puppet").behaviour
    assert isinstance(behaviour, Puppet)
    assert behaviour.log == ["hello"]


def test_a_pykka_ref_asks(system: VirtualSystem) -> None:
    future = ref(system).ask("question", block=False)
    system.run()
    assert future.get(timeout=0) == "question"


class Full(Puppet):
    mailbox_limit = 0


@pytest.mark.parametrize(("actor", "question", "error"), [(Puppet, fail, ActorFailed), (Full, "question", MailboxFull)])
def test_a_pykka_ask_that_fails_raises(actor: type[Puppet], question: Any, error: type[Exception]) -> None:
    system = VirtualSystem()
    system.place("node/puppet", actor())
    future = ref(system).ask(question, block=False)
    system.run()
    with pytest.raises(error):
        future.get(timeout=0)


def test_what_a_pykka_ref_tells_a_full_mailbox_is_a_dead_letter() -> None:
    system = VirtualSystem()
    system.place("node/puppet", Full())
    ref(system).tell("hello")
    system.run()
    assert [letter.message for letter in system.dead_letters] == ["hello"]


def test_a_pykka_ask_queued_when_the_actor_ends_raises(system: VirtualSystem) -> None:
    future = ref(system).ask("question", block=False)
    system.kill("node/puppet")
    system.run()
    with pytest.raises(pykka.ActorDeadError):
        future.get(timeout=0)


def test_a_pykka_ref_knows_when_the_actor_is_dead(system: VirtualSystem) -> None:
    alive = ref(system)
    assert alive.is_alive()
    system.kill("node/puppet")
    assert not alive.is_alive()
    with pytest.raises(pykka.ActorDeadError):
        alive.tell("hello")


def test_a_pykka_ref_stops_in_good_order(system: VirtualSystem) -> None:
    behaviour = system.incarnation("node/puppet").behaviour
    stopped = ref(system).stop(block=False)
    system.run()
    assert stopped.get(timeout=0)
    assert isinstance(behaviour, Puppet)
    assert behaviour.log == ["stopped: shutdown"]


def test_two_pykka_stops_are_both_answered(system: VirtualSystem) -> None:
    stops = [ref(system).stop(block=False) for _ in range(2)]
    system.run()
    assert [stop.get(timeout=0) for stop in stops] == [True, False]


def test_a_pykka_ref_works_from_any_thread(system: VirtualSystem) -> None:
    """The cell is woken on its own thread, however the loop is asleep."""
    threads: list[int] = []
    soon = system.virtual.call_soon
    system.virtual.call_soon_threadsafe = lambda callback: (threads.append(threading.get_ident()), soon(callback))  # type: ignore[method-assign]
    sender = threading.Thread(target=ref(system).tell, args=("hello",))
    sender.start()
    sender.join(5.0)
    assert threads == [sender.ident]
