"""Supervisors below supervisors."""

from collections.abc import Iterator
from itertools import product

from tests.supervisors.otp.scenarios.vocabulary import (
    COUNT,
    ONE_FOR_ALL,
    RESTARTS,
    STRATEGIES,
    WHICH,
    A,
    B,
    C,
    Child,
    Flags,
    Scenario,
    boom,
    supervisor,
)


def nested() -> Iterator[Scenario]:
    brittle = Flags(intensity=0)
    yield Scenario(
        "a_nested_child_that_fails_concerns_its_own_supervisor_only",
        (A, supervisor("inner", ONE_FOR_ALL, A, B), C),
        (*boom("inner/b"), WHICH, ("which_children", "inner"), COUNT, ("count_children", "inner")),
        ONE_FOR_ALL,
    )
    for strategy, restart in product(STRATEGIES, RESTARTS):
        yield Scenario(
            f"in_{strategy}_a_nested_{restart}_supervisor_gives_up",
            (A, supervisor("inner", brittle, A, B, restart=restart), C),
            (*boom("inner/a"), WHICH, COUNT),
            Flags(strategy),
        )
    yield Scenario(
        "the_intensities_of_two_levels_multiply",
        (supervisor("inner", Flags(intensity=1), A),),
        boom("inner/a", "inner/a", "inner/a", "inner/a"),
        Flags(intensity=1),
    )
    yield Scenario(
        "giving_up_climbs_through_two_levels",
        (A, supervisor("outer", brittle, B, supervisor("inner", brittle, A, B))),
        (*boom("outer/inner/a"), WHICH),
        Flags(intensity=1),
    )
    yield Scenario(
        "giving_up_climbs_to_the_root",
        (A, supervisor("outer", brittle, supervisor("inner", brittle, A))),
        boom("outer/inner/a"),
        brittle,
    )
    yield Scenario(
        "a_nested_supervisor_that_cannot_start_again_uses_up_the_intensity_above_it",
        (A, supervisor("inner", Flags(intensity=2), A, Child("b", starts=("ok", "error")))),
        boom("inner/b"),
        Flags(intensity=2),
    )
    yield Scenario(
        "a_nested_supervisor_that_starts_again_at_the_second_attempt_goes_on",
        (A, supervisor("inner", brittle, A, Child("b", starts=("ok", "error", "ok")))),
        (*boom("inner/b"), WHICH),
        Flags(intensity=2),
    )
    yield Scenario(
        "a_group_restart_stops_and_starts_a_nested_supervisor_whole",
        (A, supervisor("inner", Flags(), A, B), C),
        (*boom("a"), WHICH, ("which_children", "inner")),
        ONE_FOR_ALL,
    )
    yield Scenario(
        "children_added_to_a_nested_supervisor_are_lost_when_it_is_restarted",
        (supervisor("inner", Flags(intensity=1), A),),
        (
            ("start_child", B, "inner"),
            *boom("inner/b"),
            ("which_children", "inner"),
            *boom("inner/a"),
            ("which_children", "inner"),
        ),
    )
    yield Scenario(
        "a_nested_supervisor_is_terminated_and_restarted_by_hand",
        (A, supervisor("inner", Flags(), A, B)),
        (("terminate_child", "inner"), WHICH, COUNT, ("restart_child", "inner"), WHICH, COUNT),
    )
    yield Scenario(
        "a_nested_child_terminated_by_hand_comes_back_with_its_supervisor",
        (supervisor("inner", Flags(intensity=0), A, B),),
        (("terminate_child", "inner/a"), ("which_children", "inner"), *boom("inner/b"), ("which_children", "inner")),
    )
    yield Scenario(
        "a_nested_supervisor_is_started_by_hand",
        (A,),
        (("start_child", supervisor("inner", Flags(), A, B)), WHICH, *boom("inner/a")),
    )
    yield Scenario(
        "a_nested_supervisor_that_fails_to_start_by_hand_leaves_nothing",
        (A,),
        (("start_child", supervisor("inner", Flags(), A, Child("b", starts=("error",)))), WHICH),
    )
    yield Scenario(
        "a_stop_goes_through_all_levels_in_reverse",
        (A, supervisor("outer", Flags(), A, supervisor("inner", Flags(), A, B), B), B),
        (("stop",),),
    )
