"""What a supervisor must not do in states that come up rarely: each of these went wrong once."""

from collections.abc import Callable

import pytest

from tests.kit.supervision import Play, eager_flags, worker
from tradigrade.supervisors.backoff import Backoff
from tradigrade.supervisors.effects import ChildDown, Effect, Expired, StopChild
from tradigrade.supervisors.requests import Done, RestartChild, StartChild, TerminateChild
from tradigrade.supervisors.spec import ChildSpec, Flags

SLOW = Backoff(min_s=0.5, max_s=1.0, jitter=0.0, reset_s=5.0)


def stops(play: Play, act: Callable[[], object]) -> list[StopChild]:
    """The stops that are asked for by `act`."""
    seen: list[StopChild] = []
    perform = play._perform

    def noted(effect: Effect) -> object:
        if isinstance(effect, StopChild):
            seen.append(effect)
        return perform(effect)

    play._perform = noted  # type: ignore[method-assign,assignment]
    act()
    return seen


def test_a_start_asked_for_is_not_lost_when_a_sibling_that_waits_is_terminated() -> None:
    play = Play(Flags("rest_for_one", 100, 10.0, SLOW), worker("b"), worker("a"), hold="abc")
    play.started("b")
    play.started("a")
    play.down("a")
    play.down("a", "cannot start again")
    assert play.core.slots["a"].phase == "waiting"
    play.ask(TerminateChild("b"))
    play.down("b", "shutdown")
    play.ask(RestartChild("b"))
    play.ask(StartChild(worker("c")))
    play.ask(TerminateChild("a"))
    play.started("b")
    play.started("c")
    assert play.answers == dict.fromkeys(range(1, 5), Done())


def test_a_child_that_stops_already_gets_the_time_for_all_when_all_stop_at_once() -> None:
    flags = Flags("one_for_one", 100, 10.0, SLOW, parallel_stop_s=1.0)
    patient = ChildSpec(id="a", actor="nowhere:Nothing", shutdown_s=600.0)
    play = Play(flags, patient, worker("b"), hold="ab")
    play.started("a")
    play.started("b")
    play.ask(TerminateChild("a"))
    play.stopping.clear()  # it may be told twice
    asked = stops(play, play.end)
    assert {stop.id: stop.timeout_s for stop in asked} == {"a": 1.0, "b": 1.0}
    (late,) = [stop for stop in asked if stop.id == "a"]
    play.step(Expired("a", late.ticket))
    assert "kill a" in play.trace


def significant(name: str) -> ChildSpec:
    return ChildSpec(id=name, actor="nowhere:Nothing", restart="transient", significant=True)


@pytest.mark.parametrize(("mode", "ends"), [("any_significant", True), ("all_significant", False)])
def test_a_significant_child_that_is_done_early_ends_nobody_before_all_have_started(mode: str, ends: bool) -> None:
    flags = Flags("one_for_one", 100, 10.0, SLOW, auto_shutdown=mode)  # type: ignore[arg-type]
    play = Play(flags, significant("a"), worker("m"), significant("z"), hold="amz")
    play.started("a")
    play.down("a", "normal")
    assert play.core.ending == ""
    play.started("m")
    play.started("z")
    assert play.core.ready
    assert (play.core.ending == "shutdown") is ends


def test_the_end_of_a_child_that_served_is_no_failed_start_though_its_start_was_not_heard() -> None:
    play = Play(eager_flags(), worker("a"), hold="a")
    play.step(ChildDown("a", play.alive.pop("a"), "boom", started=True))
    assert play.trace == "start a, start a"
    assert not play.core.ending


def test_terminating_a_child_that_waits_after_a_failure_leaves_its_siblings_to_come_back() -> None:
    play = Play(Flags("one_for_all", 100, 10.0, SLOW), worker("a"), worker("b"), hold="ab")
    play.started("a")
    play.started("b")
    play.down("a")
    play.down("b", "shutdown")
    play.started("a")
    play.started("b")
    play.down("a")  # the second failure in a row waits
    play.down("b", "shutdown")
    play.ask(TerminateChild("a"))
    assert set(play.alive) == {"b"}
