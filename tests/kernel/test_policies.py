"""What a message does at a full mailbox: refused, in the oldest one's place, or in that of its own kind."""

from typing import Any

import pytest

from tests.kit.cells import Puppet, VirtualSystem
from tradigrade.kernel.envelope import Envelope, Reply
from tradigrade.kernel.errors import MailboxFull
from tradigrade.kernel.mailbox import Conflate, DropOldest, Policy

PATH = "node/puppet"
OLDEST = DropOldest()


class Narrow(Puppet):
    mailbox_limit = 3


@pytest.fixture
def puppet(system: VirtualSystem) -> Puppet:
    return system.place(PATH, Narrow())


def tell(system: VirtualSystem, message: Any, policy: Policy | None = None) -> bool:
    return system.deliver(PATH, Envelope(message, policy=policy))


def ask(system: VirtualSystem, message: Any, policy: Policy | None = None) -> Reply:
    reply = Reply()
    system.deliver(PATH, Envelope(message, reply=reply, policy=policy))
    return reply


def counts(system: VirtualSystem) -> dict[str, int]:
    actor = system.incarnation(PATH)
    return {name: value for name in ("conflated", "dropped", "dead") if (value := getattr(actor, name))}


def test_without_a_policy_a_full_mailbox_refuses_and_the_sender_is_told(system: VirtualSystem, puppet: Puppet) -> None:
    with system.busy(PATH):
        assert [tell(system, number) for number in range(5)] == [True, True, True, False, False]
        assert counts(system) == {"dead": 2}
    system.run()
    assert puppet.log == [0, 1, 2]
    assert [letter.message for letter in system.dead_letters] == [3, 4]
    assert tell(system, 5), "there is room again"


class Replica(Narrow):
    must_hear = int | float


@pytest.mark.parametrize(("refused", "ends"), [(3, True), (0.5, True), ("a word", False)])
def test_who_was_refused_a_message_that_it_must_not_miss_fails_once(
    system: VirtualSystem, refused: object, ends: bool
) -> None:
    replica = system.place(PATH, Replica())
    with system.busy(PATH):
        assert all(tell(system, number) for number in range(3))
        assert [tell(system, refused) for _ in range(20)] == [False] * 20
    system.run()
    words = f"stopped: its full mailbox refused {type(refused).__name__}, which it must not miss"
    assert replica.log == ([words] if ends else [0, 1, 2])


def test_the_oldest_makes_room_for_the_newest(system: VirtualSystem, puppet: Puppet) -> None:
    with system.busy(PATH):
        oldest = ask(system, 0, OLDEST)
        assert all(tell(system, number, OLDEST) for number in range(1, 6))
        assert counts(system) == {"dropped": 3}
        assert isinstance(oldest.error, MailboxFull)
        with pytest.raises(MailboxFull, match=f"the question to '{PATH}' was displaced by a newer message"):
            raise oldest.error
    system.run()
    assert puppet.log == [3, 4, 5]
    assert not system.dead_letters


def test_with_room_nothing_is_dropped(system: VirtualSystem, puppet: Puppet) -> None:
    with system.busy(PATH):
        for number in range(3):
            tell(system, number, OLDEST)
        assert counts(system) == {}
    system.run()
    assert puppet.log == [0, 1, 2]


class Closed(Puppet):
    mailbox_limit = 0


@pytest.mark.parametrize("policy", [None, OLDEST, Conflate("key")])
def test_a_mailbox_without_any_room_refuses_whatever_the_policy(system: VirtualSystem, policy: Policy | None) -> None:
    system.place(PATH, Closed())
    assert not tell(system, "hello", policy)
    assert counts(system) == {"dead": 1}


def test_only_the_newest_of_a_key_matters_in_the_place_of_the_first(system: VirtualSystem, puppet: Puppet) -> None:
    with system.busy(PATH):
        for message, key in (("a1", "a"), ("b1", "b"), ("a2", "a"), ("a3", "a"), ("b2", "b")):
            assert tell(system, message, Conflate(key))
        assert counts(system) == {"conflated": 3}
    system.run()
    assert puppet.log == ["a3", "b2"]
    tell(system, "a4", Conflate("a"))
    system.run()
    assert puppet.log[-1] == "a4", "what was handled is no longer in its way"


def test_a_full_mailbox_still_takes_a_newer_one_of_its_kind_and_no_other(system: VirtualSystem, puppet: Puppet) -> None:
    with system.busy(PATH):
        tell(system, "a1", Conflate("a"))
        tell(system, "work")
        tell(system, "more work")
        assert tell(system, "a2", Conflate("a"))
        assert not tell(system, "b1", Conflate("b"))
    system.run()
    assert puppet.log == ["a2", "work", "more work"]


def test_a_displaced_question_fails_and_the_newest_is_answered(system: VirtualSystem, puppet: Puppet) -> None:
    with system.busy(PATH):
        older, newer = (ask(system, question, Conflate("a")) for question in ("first", "second"))
        assert isinstance(older.error, MailboxFull)
    system.run()
    assert (newer.value, newer.error) == ("second", None)


def test_a_conflated_message_that_makes_room_is_dropped_not_conflated(system: VirtualSystem, puppet: Puppet) -> None:
    with system.busy(PATH):
        for message, policy in (("a1", Conflate("a")), ("b1", Conflate("b")), ("work", None), ("last", OLDEST)):
            tell(system, message, policy)
        assert counts(system) == {"dropped": 1}
        tell(system, "a2", Conflate("a"))
        assert counts(system) == {"dropped": 1, "dead": 1}, "its key went with it: a new one needs a place"
    system.run()
    assert puppet.log == ["b1", "work", "last"]


def test_what_an_actor_publishes_may_be_conflated(system: VirtualSystem, puppet: Puppet) -> None:
    puppet.context.subscribe("prices")
    sender = system.place("node/sender")
    with system.busy(PATH):
        for price in range(10):
            sender.context.publish("prices", price, policy=Conflate("BTC/USDT"))
            sender.context.tell(PATH, price + 100, policy=Conflate("told"))
    system.run()
    assert puppet.log == [9, 109]


def test_who_displaces_a_question_does_not_hold_its_asker_up(system: VirtualSystem, puppet: Puppet) -> None:
    """The asker is told without holding the mailbox: it may be the very actor that is too slow."""
    heard: list[Any] = []

    def ask_oneself(puppet: Puppet) -> None:
        puppet.context.ask(PATH, "question", 1.0).then(lambda done: heard.append(done.error))
        for number in range(3):
            tell(system, number, OLDEST)

    system.tell(PATH, ask_oneself)
    system.run()
    assert [type(error) for error in heard] == [MailboxFull]
    assert puppet.log == [0, 1, 2]
