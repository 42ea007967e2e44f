import pytest

from tests.kit.supervision import Play, eager_flags, worker
from tradigrade.kernel.signals import KILLED, NORMAL, SHUTDOWN
from tradigrade.supervisors.effects import Asked, ChildDown, ChildStarted, Wake
from tradigrade.supervisors.requests import DeleteChild, Refused, StartChild, TerminateChild
from tradigrade.supervisors.spec import Restart, Strategy

ABC = (worker("a"), worker("b"), worker("c"))


def running(strategy: Strategy = "one_for_one", *, hold: str = "", intensity: int = 100, min_s: float = 0.0) -> Play:
    """Children a, b and c, all serving."""
    play = Play(eager_flags(strategy, intensity, min_s=min_s), *ABC)
    assert play.trace == "start a, start b, start c, ready"
    play.hold = set(hold)
    return play


# -- the first start --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
def test_children_start_in_order_each_after_the_one_before_it_serves(strategy: Strategy) -> None:
    play = Play(eager_flags(strategy), *ABC, hold="abc")
    for expected, child in (("start a", "a"), ("start b", "b"), ("start c", "c")):
        assert play.trace == expected
        play.started(child)
    assert play.trace == "ready"


def test_a_supervisor_without_children_is_ready_at_once() -> None:
    assert Play(eager_flags()).trace == "ready"


def test_the_first_start_that_fails_stops_those_before_it_in_reverse_and_ends() -> None:
    play = Play(eager_flags(), *ABC, hold="c")
    assert play.trace == "start a, start b, start c"
    play.down("c", "no such file")
    assert play.trace == "stop b, stop a, ended"
    assert play.ended == "child 'c' failed to start: no such file"


def test_a_child_that_served_may_fail_before_the_others_serve() -> None:
    play = Play(eager_flags(), *ABC, hold="b")
    assert play.trace == "start a, start b"
    play.down("a")
    assert play.trace == "start a"
    play.started("b")
    assert play.trace == "start c, ready"


# -- who comes back ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "failed", "expected"),
    [
        ("one_for_one", "a", "start a"),
        ("one_for_one", "b", "start b"),
        ("one_for_one", "c", "start c"),
        ("one_for_all", "a", "stop c, stop b, start a, start b, start c"),
        ("one_for_all", "b", "stop c, stop a, start a, start b, start c"),
        ("one_for_all", "c", "stop b, stop a, start a, start b, start c"),
        ("rest_for_one", "a", "stop c, stop b, start a, start b, start c"),
        ("rest_for_one", "b", "stop c, start b, start c"),
        ("rest_for_one", "c", "start c"),
    ],
)
def test_a_failure_restarts_its_group_stopped_in_reverse_and_started_in_order(
    strategy: Strategy, failed: str, expected: str
) -> None:
    play = running(strategy)
    play.down(failed)
    assert play.trace == expected
    assert set(play.alive) == {"a", "b", "c"}


def test_a_group_waits_for_each_stop_and_each_start() -> None:
    play = running("one_for_all", hold="abc")
    play.down("b")
    for expected, act, child in (
        ("stop c", play.down, "c"),
        ("stop a", play.down, "a"),
        ("start a", play.started, "a"),
        ("start b", play.started, "b"),
        ("start c", play.started, "c"),
    ):
        assert play.trace == expected
        act(child)
    assert play.trace == ""


def test_a_child_that_fails_while_its_group_is_being_stopped_is_no_second_failure() -> None:
    play = running("one_for_all", intensity=1, hold="abc")
    play.down("b")
    assert play.trace == "stop c"
    play.down("a", "lost its sibling")
    play.down("c")
    assert play.trace == "start a"
    assert not play.core.ending


def test_a_temporary_sibling_stopped_with_its_group_does_not_come_back() -> None:
    play = Play(eager_flags("one_for_all"), worker("a"), worker("b", "temporary"), worker("c", "transient"))
    assert play.trace == "start a, start b, start c, ready"
    play.down("a")
    assert play.trace == "stop c, stop b, start a, start c"
    assert list(play.core.slots) == ["a", "c"]


def test_a_temporary_sibling_that_was_not_started_yet_still_starts() -> None:
    play = Play(eager_flags("one_for_all"), worker("a"), worker("b"), worker("c", "temporary"), hold="b")
    assert play.trace == "start a, start b"
    play.hold.clear()
    play.down("a")
    assert play.trace == "stop b, start a, start b, start c, ready"


@pytest.mark.parametrize(
    ("restart", "reason", "returns"),
    [
        ("permanent", NORMAL, True),
        ("permanent", SHUTDOWN, True),
        ("permanent", "boom", True),
        ("permanent", KILLED, True),
        ("transient", NORMAL, False),
        ("transient", SHUTDOWN, False),
        ("transient", "boom", True),
        ("transient", KILLED, True),
        ("temporary", NORMAL, False),
        ("temporary", SHUTDOWN, False),
        ("temporary", "boom", False),
        ("temporary", KILLED, False),
    ],
)
def test_the_restart_type_and_the_reason_decide_who_comes_back(restart: Restart, reason: str, returns: bool) -> None:
    play = Play(eager_flags(), worker("a", restart))
    assert play.trace == "start a, ready"
    play.down("a", reason)
    assert play.trace == ("start a" if returns else "")
    assert ("a" in play.core.slots) is (restart != "temporary"), "only a temporary child's specification is forgotten"


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
def test_a_child_that_is_done_takes_no_sibling_along(strategy: Strategy) -> None:
    play = Play(eager_flags(strategy), worker("a", "transient"), worker("b"))
    assert play.trace == "start a, start b, ready"
    play.down("a", NORMAL)
    assert play.trace == ""


# -- how much is borne ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("intensity", "failures"), [(0, 1), (1, 2), (3, 4)])
def test_one_restart_more_than_the_intensity_gives_up(intensity: int, failures: int) -> None:
    play = running(intensity=intensity)
    for _ in range(failures - 1):
        play.down("b")
        assert play.trace == "start b"
    play.down("b")
    assert play.trace == "stop c, stop a, ended"
    bound = f"{failures} restarts within 10.0 s (bound {intensity})"
    assert play.ended == f"gave up: {bound}, last of 'b': boom"


@pytest.mark.parametrize(("after_s", "gives_up"), [(9.9, True), (10.0, True), (10.000_000_001, False)])
def test_a_restart_exactly_one_period_old_still_counts(after_s: float, gives_up: bool) -> None:
    play = running(intensity=1)
    play.down("a")
    play.wait(after_s)
    play.down("a")
    assert bool(play.ended) is gives_up


def test_failures_spaced_wider_than_the_period_are_borne_for_ever() -> None:
    play = running(intensity=2)
    for _ in range(100):
        play.wait(6.0)
        play.down("a")
    assert not play.ended
    assert len(play.core.restarts_ns) <= 3, "what no longer counts is forgotten"


def test_the_intensity_is_shared_by_all_children() -> None:
    play = running(intensity=2)
    for child in "abc":
        assert not play.ended
        play.down(child)
    assert play.ended


def test_the_restart_of_a_group_counts_one() -> None:
    play = running("one_for_all", intensity=2)
    play.down("a")
    play.down("a")
    assert not play.ended
    play.down("a")
    assert play.ended


def test_a_restart_that_fails_counts_too() -> None:
    play = running(intensity=3, hold="b")
    for _ in range(4):
        assert not play.ended
        if play.wakes:
            play.wake()
        play.down("b", "no such file")
    assert play.ended.startswith("gave up: 4 restarts")


def test_a_group_restart_that_fails_at_a_later_child_begins_again_from_there() -> None:
    play = running("rest_for_one", hold="b")
    play.down("a")
    play.down("b")
    assert play.trace == "stop c, stop b, start a, start b"
    play.down("b", "no such file")
    assert play.trace == "wait b 0", "who asked meanwhile is served first"
    play.wake()
    assert play.trace == "start b", "a serves already"


# -- back-off ---------------------------------------------------------------------------------------------------------


def test_the_first_restart_is_immediate_and_the_next_ones_wait_longer_and_longer() -> None:
    play = running(min_s=0.25)
    traces = []
    for _ in range(5):
        play.down("b")
        traces.append(play.trace)
        if play.wakes:
            play.wake()
            assert play.trace == "start b"
    assert traces == ["start b", "wait b 0.25", "wait b 0.5", "wait b 1", "wait b 1"]


@pytest.mark.parametrize(("lived_s", "expected"), [(4.9, "wait b 0.5"), (5.0, "start b")])
def test_a_child_that_lived_long_enough_starts_over(lived_s: float, expected: str) -> None:
    play = running(min_s=0.25)
    for _ in range(2):
        play.down("b")
    play.wake()
    play.wait(lived_s)
    assert play.trace == "start b, wait b 0.25, start b"
    play.down("b")
    assert play.trace == expected


def test_siblings_of_a_waiting_child_go_on_failing_and_returning() -> None:
    play = running(min_s=0.25)
    for _ in range(2):
        play.down("b")
    assert play.trace == "start b, wait b 0.25"
    play.down("c")
    assert play.trace == "start c"


def test_later_children_of_a_waiting_one_wait_with_it() -> None:
    play = running("rest_for_one", min_s=0.25)
    for _ in range(2):
        play.down("b")
    assert play.trace == "stop c, start b, start c, wait b 0.25, stop c"
    play.wake()
    assert play.trace == "start b, start c"


def test_the_wake_of_a_past_wait_is_ignored() -> None:
    play = running(min_s=0.25)
    for _ in range(2):
        play.down("b")
    stale = play.wakes[0]
    play.wake()
    play.down("b")
    assert play.trace == "start b, wait b 0.25, start b, wait b 0.5"
    play.step(Wake(stale.id, stale.ticket))
    assert play.trace == ""


# -- told what to do --------------------------------------------------------------------------------------------------


def test_a_dynamic_child_starts_last_in_order() -> None:
    play = running("rest_for_one")
    play.ask(StartChild(worker("d")))
    assert play.trace == "start d"
    play.down("c")
    assert play.trace == "stop d, start c, start d"
    play.end()
    assert play.trace == "stop d, stop c, stop b, stop a, ended"


def test_a_dynamic_child_whose_id_is_taken_changes_nothing() -> None:
    play = running()
    play.ask(StartChild(worker("b", "temporary")))
    assert play.trace == ""
    play.down("b")
    assert play.trace == "start b", "it is the permanent child it was"


def test_a_child_added_by_hand_that_cannot_start_is_forgotten_and_whoever_asked_is_told() -> None:
    play = running(intensity=0, hold="d")
    play.ask(StartChild(worker("d")))
    play.down("d", "no such file")
    assert play.trace == "start d"
    assert play.answers == {1: Refused("failed", "no such file")}
    assert "d" not in play.core.slots


def test_a_terminated_child_stays_away_and_its_specification_stays() -> None:
    play = running()
    play.ask(TerminateChild("b"))
    assert play.trace == "stop b"
    assert play.core.slots["b"].phase == "down"
    assert not play.core.restarts_ns, "what was asked for is no failure"
    play.ask(DeleteChild("b"))
    assert list(play.core.slots) == ["a", "c"]


def test_terminating_a_waiting_child_ends_its_wait() -> None:
    play = running(min_s=0.25)
    for _ in range(2):
        play.down("b")
    play.ask(TerminateChild("b"))
    play.wake()
    assert play.trace == "start b, wait b 0.25"
    assert "b" not in play.alive


def test_terminating_a_child_that_starts_is_no_failed_start() -> None:
    play = Play(eager_flags(), *ABC, hold="ab")
    play.started("a")
    play.ask(TerminateChild("a"))
    play.ask(TerminateChild("b"))
    assert play.trace == "start a, start b, stop a"
    play.down("b")
    play.down("a")
    assert play.trace == "start c, ready"


def test_a_living_child_is_not_removed() -> None:
    play = running()
    play.ask(DeleteChild("b"))
    assert play.trace == ""
    assert "b" in play.core.slots


def test_a_slow_stop_does_not_hold_up_the_restart_of_an_independent_sibling() -> None:
    play = running(hold="b")
    play.ask(TerminateChild("b"))
    assert play.trace == "stop b"
    play.down("a")
    assert play.trace == "start a"
    play.down("b")
    assert play.trace == ""


def test_children_are_stopped_one_at_a_time() -> None:
    play = running(hold="abc")
    play.end()
    for child in "cba":
        assert play.trace == f"stop {child}"
        play.down(child, "killed")
    assert play.trace == "ended"
    assert play.ended == SHUTDOWN


def test_an_end_while_a_child_starts_stops_it_too() -> None:
    play = running(hold="b")
    play.down("b")
    play.end()
    assert play.trace == "start b, stop c, stop b"
    play.down("b")
    assert play.trace == "stop a, ended"


def test_an_end_while_a_group_restarts_starts_nothing_more() -> None:
    play = running("one_for_all", hold="c")
    play.down("a")
    play.end()
    assert play.trace == "stop c"
    play.down("c")
    assert play.trace == "stop b, ended"


def test_an_end_while_a_child_waits_ends_the_wait() -> None:
    play = running(min_s=0.25)
    for _ in range(2):
        play.down("b")
    assert play.trace == "start b, wait b 0.25"
    play.end()
    assert play.trace == "stop c, stop a, ended"


def test_an_end_before_all_children_serve_stops_those_that_started() -> None:
    play = Play(eager_flags(), *ABC, hold="b")
    play.end()
    assert play.trace == "start a, start b, stop b"
    play.down("b")
    assert play.trace == "stop a, ended"
    assert play.ended == SHUTDOWN, "what was asked for is no failed start"


def test_the_first_reason_to_end_counts() -> None:
    play = running(hold="c")
    play.end("first")
    play.end("second")
    play.down("c")
    assert play.ended == "first"


def test_a_child_that_crashes_while_all_stop_is_not_restarted() -> None:
    play = running(hold="c")
    play.end()
    play.down("a")
    play.down("c")
    assert play.trace == "stop c, stop b, ended"


def test_nothing_happens_after_the_end() -> None:
    play = running()
    play.end()
    assert play.trace == "stop c, stop b, stop a, ended"
    for event in (
        Asked(9, StartChild(worker("d"))),
        ChildDown("a", 1, "boom"),
        Asked(10, TerminateChild("a")),
        Wake("a", 1),
    ):
        play.step(event)
    play.end()
    assert play.trace == ""


@pytest.mark.parametrize(
    "event",
    [
        ChildStarted("b", 1),
        ChildDown("b", 1, "boom"),
        ChildDown("b", 3, "boom"),
        Wake("b", 1),
        ChildStarted("x", 1),
        ChildDown("x", 1, "boom"),
        Wake("x", 1),
        Asked(9, TerminateChild("x")),
        Asked(9, DeleteChild("x")),
    ],
    ids=repr,
)
def test_events_of_another_incarnation_or_of_a_stranger_are_ignored(
    event: ChildStarted | ChildDown | Wake | Asked,
) -> None:
    play = running()
    play.down("b")
    assert play.trace == "start b"
    play.step(event)
    assert play.trace == ""
    assert play.core.slots["b"].phase == "running"


def test_a_restart_that_fails_is_tried_again_also_while_others_start_for_the_first_time() -> None:
    play = Play(eager_flags(), worker("a"), worker("b"), hold=("a", "b"))
    play.started("a")
    play.down("a")
    play.down("a", "failed to start again")
    play.wake()
    play.started("a")
    play.started("b")
    assert (play.core.ready, play.ended) == (True, "")
