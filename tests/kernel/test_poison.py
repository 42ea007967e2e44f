"""A message that crashes one incarnation after the other is set aside, with the cause."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.kit.cells import Puppet, VirtualSystem, fail
from tradigrade.kernel.errors import Poisoned

PATH = "node/puppet"


def bear(system: VirtualSystem, keep: int = 100, *, poison_after: int = 5) -> Puppet:
    return system.reborn(PATH, keep_mailbox=keep, poison_after=poison_after)


def crash_often(system: VirtualSystem, times: int, poison_after: int) -> Puppet:
    """Bear incarnation after incarnation, until the last one may live."""
    for _ in range(times):
        bear(system, poison_after=poison_after)
        assert PATH not in system.actors
    return bear(system, poison_after=poison_after)


@pytest.mark.parametrize("poison_after", [1, 2, 5])
def test_it_is_set_aside_after_as_many_crashes_as_are_borne(system: VirtualSystem, poison_after: int) -> None:
    bear(system, poison_after=poison_after)
    with system.busy(PATH):
        poison = system.ask(PATH, fail, 5.0)
        system.tell(PATH, "work")
    system.run()
    survivor = crash_often(system, poison_after - 1, poison_after)
    assert survivor.log == ["work"]
    assert isinstance(poison.error, Poisoned)
    (letter,) = system.dead_letters
    says = f"set aside: it crashed '{PATH}' {poison_after} times, last with RuntimeError: boom at fail:"
    assert letter.message is fail
    assert letter.reason.startswith(says)
    assert system.metrics.counters["poisoned"] == 1


def test_every_message_has_its_own_count(system: VirtualSystem) -> None:
    bear(system, poison_after=2)
    with system.busy(PATH):
        for message in (fail, fail, "work"):
            system.tell(PATH, message)
    system.run()
    survivor = crash_often(system, 3, 2)
    assert survivor.log == ["work"]
    assert system.metrics.counters["poisoned"] == 2


def test_what_only_waited_while_others_crashed_is_innocent(system: VirtualSystem) -> None:
    bear(system, poison_after=1)
    with system.busy(PATH):
        for message in (fail, fail, fail, "work"):
            system.tell(PATH, message)
    system.run()
    assert crash_often(system, 2, 1).log == ["work"]


def test_without_a_kept_mailbox_a_message_crashes_one_incarnation_alone(system: VirtualSystem) -> None:
    bear(system, keep=0, poison_after=1)
    system.tell(PATH, fail)
    system.run()
    assert bear(system, keep=0).log == []
    assert "poisoned" not in system.metrics.counters


@pytest.mark.parametrize(
    "signal", [lambda actor: actor.crash("injected"), lambda actor: actor.post(fail)], ids=["crash", "answer"]
)
def test_a_signal_is_never_poison(system: VirtualSystem, signal: Callable[[Any], Any]) -> None:
    bear(system, poison_after=1)
    signal(system.incarnation(PATH))
    system.run()
    assert PATH not in system.actors
    assert "poisoned" not in system.metrics.counters
