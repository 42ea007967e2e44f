"""A message that waits for room: its thread stands still, or it waits at the door; never for ever."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.kit.cells import Puppet, VirtualSystem, fail, until
from tradigrade.kernel.envelope import Envelope, Reply
from tradigrade.kernel.errors import ActorDead, MailboxFull
from tradigrade.kernel.intake import DOOR_LIMIT
from tradigrade.kernel.mailbox import Block, Conflate, DropOldest, Policy

PATH = "node/puppet"
WAIT_S = 10.0


class Narrow(Puppet):
    mailbox_limit = 2


@pytest.fixture
def puppet(system: VirtualSystem) -> Puppet:
    return system.place(PATH, Narrow())


def tell(system: VirtualSystem, message: Any, timeout_s: float = 1.0) -> bool:
    return system.deliver(PATH, Envelope(message, policy=Block(timeout_s)))


def test_with_room_nobody_waits(system: VirtualSystem, puppet: Puppet) -> None:
    with system.busy(PATH):
        assert tell(system, "hello")
        assert len(system.incarnation(PATH).mailbox) == 1
    system.run()
    assert puppet.log == ["hello"]


def test_who_waits_at_the_door_comes_in_in_order(system: VirtualSystem, puppet: Puppet) -> None:
    with system.busy(PATH):
        assert all(tell(system, number) for number in range(10))
        assert len(system.incarnation(PATH).mailbox) == 2
    system.run()
    assert puppet.log == list(range(10))
    assert system.virtual.due == 0
    system.advance(2.0)
    assert not system.dead_letters, "who came in is not turned away any more"


def test_who_waited_in_vain_is_refused_in_time(system: VirtualSystem, puppet: Puppet) -> None:
    reply = Reply()
    system.incarnation(PATH).held = True
    for number in range(2):
        tell(system, number)
    system.deliver(PATH, Envelope("late", reply=reply, policy=Block(1.0)))
    system.advance(0.99)
    assert not reply.done
    system.advance(0.01)
    assert isinstance(reply.error, MailboxFull)
    assert [letter.message for letter in system.dead_letters] == ["late"]
    assert system.incarnation(PATH).dead == 1


@pytest.mark.parametrize("end", ["kill", "crash"])
def test_who_waits_when_the_actor_ends_is_a_dead_letter(system: VirtualSystem, puppet: Puppet, end: str) -> None:
    reply = Reply()
    with system.busy(PATH):
        for message in (fail, "queued", "at the door"):
            tell(system, message)
        system.deliver(PATH, Envelope("asked at the door", reply=reply, policy=Block(1.0)))
        if end == "kill":
            system.kill(PATH)
    system.run()
    dead = [letter.message for letter in system.dead_letters]
    assert dead[-3:] == ["queued", "at the door", "asked at the door"]
    assert isinstance(reply.error, ActorDead)
    system.advance(2.0)
    assert len(system.dead_letters) == len(dead), "its time is not up a second time"


def test_the_door_is_bounded_too(cell: VirtualSystem) -> None:
    cell.place(PATH, Narrow())
    taken = [tell(cell, number) for number in range(DOOR_LIMIT + 5)]
    assert taken.count(False) == 3
    cell.run()
    assert cell.incarnation(PATH).handled == DOOR_LIMIT + 2


def test_nobody_overtakes_who_waits_at_the_door(system: VirtualSystem, puppet: Puppet) -> None:
    """Also the actor itself may not, which could tell itself while there is room."""

    def tell_itself_again(_: Puppet) -> None:
        system.tell(PATH, "later")

    def tell_itself(_: Puppet) -> None:
        for message in (tell_itself_again, "queued", "at the door"):
            tell(system, message)

    system.tell(PATH, tell_itself)
    system.run()
    assert puppet.log == ["queued", "at the door"]
    assert [letter.message for letter in system.dead_letters] == ["later"]


@pytest.mark.parametrize("policy", [None, DropOldest(), Conflate("key"), Block(1.0)])
def test_an_actor_that_tells_itself_with_a_full_mailbox_goes_on(
    system: VirtualSystem, puppet: Puppet, policy: Policy | None
) -> None:
    def tell_itself(puppet: Puppet) -> None:
        for number in range(5):
            puppet.context.tell(PATH, number, policy=policy)
        puppet.log.append("done")

    system.tell(PATH, tell_itself)
    system.advance(2.0)
    expected = {None: [0, 1], DropOldest(): [3, 4], Conflate("key"): [4], Block(1.0): [0, 1, 2, 3, 4]}
    assert puppet.log == ["done", *expected[policy]]


@contextmanager
def standing(threads: VirtualSystem, message: Any, timeout_s: float) -> Iterator[list[bool]]:
    """A thread that sends to the full mailbox of an actor that is at work; what it was told, once it is over."""
    threads.place(PATH, Narrow())
    answers: list[bool] = []
    with threads.busy(PATH):
        for number in range(2):
            threads.tell(PATH, number)
        actor: Any = threads.incarnation(PATH)
        sender = threading.Thread(target=lambda: answers.append(tell(threads, message, timeout_s)))
        sender.start()
        until(lambda: actor._senders or not sender.is_alive(), "the sender stands still")
        yield answers
    sender.join(WAIT_S)
    threads.run()


def test_a_thread_stands_still_until_there_is_room(threads: VirtualSystem) -> None:
    with standing(threads, "patient", WAIT_S) as answers:
        assert answers == []
    puppet = threads.incarnation(PATH).behaviour
    assert isinstance(puppet, Puppet)
    assert (answers, puppet.log) == ([True], [0, 1, "patient"])


def test_a_thread_that_stood_in_vain_is_refused(threads: VirtualSystem) -> None:
    with standing(threads, "hasty", 0.01) as answers:
        until(lambda: bool(answers), "the sender goes on")
        assert answers == [False]
    assert [letter.message for letter in threads.dead_letters] == ["hasty"]


def test_a_thread_goes_on_when_the_actor_ends(threads: VirtualSystem) -> None:
    with standing(threads, "late", WAIT_S) as answers:
        threads.kill(PATH)
        until(lambda: bool(answers), "the sender goes on")
        assert answers == [False]
    assert threads.dead_letters[-1].reason == f"'{PATH}' is ending"


def test_two_actors_on_threads_that_flood_each_other_both_go_on(threads: VirtualSystem) -> None:
    """Both mailboxes are full and both stand still: their time is up, and nothing is lost without a word."""

    def flood(puppet: Puppet) -> None:
        other = {"node/a": "node/b", "node/b": "node/a"}[puppet.context.path]
        for number in range(4):
            puppet.context.tell(other, number, policy=Block(0.02))
        puppet.log.append("done")

    puppets = [threads.place(path, Narrow()) for path in ("node/a", "node/b")]
    for path in ("node/a", "node/b"):
        threads.tell(path, flood)
    threads.run()
    assert all("done" in puppet.log for puppet in puppets)
    assert sum(len(puppet.log) - 1 for puppet in puppets) + len(threads.dead_letters) == 8
