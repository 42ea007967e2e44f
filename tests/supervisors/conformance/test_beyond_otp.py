"""What OTP's supervisor does not do, or not so: waits between attempts, answers meanwhile, budgets, deadlines."""

import pytest

from tests.supervisors.conformance.children import ROOT
from tests.supervisors.conformance.stage import AT_ONCE, Stage
from tradigrade.kernel.signals import GAVE_UP
from tradigrade.supervisors.backoff import Backoff
from tradigrade.supervisors.requests import Done, Refused, RestartChild, StartChild, TerminateChild, WhichChild
from tradigrade.supervisors.spec import Budget, ChildSpec, Exhausted, Flags

STEADY = Backoff(min_s=0.1, max_s=0.4, jitter=0.0, reset_s=1.0)


def delays(stage: Stage, name: str = "a") -> list[float]:
    return [round(report.delay_s, 6) for report in stage.reports("restarting") if report.child == name]


def test_attempts_wait_twice_as_long_each_time_and_begin_anew_after_a_good_while(stage: Stage) -> None:
    """OTP tries again at once, and uses up any intensity within a millisecond."""
    stage.plant(stage.child("a"), backoff=STEADY)
    stage.script.plan("a", "error", "error", "error", "error", "ok")
    stage.exit("a", "boom")
    stage.system.advance(1.09)
    assert stage.living == {}
    stage.system.advance(0.01)
    assert stage.living == {"a": 6}
    assert delays(stage) == [0.0, 0.1, 0.2, 0.4, 0.4]
    stage.system.advance(0.99)
    stage.exit("a", "boom")
    assert delays(stage)[-1] == 0.4, "it did not live long enough"
    stage.system.advance(0.4 + 1.0)
    stage.exit("a", "boom")
    assert (delays(stage)[-1], stage.living) == (0.0, {"a": 8})


def test_attempts_are_spread_by_jitter_so_that_children_do_not_all_come_back_at_once(stage: Stage) -> None:
    names = [f"c{number}" for number in range(8)]
    jittery = Backoff(min_s=1.0, max_s=1.0, jitter=0.5)
    stage.plant(*map(stage.child, names), backoff=jittery, intensity=100)
    for name in names * 2:
        stage.exit(name, "boom")
    waits = [delays(stage, name)[1] for name in names]
    assert len(set(waits)) == len(names)
    assert all(0.5 < wait <= 1.0 for wait in waits)
    stage.system.advance(0.5)
    assert stage.living == {}
    stage.system.advance(0.5)
    assert len(stage.living) == len(names)


def test_it_answers_and_restarts_others_while_a_stubborn_child_stops(stage: Stage) -> None:
    """OTP's supervisor waits for the child, and everybody else for the supervisor."""
    stage.plant(stage.child("stubborn", kind="Headstrong", shutdown_s=5.0), stage.child("b"))
    stopped = stage.question(TerminateChild("stubborn"))
    assert stage.which() == {"stubborn": "stopping", "b": "running"}
    assert stage.ask(StartChild(stage.child("c"))) == Done()
    stage.exit("b", "boom")
    assert stage.living == {"stubborn": 1, "b": 2, "c": 1}
    assert not stopped.done
    stage.system.advance(5.0)
    assert stopped.wait(0.0) == Done()


def test_it_answers_and_can_be_stopped_while_a_restart_never_succeeds_and_another_never_ends(stage: Stage) -> None:
    """Also while a start hangs: OTP's supervisor hangs with it."""
    every_ms = Backoff(min_s=0.001, max_s=0.001)
    stage.plant(stage.child("a"), stage.child("b"), backoff=every_ms, intensity=1_000_000)
    stage.script.plan("a", "error")
    stage.exit("a", "boom")
    silent = stage.question(StartChild(stage.child("silent", kind="Silent", start_s=3600.0)))
    for _ in range(10):
        stage.system.advance(0.01)
        states = stage.which()
        assert (states["b"], states["silent"]) == ("running", "starting")
        assert states["a"] == "restarting"
        assert not silent.done
    stage.stop()
    assert (stage.end, stage.living) == ("shutdown", {})
    assert isinstance(silent.wait(0.0), Refused)


@pytest.mark.parametrize(("apart_s", "lives"), [(0.251, True), (0.25, False), (0.249, False)])
def test_the_window_is_exact_to_less_than_a_second(stage: Stage, apart_s: float, lives: bool) -> None:
    """OTP counts in whole seconds."""
    stage.plant(stage.child("a"), intensity=1, period_s=0.25)
    stage.exit("a", "boom")
    stage.system.advance(apart_s)
    stage.exit("a", "boom")
    assert (stage.end is None) == lives


def test_giving_up_is_a_failure_and_not_a_clean_end(stage: Stage) -> None:
    """In OTP both are `shutdown`: a transient supervisor that gave up never comes back."""
    flags = Flags(intensity=0, backoff=AT_ONCE)
    inner = ChildSpec(id="inner", flags=flags, children=(stage.child("leaf"),), restart="transient")
    stage.plant(inner)
    stage.exit("inner/leaf", "boom")
    assert stage.living == {"inner": 2, "inner/leaf": 1}
    (found,) = stage.ask(WhichChild("inner")).children
    assert found.reason.startswith(f"{GAVE_UP}: 1 restarts")
    stage.system.stop(f"{ROOT}/inner", "shutdown")
    stage.settle()
    assert stage.which() == {"inner": "undefined"}, "told to stop, it stays down"


@pytest.mark.parametrize("exhausted", ["escalate", "leave"])
def test_a_child_has_a_budget_of_its_own_and_its_supervisor_another(stage: Stage, exhausted: Exhausted) -> None:
    """OTP has one count for all children of a supervisor."""
    budget = Budget(1, 3600.0, exhausted)
    stage.plant(stage.child("dear", budget=budget), stage.child("b"), intensity=3, period_s=3600.0)
    stage.exit("dear", "boom")
    stage.exit("b", "boom")
    stage.exit("dear", "boom")
    if exhausted == "escalate":
        assert stage.end is not None
        assert "2 restarts within 3600.0 s (bound 1), last of 'dear'" in stage.end
        return
    assert (stage.end, stage.which()) == (None, {"dear": "undefined", "b": "running"})
    assert [report.child for report in stage.reports("left_down")] == ["dear"]
    stage.exit("b", "boom")
    assert stage.living == {"b": 3}, "what was borne of nobody is not counted"
    stage.exit("b", "boom")
    assert stage.end is not None
    assert "4 restarts within 3600.0 s (bound 3), last of 'b'" in stage.end


@pytest.mark.parametrize(("parallel_s", "takes_s"), [(2.0, 2.0), (10.0, 5.0), (None, 15.0)])
def test_all_stop_at_once_within_one_time_for_all(stage: Stage, parallel_s: float | None, takes_s: float) -> None:
    """OTP stops the children of an ordinary supervisor one by one, each with its own time."""
    stubborn = [stage.child(name, kind="Headstrong", shutdown_s=5.0) for name in "abc"]
    stage.plant(*stubborn, stage.child("d"), parallel_stop_s=parallel_s)
    stage.stop()
    assert stage.take_ends() == ["d shutdown"]
    stage.system.advance(takes_s - 0.01)
    assert stage.end is None
    stage.system.advance(0.01)
    assert stage.end == "shutdown"
    assert sorted(stage.take_ends()) == ["a killed", "b killed", "c killed"]


@pytest.mark.parametrize("start_s", [0.5, 2.0])
def test_a_start_that_takes_too_long_is_ended(stage: Stage, start_s: float) -> None:
    """OTP waits for it without end, and the whole tree with it."""
    stage.plant(stage.child("a"))
    reply = stage.question(StartChild(stage.child("slow", kind="Silent", start_s=start_s)))
    stage.system.advance(start_s - 0.01)
    assert (reply.done, stage.which()["slow"]) == (False, "starting")
    stage.system.advance(0.01)
    assert reply.wait(0.0) == Refused("failed", f"did not start within {start_s:g} s")
    assert stage.which() == {"a": "running"}


def test_a_first_start_that_takes_too_long_ends_the_supervisor_and_says_whose(stage: Stage) -> None:
    stage.plant(stage.child("a"), stage.child("slow", kind="Silent", start_s=2.0))
    stage.system.advance(2.0)
    assert stage.end == f"{GAVE_UP}: child 'slow' failed to start: did not start within 2 s"
    assert stage.living == {}


def test_a_child_held_back_is_down_with_its_reason_while_the_others_serve_and_starts_when_that_is_asked(
    stage: Stage,
) -> None:
    """OTP has no child that is specified and not started."""
    stage.plant(stage.child("a", held_back="it loops"), stage.child("b"))
    assert stage.which() == {"a": "undefined", "b": "running"}
    assert [(report.child, report.reason) for report in stage.reports("left_down")] == [("a", "it loops")]
    assert isinstance(stage.ask(RestartChild("a")), Done)
    assert stage.which() == {"a": "running", "b": "running"}
