"""Real threads: placement, order, and races that must lose no message and no answer."""

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.kit.cells import Puppet, RuntimeName, VirtualSystem, fail, until
from tradigrade.kernel.errors import ActorDead, Misplaced
from tradigrade.kernel.signals import Down

PATH = "node/puppet"
WAIT_S = 10.0


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(*actions: Callable[[], object]) -> None:
    running = [threading.Thread(target=action) for action in actions]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(WAIT_S)
        assert not thread.is_alive()


class Blocking(Puppet):
    blocks = True


@pytest.mark.parametrize(("name", "refused"), [("cell", True), ("threads", False), ("simulated", False)])
def test_an_actor_that_blocks_is_refused_in_a_cell_alone(name: RuntimeName, refused: bool) -> None:
    system = VirtualSystem(runtime=name)
    parent = system.place("node/parent")
    blocking = system.place(PATH, Blocking(), parent="node/parent")
    if not refused:
        assert PATH in system.actors
        system.kill(PATH)
        return
    says = "Misplaced: Blocking blocks, and would hold up everybody in its cell: place it with runtime 'threads' at "
    (down,) = parent.log
    assert isinstance(down, Down)
    assert down.reason.startswith(says)
    assert not down.started
    assert blocking.log == [], "what was never started is not stopped"


def test_an_unknown_runtime_is_refused_by_name(system: VirtualSystem) -> None:
    names = ", ".join(system.runtimes)
    with pytest.raises(Misplaced, match=f"runtime of '{PATH}': expected one of {names}, got 'fibres'"):
        system.spawn(PATH, Puppet, runtime="fibres")
    assert PATH not in system.actors


def test_every_actor_has_a_thread_of_its_own(threads: VirtualSystem) -> None:
    for path in ("node/a", "node/b"):
        threads.place(path)
    idents = [threads.ask(path, lambda _: threading.get_ident(), 1.0).wait(WAIT_S) for path in ("node/a", "node/b")]
    assert len({*idents, threading.get_ident()}) == 3


def test_a_thread_that_ended_is_gone(threads: VirtualSystem) -> None:
    before = threading.active_count()
    for number in range(20):
        threads.place(f"node/{number}")
    assert threading.active_count() == before + 20
    for number in range(20):
        threads.kill(f"node/{number}")
    until(lambda: threading.active_count() == before, "all threads end")


@pytest.mark.parametrize(("above", "below"), [("cell", "threads"), ("threads", "cell")])
def test_actors_of_two_runtimes_ask_each_other(above: str, below: str) -> None:
    system = VirtualSystem()
    answers: list[Any] = []
    for path, runtime in (("node/asker", above), ("node/answering", below)):
        system.spawn(path, Puppet, runtime=runtime)
    system.tell(
        "node/asker",
        lambda puppet: puppet.context.ask("node/answering", "?", 1.0).then(
            lambda done: answers.append((done.value, threading.get_ident()))
        ),
    )
    system.run()
    home = threading.get_ident()
    ((value, ident),) = answers
    assert value == "?"
    assert (ident == home) is (above == "cell"), "the answer is a turn of the asker, on the asker's thread"
    system.kill("node/asker")
    system.kill("node/answering")
    system.run()


@pytest.mark.usefixtures("hasty")
def test_many_senders_lose_nothing_and_each_keeps_its_order(threads: VirtualSystem) -> None:
    puppet = threads.place(PATH)

    def send(sender: int) -> None:
        for number in range(1000):
            assert threads.tell(PATH, (sender, number))

    in_threads(*(lambda sender=sender: send(sender) for sender in range(8)))
    threads.run()
    assert len(puppet.log) == 8000
    for sender in range(8):
        assert [number for who, number in puppet.log if who == sender] == list(range(1000))


@pytest.mark.usefixtures("hasty")
def test_what_threads_send_into_a_cell_arrives_in_order(cell: VirtualSystem) -> None:
    puppet = cell.place(PATH)
    in_threads(
        *(lambda sender=sender: [cell.tell(PATH, (sender, number)) for number in range(200)] for sender in range(4))
    )
    cell.run()
    assert len(puppet.log) == 800
    for sender in range(4):
        assert [number for who, number in puppet.log if who == sender] == list(range(200))


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_2000_asks_that_race_an_end_all_resolve(threads: VirtualSystem, end: str) -> None:
    replies: list[Any] = []
    puppet = threads.place(PATH)
    race = threading.Barrier(5)

    def ask() -> None:
        for number in range(500):
            if number == 200:
                race.wait(WAIT_S)
            reply = threads.ask(PATH, "question", 60.0)
            replies.append(reply)

    def finish() -> None:
        race.wait(WAIT_S)
        threads.stop(PATH, "shutdown") if end == "stop" else threads.kill(PATH)

    in_threads(*[ask] * 4, finish)
    threads.run()
    assert len(replies) == 2000
    assert all(reply.done for reply in replies)
    assert {type(reply.error) for reply in replies} <= {type(None), ActorDead}
    assert puppet.log.count("question") - sum(reply.error is None for reply in replies) in {0, 1}, "one may be at hand"


@pytest.mark.parametrize(
    "end", [lambda cell: cell.kill(PATH), lambda cell: cell.stop(PATH, "shutdown"), lambda cell: cell.tell(PATH, fail)]
)
def test_what_ends_an_actor_in_a_cell_from_another_thread_happens_on_the_cells_own(
    cell: VirtualSystem, end: Callable[[VirtualSystem], object]
) -> None:
    puppet = cell.place(PATH)
    puppet.context.repeat(1.0, "tick")
    in_threads(lambda: end(cell))
    assert PATH in cell.actors
    cell.run()
    assert PATH not in cell.actors
    assert cell.virtual.due == 0


@pytest.mark.usefixtures("hasty")
def test_one_of_many_that_kill_at_once_ends_it_once(threads: VirtualSystem) -> None:
    parent = threads.place("node/parent")
    for number in range(50):
        threads.place(PATH, parent="node/parent")
        in_threads(*[lambda: threads.kill(PATH)] * 4)
        threads.run()
        assert sum(isinstance(said, Down) for said in parent.log) == number + 1


@pytest.mark.usefixtures("hasty")
def test_a_timer_set_on_a_thread_and_given_back_there_never_fires(threads: VirtualSystem) -> None:
    puppet = threads.place(PATH)
    threads.tell(PATH, lambda puppet: puppet.context.schedule(1.0, "kept") and None)
    threads.tell(PATH, lambda puppet: puppet.context.schedule(1.0, "given back").cancel())
    threads.tell(PATH, lambda puppet: puppet.context.repeat(1.0, "often") and None)
    threads.advance(2.5)
    assert sorted(puppet.log) == ["kept", "often", "often"]
