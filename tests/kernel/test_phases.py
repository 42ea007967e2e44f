"""The life of an incarnation has five phases and one direction."""

import itertools

import pytest

from tests.kit.cells import Gate, Puppet, VirtualSystem
from tradigrade.kernel.lifecycle import FOLLOWERS, Phase, may_follow

PAIRS = list(itertools.product(Phase, Phase))
ALLOWED = {
    ("CREATED", "STARTING"),
    ("CREATED", "STOPPING"),
    ("STARTING", "RUNNING"),
    ("STARTING", "STOPPING"),
    ("RUNNING", "STOPPING"),
    ("STOPPING", "ENDED"),
}


@pytest.mark.parametrize(("phase", "to"), PAIRS, ids=lambda phase: phase.name)
def test_the_table_allows_what_is_listed_and_nothing_else(phase: Phase, to: Phase) -> None:
    assert may_follow(phase, to) is ((phase.name, to.name) in ALLOWED)


def test_every_phase_has_its_row_and_no_row_leads_back() -> None:
    assert set(FOLLOWERS) == set(Phase)
    assert all(to > phase for phase, followers in FOLLOWERS.items() for to in followers)


@pytest.mark.parametrize(("phase", "to"), PAIRS, ids=lambda phase: phase.name)
def test_an_incarnation_moves_only_as_the_table_says(cell: VirtualSystem, phase: Phase, to: Phase) -> None:
    cell.place("node/puppet")
    actor = cell.incarnation("node/puppet")
    actor.phase = phase
    moved = actor._move(to)
    assert (moved, actor.phase) == (may_follow(phase, to), to if moved else phase)
    actor.phase = Phase.RUNNING


class Watching(Puppet):
    """Notes its own phase in each of its hooks."""

    def __init__(self, system: VirtualSystem) -> None:
        super().__init__()
        self.system = system

    def note(self) -> None:
        self.log.append(self.system.incarnation("node/puppet").phase.name)

    def start(self) -> None:
        self.note()

    def stop(self, reason: str) -> None:
        self.note()


def test_each_hook_runs_in_its_phase(system: VirtualSystem) -> None:
    puppet = system.place("node/puppet", Watching(system))
    actor = system.incarnation("node/puppet")
    system.tell("node/puppet", Watching.note)
    system.stop("node/puppet", "shutdown")
    system.tell("node/puppet", "late")
    system.run()
    assert [said for said in puppet.log if said != "RUNNING"] == ["STARTING", "STOPPING"]
    assert actor.phase is Phase.ENDED


def test_an_actor_that_has_not_acknowledged_is_still_starting(system: VirtualSystem) -> None:
    class Slow(Puppet):
        acknowledges_start = True

    puppet = system.place("node/puppet", Slow())
    actor = system.incarnation("node/puppet")
    assert (actor.phase, actor.started) == (Phase.STARTING, False)
    puppet.context.acknowledge()
    assert (actor.phase, actor.started) == (Phase.RUNNING, True)


def test_a_second_end_finds_nothing_to_do(system: VirtualSystem) -> None:
    parent = system.place("node/parent")
    system.place("node/puppet", parent="node/parent")
    actor = system.incarnation("node/puppet")
    for _ in range(3):
        actor.kill()
        actor.request_stop("shutdown")
        actor.crash("again")
    system.run()
    assert [said.reason for said in parent.log[1:]] == ["killed"]


def test_an_actor_killed_before_its_first_turn_is_never_made(cell: VirtualSystem) -> None:
    made: list[Puppet] = []
    cell.spawn("node/puppet", lambda: made.append(Puppet()) or made[0])  # type: ignore[func-returns-value]
    actor = cell.incarnation("node/puppet")
    cell.kill("node/puppet")
    cell.run()
    assert (made, actor.phase, actor.started) == ([], Phase.ENDED, False)


def test_a_thread_killed_in_its_start_hook_never_serves(threads: VirtualSystem) -> None:
    parent = threads.place("node/parent")
    threads.place("node/puppet", parent="node/parent")
    gate = Gate(threads, "node/puppet", lambda puppet: puppet.context.acknowledge())
    threads.kill("node/puppet")
    gate.open()
    threads.run()
    assert [type(said).__name__ for said in parent.log] == ["Started", "Down"]
