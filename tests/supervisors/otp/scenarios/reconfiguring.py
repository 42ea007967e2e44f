"""New flags and specifications while the children run."""

from collections.abc import Iterator
from itertools import product

from tests.supervisors.otp.scenarios.vocabulary import (
    ABC,
    COUNT,
    MODES,
    ONE_FOR_ALL,
    WHICH,
    A,
    B,
    C,
    Child,
    Flags,
    Scenario,
    boom,
)


def reconfigurations() -> Iterator[Scenario]:
    yield Scenario(
        "reconfigured_with_the_same_changes_nothing", ABC, (("reconfigure", Flags(), ABC), WHICH, *boom("b"), WHICH)
    )
    yield Scenario(
        "a_new_strategy_takes_effect_at_the_next_failure",
        ABC,
        (("reconfigure", ONE_FOR_ALL, ABC), *boom("c"), WHICH),
    )
    yield Scenario(
        "a_lower_intensity_counts_the_restarts_that_were_before_it",
        ABC,
        (*boom("a", "a"), ("reconfigure", Flags(intensity=2), ABC), *boom("a")),
    )
    yield Scenario(
        "a_higher_intensity_saves_a_supervisor_that_had_used_up_its_own",
        ABC,
        (*boom("a"), ("reconfigure", Flags(intensity=2), ABC), *boom("a"), WHICH),
        Flags(intensity=1),
    )
    yield Scenario(
        "a_new_specification_is_added_but_not_started",
        (A, C),
        (("reconfigure", Flags(), ABC), WHICH, COUNT, ("restart_child", "b"), WHICH),
    )
    yield Scenario(
        "a_new_specification_is_started_by_a_group_restart",
        (A, C),
        (("reconfigure", ONE_FOR_ALL, ABC), *boom("c"), WHICH),
    )
    yield Scenario(
        "a_missing_specification_is_kept",
        ABC,
        (("reconfigure", Flags(), (A, C)), WHICH, COUNT, *boom("b"), WHICH),
    )
    yield Scenario(
        "missing_specifications_are_kept_and_new_ones_added_among_them",
        ABC,
        (("reconfigure", Flags(), (Child("d"), C, A)), WHICH, ("restart_child", "d"), WHICH),
    )
    yield Scenario(
        "a_new_order_of_the_same_children_is_the_order_of_the_stop",
        ABC,
        (("reconfigure", Flags(), (C, A, B)), WHICH),
    )
    yield Scenario(
        "a_changed_specification_takes_effect_at_the_next_end",
        (A, B),
        (
            ("reconfigure", Flags(), (A, Child("b", "temporary", shutdown=100))),
            ("get_childspec", "b"),
            *boom("b"),
            WHICH,
        ),
    )
    yield Scenario(
        "a_terminated_child_stays_terminated_through_a_reconfiguration",
        (A, B),
        (("terminate_child", "a"), ("reconfigure", Flags(), (A, B)), WHICH, ("restart_child", "a"), WHICH),
    )
    yield Scenario(
        "a_reconfiguration_with_the_same_id_twice_is_refused_and_changes_nothing",
        (A, B),
        (("reconfigure", Flags(intensity=0), (A, B, A)), WHICH, *boom("a"), WHICH),
    )
    yield Scenario(
        "a_reconfiguration_without_children_keeps_them_all",
        (A, B),
        (("reconfigure", Flags(), ()), WHICH, *boom("a"), WHICH),
    )
    significant = (Child("a", "temporary", significant=True), Child("b", "transient", significant=True), C)
    yield Scenario(
        "a_reconfiguration_without_auto_shutdown_refuses_significant_children",
        significant,
        (("reconfigure", Flags(), significant), ("exit", "a", "normal"), WHICH),
        Flags(auto_shutdown="all_significant"),
    )
    for before, after in product(MODES, MODES):
        if before != after:
            yield Scenario(
                f"{before}_reconfigured_to_{after}_takes_effect_at_the_next_end",
                significant,
                (
                    ("reconfigure", Flags(auto_shutdown=after), significant),
                    ("exit", "a", "normal"),
                    WHICH,
                    ("exit", "b", "normal"),
                    WHICH,
                ),
                Flags(auto_shutdown=before),
            )
    yield Scenario(
        "a_child_reconfigured_to_be_significant_ends_the_supervisor_with_it",
        (Child("a", "temporary"), C),
        (
            ("reconfigure", Flags(auto_shutdown="any_significant"), (Child("a", "temporary", significant=True), C)),
            WHICH,
            ("exit", "a", "normal"),
        ),
    )
