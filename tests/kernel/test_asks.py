"""A question is always answered: by a value, an error or a time-out."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.kit.cells import Puppet, VirtualSystem, fail
from tradigrade.kernel.envelope import Envelope, Reply
from tradigrade.kernel.errors import ActorDead, ActorFailed, AskTimeout, KernelError, MailboxFull
from tradigrade.kernel.owed_answers import OWED_LIMIT


def silence(_: Puppet) -> Reply:
    return Reply()


class Narrow(Puppet):
    mailbox_limit = 2


@pytest.fixture
def puppet(system: VirtualSystem) -> Puppet:
    return system.place("node/puppet")


def test_a_told_message_is_handled(system: VirtualSystem, puppet: Puppet) -> None:
    assert system.tell("node/puppet", "hello")
    system.run()
    assert puppet.log == ["hello"]


def test_messages_of_one_sender_keep_their_order(system: VirtualSystem, puppet: Puppet) -> None:
    for number in range(1000):
        system.tell("node/puppet", number)
    system.run()
    assert puppet.log == list(range(1000))


def test_an_ask_is_answered_with_what_receive_returns(system: VirtualSystem, puppet: Puppet) -> None:
    reply = system.ask("node/puppet", "question", 1.0)
    system.run()
    assert (reply.done, reply.value, reply.error) == (True, "question", None)


def test_a_reply_returned_is_awaited_in_the_askers_place(system: VirtualSystem, puppet: Puppet) -> None:
    later = Reply()
    reply = system.ask("node/puppet", lambda _: later, 1.0)
    system.run()
    assert not reply.done
    later.resolve("late")
    assert reply.value == "late"


def test_a_question_passed_on_fails_as_the_last_in_the_chain_fails(system: VirtualSystem, puppet: Puppet) -> None:
    reply = system.ask("node/puppet", lambda puppet: puppet.context.ask("node/nobody", "?", 1.0), 1.0)
    system.run()
    assert isinstance(reply.error, ActorDead)


@pytest.mark.parametrize(
    ("path", "question", "error", "says"),
    [
        ("node/puppet", fail, ActorFailed, r"'node/puppet' failed: RuntimeError: boom at fail:\d+"),
        ("node/nobody", "hello", ActorDead, "nobody lives at 'node/nobody'"),
        ("elsewhere/puppet", "hello", ActorDead, "nobody lives at 'elsewhere/puppet'"),
        ("node/puppet", silence, AskTimeout, "'node/puppet' did not answer function within 1.0 s"),
        ("node/full", "hello", MailboxFull, "the mailbox of 'node/full' is full"),
    ],
    ids=["crash", "nobody", "unknown node", "silence", "full"],
)
def test_an_ask_always_resolves(
    system: VirtualSystem,
    puppet: Puppet,
    path: str,
    question: Callable[[Any], Any] | str,
    error: type[KernelError],
    says: str,
) -> None:
    system.place("node/full", Narrow())
    with system.busy("node/full"):
        for _ in range(2):
            system.tell("node/full", "work")
        reply = system.ask(path, question, 1.0)
    system.advance(1.0)
    assert reply.done
    assert type(reply.error) is error
    with pytest.raises(error, match=says):
        raise reply.error


@pytest.mark.parametrize("end", ["stop", "kill", "crash"])
def test_a_question_still_queued_when_its_actor_ends_fails_at_once(
    system: VirtualSystem, puppet: Puppet, end: str
) -> None:
    actor = system.incarnation("node/puppet")
    with system.busy("node/puppet"):
        if end == "crash":
            system.tell("node/puppet", fail)
        reply = system.ask("node/puppet", "question", 60.0)
        match end:
            case "stop":
                actor.request_stop("shutdown")
            case "kill":
                actor.kill()
    system.run()
    assert type(reply.error) is ActorDead


@pytest.mark.parametrize("end", ["stop", "crash", "kill"])
def test_an_answer_still_owed_when_its_actor_ends_fails_at_once(system: VirtualSystem, end: str) -> None:
    system.place("node/owing")
    reply = system.ask("node/owing", silence, 60.0)
    system.run()
    actor = system.incarnation("node/owing")
    match end:
        case "stop":
            actor.request_stop("shutdown")
        case "crash":
            actor.crash("the test")
        case "kill":
            actor.kill()
    system.run()
    assert type(reply.error) is ActorDead
    assert "ended before its answer was there" in str(reply.error)


def test_what_nobody_waits_for_any_more_is_not_owed_for_ever(system: VirtualSystem) -> None:
    system.place("node/owing")
    for _ in range(3 * OWED_LIMIT):
        system.ask("node/owing", silence, 0.01)
        system.advance(0.01)
    assert len(system.incarnation("node/owing")._owed) <= OWED_LIMIT + 1


def test_an_answer_after_the_time_out_is_ignored(system: VirtualSystem, puppet: Puppet) -> None:
    later = Reply()
    reply = system.ask("node/puppet", lambda _: later, 1.0)
    system.advance(1.0)
    later.resolve("too late")
    assert reply.value is None
    assert type(reply.error) is AskTimeout


def test_a_question_that_expires_in_the_mailbox_is_told_so_also_where_nobody_bounds_the_wait(
    system: VirtualSystem, puppet: Puppet
) -> None:
    reply, deadline_ns = Reply(), system.clock.now_ns() + 500_000_000
    with system.busy("node/puppet"):
        system.deliver("node/puppet", Envelope("question", "", reply, deadline_ns))
        system.virtual.clock.advance(1.0)
    system.run()
    assert type(reply.error) is AskTimeout
    assert str(reply.error) == "'node/puppet' did not come to str in time"


def test_an_answered_ask_stays_answered_after_its_time_out(system: VirtualSystem, puppet: Puppet) -> None:
    reply = system.ask("node/puppet", "question", 1.0)
    system.run()
    system.advance(2.0)
    assert (reply.value, reply.error) == ("question", None)


@pytest.mark.parametrize(("late_s", "handled"), [(0.0, True), (0.5, True), (0.501, False)])
def test_a_message_past_its_deadline_is_dropped_and_counted(
    system: VirtualSystem, puppet: Puppet, late_s: float, handled: bool
) -> None:
    actor = system.incarnation("node/puppet")
    sender = system.place("node/sender")
    with system.busy("node/puppet"):
        sender.context.tell("node/puppet", "perishable", ttl_s=0.5)
        system.virtual.clock.advance(late_s)
    system.run()
    assert ("perishable" in puppet.log) is handled
    assert actor.expired == (0 if handled else 1)
    assert system.metrics.counters.get("expired", 0) == actor.expired


def ask(asker: Puppet, path: str, question: Any, then: Callable[[Reply], object]) -> None:
    asker.context.ask(path, question, 1.0).then(then)


@pytest.mark.parametrize("question", ["question", silence, fail], ids=["value", "time-out", "error"])
def test_an_answer_is_a_turn_of_the_asker(system: VirtualSystem, puppet: Puppet, question: Any) -> None:
    asker = system.place("node/asker")
    system.tell(
        "node/asker", lambda asker: ask(asker, "node/puppet", question, lambda done: asker.context.exit("done"))
    )
    system.advance(1.0)
    assert asker.log == ["stopped: done"], "only in a turn of its own an exit is noticed"


def test_an_exception_over_an_answer_crashes_the_asker_alone(system: VirtualSystem, puppet: Puppet) -> None:
    asker = system.place("node/asker")
    system.tell("node/asker", lambda asker: ask(asker, "node/puppet", "question", fail))
    system.tell("node/puppet", "next")
    system.run()
    assert sorted(puppet.log) == ["next", "question"]
    assert asker.log[-1].startswith("stopped: RuntimeError: boom at fail:")
    assert "node/puppet" in system.actors


def test_an_answer_to_an_asker_that_has_ended_reaches_nobody(system: VirtualSystem, puppet: Puppet) -> None:
    later, heard = Reply(), list[Reply]()
    system.place("node/asker")
    system.tell("node/asker", lambda asker: ask(asker, "node/puppet", lambda _: later, heard.append))
    system.run()
    system.kill("node/asker")
    later.resolve("late")
    system.run()
    assert heard == []
    assert not system.dead_letters


def test_a_failing_callback_of_a_reply_does_not_hold_the_cell_up(cell: VirtualSystem) -> None:
    """The callback is the asker's mistake: the answering actor and all others go on."""
    puppet = cell.place("node/answering")
    cell.ask("node/answering", "question", 1.0).then(fail)
    cell.tell("node/answering", "next")
    with pytest.raises(RuntimeError, match="boom"):
        cell.run()
    cell.run()
    assert puppet.log == ["question", "next"]
    assert "node/answering" in cell.actors
