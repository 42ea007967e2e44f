"""How an actor ends by its own will, begins with nothing to do, or takes its time to stop."""

import contextlib
from typing import Any

import pytest

from tests.kit.cells import Puppet, VirtualSystem, fail
from tradigrade.kernel.envelope import Envelope, Reply
from tradigrade.kernel.errors import Ignore
from tradigrade.kernel.signals import IGNORED, Down, Started, Stop


class Starting(Puppet):
    """Does one thing when it starts, and returns what comes of it."""

    def __init__(self, act: Any) -> None:
        super().__init__()
        self.act = act

    def start(self) -> Any:
        return self.act(self)


@pytest.fixture
def parent(system: VirtualSystem) -> Puppet:
    return system.place("node/parent")


@pytest.mark.parametrize(
    ("reason", "is_failure"),
    [("normal", False), ("shutdown", False), ("shutdown: done for today", False), ("the venue is gone", True)],
)
def test_an_actor_exits_with_a_reason_of_its_own(
    system: VirtualSystem, parent: Puppet, reason: str, is_failure: bool
) -> None:
    puppet = system.place("node/puppet", parent="node/parent")
    with system.busy("node/puppet"):
        system.tell("node/puppet", lambda puppet: puppet.context.exit(reason) or puppet.log.append("the rest"))
        system.tell("node/puppet", "queued")
    system.run()
    assert puppet.log == ["the rest", f"stopped: {reason}"], "the message at hand is handled, no other"
    assert parent.log[-1] == Down("node/puppet", 1, reason)
    assert system.metrics.counters.get("crashes", 0) == is_failure


def test_the_first_reason_given_is_the_reason(system: VirtualSystem, parent: Puppet) -> None:
    system.place("node/puppet", parent="node/parent")
    system.tell("node/puppet", lambda puppet: [puppet.context.exit(reason) for reason in ("first", "second")])
    system.run()
    assert parent.log[-1].reason == "first"


def test_the_question_an_actor_exits_over_is_answered(system: VirtualSystem) -> None:
    system.place("node/puppet")
    reply = system.ask("node/puppet", lambda puppet: puppet.context.exit("normal") or "answer", 1.0)
    system.run()
    assert (reply.value, "node/puppet" in system.actors) == ("answer", False)


def test_a_crash_is_the_reason_whatever_exit_said_before(system: VirtualSystem, parent: Puppet) -> None:
    system.place("node/puppet", parent="node/parent")
    system.tell("node/puppet", lambda puppet: puppet.context.exit("normal") or fail())
    system.run()
    assert parent.log[-1].reason.startswith("RuntimeError: boom")


def test_an_actor_may_exit_as_soon_as_it_has_started(system: VirtualSystem, parent: Puppet) -> None:
    system.place("node/puppet", Starting(lambda puppet: puppet.context.exit("normal")), parent="node/parent")
    assert parent.log == [Started("node/puppet", 1), Down("node/puppet", 1, "normal")]


def test_who_has_nothing_to_do_is_ignored_and_does_not_live(system: VirtualSystem, parent: Puppet) -> None:
    def ignore(_: Puppet) -> None:
        raise Ignore

    puppet = system.place("node/puppet", Starting(ignore), parent="node/parent")
    assert parent.log == [Down("node/puppet", 1, IGNORED, started=False)]
    assert puppet.log == [], "no stop hook: nothing was begun"
    assert "node/puppet" not in system.actors
    assert "crashes" not in system.metrics.counters


def test_ignore_while_it_serves_is_a_crash(system: VirtualSystem, parent: Puppet) -> None:
    def ignore(_: Puppet) -> None:
        raise Ignore

    system.place("node/puppet", parent="node/parent")
    system.tell("node/puppet", ignore)
    system.run()
    assert parent.log[-1].reason.startswith("Ignore: ")


@pytest.mark.parametrize("info", [None, "listening on 8080", {"port": 8080}])
def test_what_the_start_hook_returns_goes_with_the_acknowledgement(
    system: VirtualSystem, parent: Puppet, info: Any
) -> None:
    system.place("node/puppet", Starting(lambda _: info), parent="node/parent")
    assert parent.log == [Started("node/puppet", 1, info)]


def test_a_later_acknowledgement_carries_its_own_info(system: VirtualSystem, parent: Puppet) -> None:
    class Slow(Puppet):
        acknowledges_start = True

    system.place("node/puppet", Slow(), parent="node/parent")
    system.tell("node/puppet", lambda puppet: puppet.context.acknowledge("connected"))
    system.run()
    assert parent.log == [Started("node/puppet", 1, "connected")]


class Finishing(Puppet):
    """Takes its time to stop."""

    defers_stop = True


def test_who_defers_its_stop_goes_on_until_it_exits(system: VirtualSystem, parent: Puppet) -> None:
    puppet = system.place("node/puppet", Finishing(), parent="node/parent")
    system.stop("node/puppet", "shutdown")
    system.run()
    system.tell("node/puppet", "still at it")
    system.run()
    assert puppet.log == [Stop("shutdown"), "still at it"]
    system.tell("node/puppet", lambda puppet: puppet.context.exit("shutdown"))
    system.run()
    assert parent.log[-1] == Down("node/puppet", 1, "shutdown")


@pytest.mark.parametrize("end", ["kill", "crash"])
def test_who_defers_its_stop_defers_nothing_else(system: VirtualSystem, end: str) -> None:
    system.place("node/puppet", Finishing())
    actor = system.incarnation("node/puppet")
    if end == "kill":
        actor.kill()
    else:
        actor.crash("injected")
    system.run()
    assert "node/puppet" not in system.actors


@pytest.mark.parametrize("words", ["of no use", "\n", ""])
def test_an_exception_that_cannot_be_shown_is_a_crash_like_any_other(
    system: VirtualSystem, parent: Puppet, words: str
) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError(words)

    def raise_it(_: Puppet) -> None:
        raise Mute

    system.place("node/puppet", parent="node/parent")
    reply = system.ask("node/puppet", raise_it, 1.0)
    system.run()
    assert parent.log[-1].reason.startswith("Mute: it cannot say why at raise_it:")
    assert reply.done


def test_a_callback_that_raises_while_an_actor_ends_does_not_hold_its_end_up(system: VirtualSystem) -> None:
    system.place("node/puppet")
    inline = Reply()
    inline.then(fail)
    system.actors["node/puppet"].hold()
    system.deliver("node/puppet", Envelope("question", reply=inline))
    with contextlib.suppress(RuntimeError):
        system.kill("node/puppet")
    assert "node/puppet" not in system.actors
