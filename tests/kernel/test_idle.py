"""What an actor leaves for idleness: over all runtimes it comes, and in a cell it never holds up what came in."""

from typing import Any

import pytest

from tests.kit.cells import Puppet, VirtualSystem
from tradigrade.kernel.cell import BATCH, IDLE_EVERY, CellActor
from tradigrade.kernel.mailbox import Lane

PATH = "node/puppet"


def leave(*messages: Any) -> Any:
    """Told to a puppet, it leaves these for idleness."""
    return lambda puppet: [puppet.context.when_idle(message) for message in messages]


def test_what_is_left_for_idleness_comes_in_its_order_behind_the_mail_that_waits(system: VirtualSystem) -> None:
    puppet = system.place(PATH)
    with system.busy(PATH):
        system.tell(PATH, leave("first", "second"))
        for number in range(3):
            system.tell(PATH, number)
    system.run()
    assert puppet.log == [0, 1, 2, "first", "second"]


def test_where_there_is_no_room_it_is_refused_and_told(system: VirtualSystem) -> None:
    class Narrow(Puppet):
        mailbox_limit = 2

    puppet = system.place(PATH, Narrow())
    taken = system.ask(PATH, leave("first", "second", "third"), 1.0)
    system.run()
    assert (taken.value, puppet.log) == ([True, True, False], ["first", "second"])
    assert [letter.message for letter in system.dead_letters] == ["third"]


def test_who_is_made_to_hang_comes_to_it_once_it_goes_on(system: VirtualSystem) -> None:
    puppet = system.place(PATH)
    actor = system.incarnation(PATH)
    actor.hold()
    system.tell(PATH, "idle", lane=Lane.IDLE)
    system.run()
    assert puppet.log == []
    actor.resume()
    system.run()
    assert puppet.log == ["idle"]


def test_what_a_failed_one_left_comes_to_the_next_where_mail_is_kept(system: VirtualSystem) -> None:
    def fail(puppet: Puppet) -> None:
        puppet.context.when_idle("left")
        raise RuntimeError

    system.reborn(PATH, poison_after=1)
    system.tell(PATH, fail)
    system.run()
    assert system.reborn(PATH).log == ["left"]


class Socket:
    """Something has come in whenever the loop is asked: the clock is the number of looks."""

    def __init__(self, system: VirtualSystem, frames: int) -> None:
        self._system = system
        self._frames = frames
        self.looks = 0

    def poll(self) -> None:
        self.looks += 1
        if self._frames:
            self._frames -= 1
            self._system.tell("node/feed", "frame")
        if self._system.virtual.busy:
            self._system.virtual.call_soon(self.poll)


@pytest.mark.parametrize("burst", [1, 100])
def test_a_frame_waits_for_one_step_of_a_burst_left_for_idleness_at_most(cell: VirtualSystem, burst: int) -> None:
    """A hundred strategies decide at once and leave their learning: a frame with each look at the socket."""
    log: list[Any] = []
    cell.place("node/feed", Puppet(log))
    for number in range(burst):
        cell.place(f"node/strategy/{number}", Puppet(log))
    for number in range(burst):
        cell.tell(f"node/strategy/{number}", leave("step", "step"))
    cell.virtual.call_soon(Socket(cell, frames=30).poll)
    cell.run()
    between = "".join("f" if entry == "frame" else "s" for entry in log).split("f")
    assert len(between) == 31
    assert max(map(len, between[:-1])) <= 1
    assert log.count("step") == 2 * burst


def test_a_batch_takes_one_step_and_then_the_loop_is_asked_what_came_in(cell: VirtualSystem) -> None:
    puppet = cell.place(PATH)
    cell.tell(PATH, leave(*range(50)))
    socket = Socket(cell, frames=0)
    cell.virtual.call_soon(socket.poll)
    cell.run()
    assert len(puppet.log) == 50
    assert socket.looks >= 50


def test_however_busy_the_others_are_a_step_comes_in_time(cell: VirtualSystem) -> None:
    log: list[Any] = []
    cell.place(PATH, Puppet(log))
    for name in ("one", "two"):
        cell.place(f"node/{name}", Puppet(log))
    cell.tell(PATH, leave("step"))
    for _ in range(2_000):
        cell.tell("node/one", "work")
        cell.tell("node/two", "work")
    cell.run()
    assert BATCH * CellActor.share <= log.index("step") <= IDLE_EVERY * BATCH * CellActor.share


def test_to_stop_comes_before_what_could_wait(cell: VirtualSystem) -> None:
    puppet = cell.place(PATH)
    actor = cell.incarnation(PATH)
    assert isinstance(actor, CellActor)
    cell.tell(PATH, "idle", lane=Lane.IDLE)
    cell.stop(PATH, "enough")
    actor.idle_turn()
    assert puppet.log == []
    cell.run()
    assert puppet.log == ["stopped: enough"]
