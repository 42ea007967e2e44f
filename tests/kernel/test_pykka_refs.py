"""What pykka's own refs see of an actor of ours: the same as of one of pykka's, without its faults."""

import threading
from collections.abc import Callable
from typing import Any

import pykka
import pytest

from tests.kit.cells import Puppet, VirtualSystem, fail
from tradigrade.kernel.errors import ActorFailed, MailboxFull

PATH = "node/puppet"


class Full(Puppet):
    mailbox_limit = 0


@pytest.fixture
def puppet(system: VirtualSystem) -> Puppet:
    return system.place(PATH)


def ref(system: VirtualSystem) -> pykka.ActorRef[Any]:
    return system.incarnation(PATH).actor_ref


def test_it_tells(system: VirtualSystem, puppet: Puppet) -> None:
    ref(system).tell("hello")
    system.run()
    assert puppet.log == ["hello"]


def test_it_asks(system: VirtualSystem, puppet: Puppet) -> None:
    future = ref(system).ask("question", block=False)
    system.run()
    assert future.get(timeout=0) == "question"


@pytest.mark.parametrize(("actor", "question", "error"), [(Puppet, fail, ActorFailed), (Full, "question", MailboxFull)])
def test_an_ask_that_fails_raises(
    system: VirtualSystem, actor: type[Puppet], question: Any, error: type[Exception]
) -> None:
    system.place(PATH, actor())
    future = ref(system).ask(question, block=False)
    system.run()
    with pytest.raises(error):
        future.get(timeout=0)


def test_what_it_tells_a_full_mailbox_is_a_dead_letter(system: VirtualSystem) -> None:
    system.place(PATH, Full())
    ref(system).tell("hello")
    system.run()
    assert [letter.message for letter in system.dead_letters] == ["hello"]


def test_an_ask_queued_when_the_actor_ends_raises(system: VirtualSystem, puppet: Puppet) -> None:
    with system.busy(PATH):
        future = ref(system).ask("question", block=False)
        system.kill(PATH)
    system.run()
    with pytest.raises(pykka.ActorDeadError):
        future.get(timeout=0)


def test_it_knows_when_the_actor_is_dead(system: VirtualSystem, puppet: Puppet) -> None:
    alive = ref(system)
    assert alive.is_alive()
    system.kill(PATH)
    assert not alive.is_alive()
    with pytest.raises(pykka.ActorDeadError):
        alive.tell("hello")


def test_it_stops_in_good_order(system: VirtualSystem, puppet: Puppet) -> None:
    stopped = ref(system).stop(block=False)
    system.run()
    assert stopped.get(timeout=0)
    assert puppet.log == ["stopped: shutdown"]


def test_two_stops_are_both_answered(system: VirtualSystem, puppet: Puppet) -> None:
    with system.busy(PATH):
        stops = [ref(system).stop(block=False) for _ in range(2)]
    system.run()
    assert [stop.get(timeout=0) for stop in stops] == [True, False]


def test_it_works_from_any_thread(cell: VirtualSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cell is woken on its own thread, however deep its loop sleeps."""
    cell.place(PATH)
    threads: list[int] = []
    soon = cell.virtual.call_soon_threadsafe

    def note(callback: Callable[[], object]) -> None:
        threads.append(threading.get_ident())
        soon(callback)

    monkeypatch.setattr(cell.virtual, "call_soon_threadsafe", note)
    sender = threading.Thread(target=ref(cell).tell, args=("hello",))
    sender.start()
    sender.join(5.0)
    assert threads == [sender.ident]
