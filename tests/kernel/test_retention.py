"""Mail that outlives its incarnation: kept on a failure, in order, bounded, and handled by the next one."""

from typing import Any

import pytest

from tests.kit.cells import Puppet, VirtualSystem, fail
from tradigrade.kernel.birth import Birth
from tradigrade.kernel.envelope import Envelope
from tradigrade.kernel.errors import ActorDead, ActorFailed
from tradigrade.kernel.mailbox import Block, Conflate, Lane
from tradigrade.kernel.signals import Down

PATH = "node/puppet"


class Narrow(Puppet):
    mailbox_limit = 2


def bear(system: VirtualSystem, keep: int = 100, actor: Puppet | None = None) -> Puppet:
    return system.reborn(PATH, actor, keep_mailbox=keep)


def fail_once() -> Any:
    """Crashes its first actor, and is noted by the second."""
    seen: list[Puppet] = []

    def act(puppet: Puppet) -> Any:
        seen.append(puppet)
        if len(seen) == 1:
            fail()
        puppet.log.append("retried")
        return "retried"

    return act


def dead(system: VirtualSystem) -> list[Any]:
    return [letter.message for letter in system.dead_letters]


def test_the_next_incarnation_begins_with_the_message_at_hand_then_the_rest_in_order(system: VirtualSystem) -> None:
    first = bear(system)
    with system.busy(PATH):
        for message in ("before", fail_once(), "a", "b"):
            system.tell(PATH, message)
    system.run()
    system.tell(PATH, "while nobody lives there")
    assert [said for said in first.log if not said.startswith("stopped")] == ["before"]
    second = bear(system)
    system.tell(PATH, "new")
    system.run()
    assert second.log == ["retried", "a", "b", "while nobody lives there", "new"]
    assert not system.dead_letters


def exit_with(reason: str) -> Any:
    return lambda system: system.tell(PATH, lambda puppet: puppet.context.exit(reason))


@pytest.mark.parametrize(
    ("end", "kept"),
    [
        (lambda system: system.kill(PATH), True),
        (lambda system: system.incarnation(PATH).crash("as told"), True),
        (exit_with("no venue"), True),
        (exit_with("normal"), False),
        (exit_with("shutdown: done"), False),
        (lambda system: system.stop(PATH, "shutdown"), False),
    ],
    ids=["kill", "injected crash", "failing exit", "clean exit", "shutdown", "stop"],
)
def test_only_a_failure_keeps_the_mail(system: VirtualSystem, end: Any, kept: bool) -> None:
    bear(system)
    with system.busy(PATH):
        end(system)
        if PATH in system.actors:
            system.tell(PATH, "a")
        system.tell(PATH, "b")
    system.run()
    assert bear(system).log[-1:] == (["b"] if kept else [])


def test_without_being_asked_for_nothing_is_kept(system: VirtualSystem) -> None:
    bear(system, keep=0)
    with system.busy(PATH):
        for message in (fail, "a"):
            system.tell(PATH, message)
    system.run()
    system.tell(PATH, "b")
    assert dead(system) == ["a", "b"]
    assert len(system.retention) == 0


def test_what_is_kept_is_bounded_and_the_rest_is_dead(system: VirtualSystem) -> None:
    bear(system, keep=3)
    with system.busy(PATH):
        for message in (fail_once(), "a", "b", "c", "d"):
            system.tell(PATH, message)
    system.run()
    assert system.register.born[0].kept == 3
    assert not system.tell(PATH, "e"), "also what comes later finds no room"
    assert dead(system) == ["c", "d", "e"]
    assert bear(system, keep=3).log == ["retried", "a", "b"]


def test_more_may_be_kept_than_the_mailbox_holds(system: VirtualSystem) -> None:
    bear(system, actor=Narrow())
    system.kill(PATH)
    for number in range(5):
        system.tell(PATH, number)
    assert bear(system, actor=Narrow()).log == [0, 1, 2, 3, 4]


def test_what_waited_at_the_door_is_kept_too(system: VirtualSystem) -> None:
    bear(system, actor=Narrow())
    with system.busy(PATH):
        for message in (fail_once(), "a", "b", "c"):
            system.deliver(PATH, Envelope(message, policy=Block(1.0)))
    system.run()
    assert bear(system).log == ["retried", "a", "b", "c"]


def test_a_question_is_answered_by_the_next_incarnation(system: VirtualSystem) -> None:
    bear(system)
    with system.busy(PATH):
        at_hand, queued = system.ask(PATH, fail_once(), 5.0), system.ask(PATH, "queued", 5.0)
    system.run()
    asked = system.ask(PATH, "while nobody lives there", 5.0)
    system.run()
    assert not any(reply.done for reply in (at_hand, queued, asked))
    bear(system)
    assert (at_hand.value, queued.value, asked.value) == ("retried", "queued", "while nobody lives there")


def test_a_question_that_waits_too_long_expires(system: VirtualSystem) -> None:
    bear(system)
    system.kill(PATH)
    reply = system.ask(PATH, "perishable", 1.0)
    system.advance(2.0)
    assert reply.done
    assert bear(system).log == []
    assert system.incarnation(PATH).expired == 1


def test_who_does_not_come_back_leaves_dead_letters(system: VirtualSystem) -> None:
    bear(system)
    system.kill(PATH)
    reply = system.ask(PATH, "question", 5.0)
    system.discard(PATH)
    assert isinstance(reply.error, ActorDead)
    assert system.dead_letters[-1].reason == f"'{PATH}' does not come back"
    assert not system.tell(PATH, "later"), "nothing more is held"


def test_signals_are_never_kept(system: VirtualSystem) -> None:
    bear(system)
    with system.busy(PATH):
        system.tell(PATH, "work")
        system.incarnation(PATH).request_stop("for the first one alone")
        system.incarnation(PATH).post(fail)
        for _ in range(2):
            system.incarnation(PATH).crash("for the first one alone")
    system.run()
    assert bear(system).log == ["work"]
    system.kill(PATH)
    assert not system.tell(PATH, Down("node/other", 1, "killed"), lane=Lane.SUPERVISION)
    assert bear(system).log == []


def test_a_next_incarnation_that_fails_to_start_passes_the_mail_on(system: VirtualSystem) -> None:
    class Unlucky(Puppet):
        def start(self) -> None:
            raise RuntimeError("boom")

    bear(system)
    system.kill(PATH)
    for number in range(3):
        system.tell(PATH, number)
    bear(system, actor=Unlucky())
    assert bear(system).log == [0, 1, 2]


def test_of_kept_mail_of_one_key_the_newest_is_the_last(cell: VirtualSystem) -> None:
    """Held mail is not conflated; what comes later displaces the newest, not an older one before it."""
    bear(cell)
    cell.kill(PATH)
    puppet = Puppet()
    for price in (1, 2):
        cell.deliver(PATH, Envelope(price, policy=Conflate("price")))
    cell.bear(Birth(PATH, lambda: puppet, incarnation=2))
    cell.deliver(PATH, Envelope(3, policy=Conflate("price")))
    cell.run()
    assert puppet.log == [1, 3]


def test_a_crash_after_its_own_end_answers_the_question_at_hand(cell: VirtualSystem) -> None:
    """It is not retried: the incarnation has left its mail behind before."""
    bear(cell)
    reply = cell.ask(PATH, lambda puppet: puppet.context.system.kill(PATH) or fail(), 5.0)
    cell.run()
    assert isinstance(reply.error, ActorFailed)


def test_mail_kept_for_a_child_is_dead_when_its_parent_ends(system: VirtualSystem) -> None:
    """Nobody is left who would bring it back."""
    system.place("node/top")
    system.bear(Birth("node/top/child", Puppet, parent="node/top", keep_mailbox=10))
    system.run()
    system.tell("node/top/child", fail)
    system.tell("node/top/child", "kept")
    system.run()
    reply = system.ask("node/top/child", "kept too", 60.0)
    assert len(system.retention) == 3
    system.kill("node/top")
    system.run()
    assert len(system.retention) == 0
    assert type(reply.error) is ActorDead
    assert not system.tell("node/top/child", "late")


def test_mail_taken_over_by_one_that_is_killed_at_once_is_kept_for_the_next(system: VirtualSystem) -> None:
    system.retention.keep("node/puppet", 10, [Envelope("first"), Envelope("second")])
    taken = system.retention.take("node/puppet")
    system.bear(Birth("node/puppet", Puppet, keep_mailbox=10))
    actor = system.actors["node/puppet"]
    actor.kill()
    actor.take_over(taken)
    log: list[Any] = []
    system.bear(Birth("node/puppet", lambda: Puppet(log), keep_mailbox=10))
    system.run()
    assert log == ["first", "second"]
