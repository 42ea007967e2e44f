from collections.abc import Callable
from typing import Any

import pytest

from tests.kit.cells import Puppet, VirtualSystem, fail
from tradigrade.kernel.envelope import Reply
from tradigrade.kernel.errors import ActorDead, ActorFailed, AskTimeout, KernelError, MailboxFull


def silence(_: Puppet) -> Reply:
    return Reply()


class Narrow(Puppet):
    mailbox_limit = 2


@pytest.fixture
def system() -> VirtualSystem:
    system = VirtualSystem()
    system.place("node/puppet")
    return system


def test_a_told_message_is_handled(system: VirtualSystem) -> None:
    puppet = system.place("node/other")
    assert system.tell("node/other", "hello")
    system.run()
    assert puppet.log == ["hello"]


def test_messages_of_one_sender_keep_their_order(system: VirtualSystem) -> None:
    puppet = system.place("node/other")
    for number in range(1000):
        system.tell("node/other", number)
    system.run()
    assert puppet.log == list(range(1000))


def test_an_ask_is_answered_with_what_receive_returns(system: VirtualSystem) -> None:
    reply = system.ask("node/puppet", "question", 1.0)
    assert not reply.done
    system.run()
    assert (reply.value, reply.error) == ("question", None)


def test_a_reply_returned_is_awaited_in_the_askers_place(system: VirtualSystem) -> None:
    later = Reply()
    reply = system.ask("node/puppet", lambda _: later, 1.0)
    system.run()
    assert not reply.done
    later.resolve("late")
    assert reply.value == "late"


def test_a_question_passed_on_fails_as_the_last_in_the_chain_fails(system: VirtualSystem) -> None:
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
    system: VirtualSystem, path: str, question: Callable[[Any], Any] | str, error: type[KernelError], says: str
) -> None:
    system.place("node/full", Narrow())
    for _ in range(2):
        system.tell("node/full", "work")
    reply = system.ask(path, question, 1.0)
    system.advance(1.0)
    assert reply.done
    assert type(reply.error) is error
    with pytest.raises(error, match=says):
        raise reply.error


@pytest.mark.parametrize("end", ["stop", "kill", "crash"])
def test_a_question_still_queued_when_its_actor_ends_fails_at_once(system: VirtualSystem, end: str) -> None:
    actor = system.incarnation("node/puppet")
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


def test_a_reply_is_resolved_once(system: VirtualSystem) -> None:
    calls: list[Any] = []
    reply = Reply()
    reply.then(lambda done: calls.append(done.value))
    reply.resolve(1)
    reply.resolve(2)
    reply.fail(ActorDead("late"))
    reply.then(lambda done: calls.append(done.value))
    assert calls == [1, 1]
    assert reply.error is None


def test_an_answer_after_the_time_out_is_ignored(system: VirtualSystem) -> None:
    later = Reply()
    reply = system.ask("node/puppet", lambda _: later, 1.0)
    system.advance(1.0)
    later.resolve("too late")
    assert reply.value is None
    assert type(reply.error) is AskTimeout


def test_an_answered_ask_leaves_no_timer(system: VirtualSystem) -> None:
    reply = system.ask("node/puppet", "question", 1.0)
    system.run()
    system.advance(2.0)
    assert reply.value == "question"


@pytest.mark.parametrize(("late_s", "handled"), [(0.0, True), (0.5, True), (0.501, False)])
def test_a_message_past_its_deadline_is_dropped_and_counted(
    system: VirtualSystem, late_s: float, handled: bool
) -> None:
    system.place("node/sender")
    actor, puppet = system.incarnation("node/puppet"), system.incarnation("node/puppet").behaviour
    system.tell("node/sender", lambda sender: sender.context.tell("node/puppet", "perishable", ttl_s=0.5))
    system.tell("node/sender", lambda _: system.clock.advance(late_s))  # type: ignore[attr-defined]
    system.tell("node/puppet", "first")
    system.run()
    assert isinstance(puppet, Puppet)
    assert ("perishable" in puppet.log) is handled
    assert actor.expired == (0 if handled else 1)
    assert system.metrics.counters.get("expired", 0) == actor.expired


def test_a_failing_callback_of_a_reply_does_not_hold_the_cell_up(system: VirtualSystem) -> None:
    """The callback is the asker's mistake: the answering actor and all others go on."""
    puppet = system.place("node/answering")
    system.ask("node/answering", "question", 1.0).then(fail)
    system.tell("node/answering", "next")
    with pytest.raises(RuntimeError, match="boom"):
        system.run()
    system.run()
    assert puppet.log == ["question", "next"]
    assert "node/answering" in system.actors
