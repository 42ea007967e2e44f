"""A plan of faults, whatever the seed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.app.samples import tree
from tradigrade.chaos.plan import ENDS, ENDS_MAX, KINDS, PERIOD_S, Step, Targets, find_targets, plan

TARGETS = Targets(
    nodes=("console", "exchange", "learner", "trader"),
    fork_servers=("forkserver", "spare"),
    actors=("exchange/venue", "learner/trainer", "trader/feeds/binance", "trader/trading/account/risk"),
    venue="exchange/venue",
    venue_faults=("drop-answers", "reject-orders"),
)
seeds = st.integers(0, 2**32)
every_seed = settings(max_examples=60, deadline=None)


def ends_s(step: Step) -> float:
    return step.at_s + (step.for_s or 0.0) + step.kind.settles_s


@every_seed
@given(seed=seeds)
def test_the_same_seed_plans_the_same_and_a_longer_plan_goes_on_from_a_shorter_one(seed: int) -> None:
    short, long = plan(seed, TARGETS, 0.5), plan(seed, TARGETS, 2.0)
    assert short == plan(seed, TARGETS, 0.5)
    assert long[: len(short)] == short


def test_another_seed_plans_something_else() -> None:
    assert len({plan(seed, TARGETS, 1.0) for seed in range(50)}) == 50


@every_seed
@given(seed=seeds)
def test_faults_follow_one_another_unless_they_overlap_on_purpose(seed: int) -> None:
    steps = plan(seed, TARGETS, 5.0)
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    busy_until_s = 0.0
    for before, step in zip((None, *steps), steps, strict=False):
        if step.overlaps:
            assert before is not None
            assert not before.overlaps, "never three at once"
            assert before.at_s < step.at_s < ends_s(before)
            assert step.node != before.node
        else:
            assert step.at_s > busy_until_s
        busy_until_s = max(busy_until_s, ends_s(step))
    assert busy_until_s <= 300.0


@every_seed
@given(seed=seeds)
def test_every_fault_has_a_target_of_its_kind_and_bounded_numbers(seed: int) -> None:
    for step in plan(seed, TARGETS, 2.0):
        assert step.target in TARGETS.of(step.kind.scope)
        assert (step.kind.for_s is None) == (step.for_s is None)
        assert (step.kind.by_s is None) == (step.by_s is None)
        if step.kind.for_s is not None and step.for_s is not None:
            assert step.kind.for_s[0] <= step.for_s <= step.kind.for_s[1]
        if step.kind.by_s is not None and step.by_s is not None:
            assert step.kind.by_s[0] <= abs(step.by_s) <= step.kind.by_s[1]
            assert step.by_s > 0 or step.kind.action == "clock"
        assert bool(step.fault) == (step.kind.scope == "venue")


@every_seed
@given(seed=seeds)
def test_no_target_is_ended_so_often_that_its_supervisor_would_give_up(seed: int) -> None:
    steps = [step for step in plan(seed, TARGETS, 10.0) if step.kind.action in ENDS]
    for step in steps:
        window = [one for one in steps if one.target == step.target and 0 <= step.at_s - one.at_s < PERIOD_S]
        assert len(window) <= ENDS_MAX


def test_a_long_plan_holds_every_kind_and_some_that_overlap() -> None:
    steps = plan(1, TARGETS, 30.0)
    assert {step.kind for step in steps} == set(KINDS)
    assert 0.05 < sum(step.overlaps for step in steps) / len(steps) < 0.25
    assert {1, -1} == {1 if step.by_s > 0 else -1 for step in steps if step.kind.action == "clock" and step.by_s}


@pytest.mark.parametrize("seed", range(20))
def test_a_short_plan_is_a_varied_one(seed: int) -> None:
    steps = plan(seed, TARGETS, 0.3)
    assert len(steps) >= 4
    assert len({step.kind for step in steps}) >= 3


def test_a_system_of_which_nothing_may_be_hit_gets_no_plan() -> None:
    assert plan(1, Targets((), (), (), "exchange/venue", ()), 5.0) == ()


def test_the_launcher_and_the_nodes_own_ends_are_no_targets() -> None:
    targets = find_targets(tree(), "exchange/venue", ("b", "a"))
    assert targets.nodes == ("learner", "trader")
    assert targets.fork_servers == ("forkserver",)
    assert "trader/trading/account/risk" in targets.actors
    assert not {"launcher", "trader/trading", "trader/outside"} & {*targets.nodes, *targets.actors}
    assert targets.venue_faults == ("a", "b")
