"""Who comes back, and how often a supervisor bears it."""

from collections.abc import Iterator
from itertools import product

from tests.supervisors.otp.scenarios.vocabulary import (
    ABC,
    COUNT,
    ONE_FOR_ALL,
    REASONS,
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
    burst,
)


def ends() -> Iterator[Scenario]:
    """Every strategy, restart type and exit reason."""
    for strategy, restart, reason in product(STRATEGIES, RESTARTS, REASONS):
        yield Scenario(
            f"in_{strategy}_the_middle_child_is_{restart}_and_ends_{reason}",
            (A, Child("b", restart), C),
            (("exit", "b", reason), WHICH, COUNT),
            Flags(strategy),
        )


def groups() -> Iterator[Scenario]:
    """What a group restart does to children that are temporary, stopped, ended, ignored or stubborn."""
    for strategy in STRATEGIES:
        flags = Flags(strategy)
        for restart in RESTARTS:
            yield Scenario(
                f"in_{strategy}_a_{restart}_bystander_stands_behind_the_child_that_fails",
                (A, Child("b", restart), C),
                (*boom("a"), WHICH),
                flags,
            )
            yield Scenario(
                f"in_{strategy}_a_terminated_{restart}_child_stands_behind_the_child_that_fails",
                (A, Child("b", restart), C),
                (("terminate_child", "b"), *boom("a"), WHICH),
                flags,
            )
        yield Scenario(
            f"in_{strategy}_a_terminated_child_stands_before_the_child_that_fails",
            ABC,
            (("terminate_child", "a"), *boom("b"), WHICH),
            flags,
        )
        yield Scenario(
            f"in_{strategy}_a_transient_child_that_ended_stands_behind_the_child_that_fails",
            (A, Child("b", "transient"), C),
            (("exit", "b", "normal"), *boom("a"), WHICH),
            flags,
        )
        yield Scenario(
            f"in_{strategy}_an_ignored_child_stands_behind_the_child_that_fails",
            (A, Child("b", starts=("ignore", "ok")), C),
            (*boom("a"), WHICH),
            flags,
        )
        yield Scenario(
            f"in_{strategy}_the_last_child_is_stubborn_and_the_one_before_it_ends_oddly",
            (A, Child("b", stop="odd"), Child("c", shutdown=50, stop="stubborn")),
            (*boom("a"), WHICH),
            flags,
        )
        yield Scenario(
            f"in_{strategy}_a_child_added_later_is_last_in_the_order",
            (A, B),
            (("start_child", C), *boom("a"), *boom("b"), WHICH),
            flags,
        )
        yield Scenario(
            f"in_{strategy}_two_children_fail_at_once_and_intensity_allows_one_restart",
            ABC,
            (burst(*boom("a", "c")), WHICH),
            Flags(strategy, intensity=1),
        )
    yield Scenario(
        "in_one_for_all_the_bystander_that_is_killed_at_once_ends_killed",
        (A, Child("b", shutdown="brutal_kill"), C),
        boom("c"),
        ONE_FOR_ALL,
    )


def intensities() -> Iterator[Scenario]:
    for intensity in (0, 1, 3):
        yield Scenario(
            f"intensity_{intensity}_bears_as_many_failures_and_gives_up_at_the_next",
            ABC,
            boom("b", "b", "b", "b"),
            Flags(intensity=intensity),
        )
    for strategy in ("one_for_all", "rest_for_one"):
        yield Scenario(
            f"a_group_restart_in_{strategy}_counts_as_one",
            ABC,
            boom("a", "a", "a"),
            Flags(strategy, intensity=2),
        )
    yield Scenario(
        "restarts_are_counted_over_all_children", ABC, (*boom("a", "b"), WHICH, *boom("c")), Flags(intensity=2)
    )
    yield Scenario(
        "a_permanent_child_that_ends_normally_counts_too",
        (A, B),
        (("exit", "a", "normal"), ("exit", "b", "shutdown")),
        Flags(intensity=1),
    )
    yield Scenario(
        "ends_that_restart_nothing_do_not_count",
        (Child("a", "transient"), Child("b", "temporary"), C),
        (("exit", "a", "normal"), *boom("b"), WHICH),
        Flags(intensity=0),
    )
    yield Scenario(
        "restarts_by_hand_do_not_count",
        (A,),
        (("terminate_child", "a"), ("restart_child", "a"), ("terminate_child", "a"), ("restart_child", "a"), WHICH),
        Flags(intensity=0),
    )
    yield Scenario(
        "a_restart_outside_the_period_is_forgotten",
        (A, B),
        (*boom("a"), ("wait", 2100), *boom("b"), WHICH),
        Flags(intensity=1, period_s=1),
    )
    yield Scenario(
        "a_restart_inside_the_period_is_remembered", (A, B), (*boom("a"), ("wait", 20), *boom("b")), Flags(intensity=1)
    )


def failing_restarts() -> Iterator[Scenario]:
    """Restarts whose start fails: each attempt counts, and the group is taken up again where its strategy says."""
    for intensity in (0, 1, 3):
        yield Scenario(
            f"a_restart_that_always_fails_uses_up_intensity_{intensity}",
            (A, Child("b", starts=("ok", "error")), C),
            boom("b"),
            Flags(intensity=intensity),
        )
    for intensity in (2, 3):
        yield Scenario(
            f"a_restart_that_fails_twice_meets_intensity_{intensity}",
            (A, Child("b", starts=("ok", "error", "error", "ok")), C),
            (*boom("b"), WHICH),
            Flags(intensity=intensity),
        )
    yield Scenario(
        "a_transient_child_whose_restart_fails_is_tried_again",
        (A, Child("b", "transient", starts=("ok", "error", "ok"))),
        (*boom("b"), WHICH),
    )
    for strategy, (position, name) in product(STRATEGIES, enumerate("abc")):
        recovering = Child(name, starts=("ok", "error", "error", "ok"))
        failing = Child(name, starts=("ok", "error"))
        yield Scenario(
            f"in_{strategy}_the_restart_of_{name}_fails_twice_after_a_failed",
            (*ABC[:position], recovering, *ABC[position + 1 :]),
            (*boom("a"), WHICH),
            Flags(strategy),
        )
        yield Scenario(
            f"in_{strategy}_the_restart_of_{name}_always_fails_after_b_failed",
            (*ABC[:position], failing, *ABC[position + 1 :]),
            boom("b"),
            Flags(strategy, intensity=3),
        )
    for strategy in ("one_for_all", "rest_for_one"):
        yield Scenario(
            f"in_{strategy}_two_children_fail_to_restart_one_after_the_other",
            (A, Child("b", starts=("ok", "error", "ok")), Child("c", starts=("ok", "error", "ok"))),
            (*boom("a"), WHICH),
            Flags(strategy),
        )
        yield Scenario(
            f"in_{strategy}_a_temporary_bystander_is_not_in_the_retry",
            (A, Child("b", "temporary"), Child("c", starts=("ok", "error", "ok"))),
            (*boom("a"), WHICH),
            Flags(strategy),
        )
