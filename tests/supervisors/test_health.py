"""When an actor that lives is taken for one that does nothing."""

from typing import Any

import pytest

from tests.kit.cells import Puppet, VirtualSystem
from tests.kit.supervision import eager_flags
from tradigrade.supervisors.actors import ActorSpawner
from tradigrade.supervisors.health import CHECKED_AT_ONCE, Health
from tradigrade.supervisors.slot import Slot
from tradigrade.supervisors.spec import ChildSpec
from tradigrade.supervisors.supervisor import Supervisor

PATH = "node/root/worker"


class Due(Puppet):
    progress_due_s = 2.0


@pytest.fixture
def system() -> VirtualSystem:
    system = VirtualSystem()
    worker = ChildSpec(id="worker", actor=f"{__name__}:Due")
    spec = ChildSpec(id="root", flags=eager_flags(), children=(worker,))
    system.spawn("node/root", lambda: Supervisor(spec, ActorSpawner()))
    system.run()
    return system


def incarnation(system: VirtualSystem) -> int:
    return system.actors[PATH].incarnation


def work(system: VirtualSystem, seconds: int) -> None:
    """The actor makes progress every second."""
    for _ in range(seconds):
        system.advance(1.0)
        behaviour: Any = system.actors[PATH].behaviour
        behaviour.context.progress()


def test_an_actor_that_makes_progress_is_left_alone(system: VirtualSystem) -> None:
    work(system, 20)
    assert incarnation(system) == 1


def test_one_that_makes_none_is_replaced_within_a_check_of_its_time(system: VirtualSystem) -> None:
    work(system, 5)
    system.advance(1.99)
    assert incarnation(system) == 1
    system.advance(0.55)
    assert incarnation(system) == 2


def test_after_a_pause_of_the_whole_process_everybody_gets_their_time_again(system: VirtualSystem) -> None:
    """Stopped in a terminal, or held up by an import: the first check afterwards blames nobody."""
    work(system, 5)
    system.virtual.clock.advance(60.0)
    system.advance(1.9)
    assert incarnation(system) == 1
    system.advance(1.0)
    assert incarnation(system) == 2, "but only once"


def test_of_many_children_all_have_their_turn() -> None:
    slots = {str(number): Slot(ChildSpec(id=str(number))) for number in range(3 * CHECKED_AT_ONCE)}
    health, seen = Health(), set()
    for turn in range(3):
        found = [slot.spec.id for slot in health.due(slots, turn)]
        assert len(found) == CHECKED_AT_ONCE
        seen |= set(found)
    assert seen == slots.keys()
