"""Nodes: side by side in one process, and reached through a transport; addresses and senders."""

import threading
from typing import Any

import pytest

from tests.kit.cells import Puppet, VirtualSystem
from tradigrade.kernel.envelope import Envelope
from tradigrade.kernel.errors import ActorDead
from tradigrade.kernel.signals import is_clean


class Line:
    """A transport that notes what it takes, and on which thread; it takes nothing when it is cut."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any, str]] = []
        self.threads: set[int] = set()
        self.cut = False

    def send(self, path: str, envelope: Envelope) -> bool:
        self.sent.append((path, envelope.message, envelope.sender))
        self.threads.add(threading.get_ident())
        return not self.cut


def test_two_systems_live_side_by_side() -> None:
    one, two = VirtualSystem("one"), VirtualSystem("two")
    puppets = {system.node: system.place("shared/path") for system in (one, two)}
    one.place("one/subscriber").context.subscribe("news")
    one.tell("shared/path", "for one")
    two.publish("news", "for nobody")
    one.advance(1.0)
    two.run()
    assert puppets["one"].log == ["for one"]
    assert puppets["two"].log == []
    assert (one.clock.monotonic_ns(), two.clock.monotonic_ns()) == (1_000_000_000, 0)
    assert not two.metrics.counters


def test_a_path_of_another_node_goes_through_the_transport_on_the_loops_own_thread(runtime: Any) -> None:
    line = Line()
    system = VirtualSystem(transport=line, runtime=runtime)
    system.place("node/puppet")
    system.tell("node/puppet", lambda puppet: puppet.context.tell("far/away", "hello"))
    system.run()
    assert line.sent == [("far/away", "hello", "node/puppet")]
    assert line.threads == {threading.get_ident()}
    system.kill("node/puppet")
    system.run()


def test_what_the_transport_does_not_take_is_dead_and_its_asker_told() -> None:
    line = Line()
    line.cut = True
    system = VirtualSystem(transport=line)
    reply = system.ask("far/away", "question", 1.0)
    assert isinstance(reply.error, ActorDead)
    assert system.dead_letters[0].reason == "the way to 'far/away' is full, or refused the message"
    assert not system.tell("node/nobody", "hello"), "a path of this node never leaves it"
    assert len(line.sent) == 1


def test_a_ref_of_an_actor_names_its_sender_and_one_of_the_system_nobody() -> None:
    line = Line()
    system = VirtualSystem(transport=line)
    puppet = system.place("node/puppet")
    for ref in (puppet.context.ref("far/away"), system.ref("far/away")):
        ref.tell("told")
        ref.ask("asked", 1.0)
    assert [sender for _, _, sender in line.sent] == ["node/puppet"] * 2 + [""] * 2
    assert repr(system.ref("far/away")) == "Ref('far/away')"


def test_a_ref_tells_with_a_time_to_live(system: VirtualSystem) -> None:
    puppet = system.place("node/puppet")
    with system.busy("node/puppet"):
        for ttl_s in (0.5, 2.0):
            system.ref("node/puppet").tell(ttl_s, ttl_s=ttl_s)
        system.virtual.clock.advance(1.0)
    system.run()
    assert puppet.log == [2.0]


def test_what_an_incarnation_knows_of_itself(system: VirtualSystem) -> None:
    system.ports = {"disk": "a door"}
    system.place("node/parent")
    puppet = system.place("node/parent/puppet", parent="node/parent")
    context = puppet.context
    assert (context.path, context.parent, context.incarnation) == ("node/parent/puppet", "node/parent", 1)
    assert (context.restarts, context.restart_reason, context.ports) == (0, "", {"disk": "a door"})
    assert context.now_ns() == system.clock.now_ns()


@pytest.mark.parametrize(
    ("reason", "clean"),
    [
        ("normal", True),
        ("shutdown", True),
        ("shutdown: for the night", True),
        ("shutdownish", False),
        ("killed", False),
        ("gave up", False),
        ("ignored", False),
        ("", False),
    ],
)
def test_which_ends_are_no_failures(reason: str, clean: bool) -> None:
    assert is_clean(reason) is clean


def test_a_message_to_a_path_of_nobody_is_false_wherever_it_is_sent_from(system: VirtualSystem) -> None:
    told: list[bool] = []

    class Sending(Puppet):
        def start(self) -> None:
            told.append(self.context.tell("node/nobody", "hello"))

    system.place("node/sending", Sending())
    assert told == [False]
