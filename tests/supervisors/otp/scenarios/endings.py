"""Stops, and supervisors that end by themselves."""

from collections.abc import Iterator
from itertools import product

from tests.supervisors.otp.scenarios.vocabulary import (
    MODES,
    REASONS,
    RESTARTS,
    WHICH,
    A,
    B,
    C,
    Child,
    Flags,
    Restart,
    Scenario,
    boom,
    burst,
    supervisor,
)


def stops() -> Iterator[Scenario]:
    stubborn = Child("b", shutdown=50, stop="stubborn")
    yield Scenario("a_stubborn_child_is_killed_when_its_time_is_over", (A, stubborn, C), (("stop",),))
    yield Scenario(
        "a_stubborn_child_is_killed_by_a_termination_and_restarted_by_hand",
        (A, stubborn),
        (("terminate_child", "b"), WHICH, ("restart_child", "b"), WHICH),
    )
    yield Scenario(
        "a_child_with_no_time_to_stop_is_killed_at_once",
        (A, Child("b", shutdown="brutal_kill"), Child("c", shutdown="brutal_kill", stop="stubborn")),
        (("terminate_child", "b"), WHICH),
    )
    yield Scenario("a_child_with_unlimited_time_stops_when_told", (Child("a", shutdown="infinity"), B), (("stop",),))
    for restart in RESTARTS:
        yield Scenario(
            f"a_{restart}_child_that_stops_oddly_is_stopped_all_the_same",
            (Child("a", restart, stop="odd"), Child("b", restart, stop="odd")),
            (("terminate_child", "a"), WHICH, ("stop",)),
        )
    yield Scenario(
        "giving_up_stops_the_others_in_reverse_with_all_their_ways_to_stop",
        (A, stubborn, Child("c", stop="odd"), Child("d", shutdown="brutal_kill"), Child("e")),
        boom("a"),
        Flags(intensity=0),
    )
    yield Scenario(
        "a_child_ends_by_itself_before_the_stop_of_the_root",
        (A, Child("b", "transient"), Child("c", "temporary")),
        (("exit", "b", "shutdown"), ("exit", "c", "shutdown"), ("stop",)),
    )


def auto_shutdowns() -> Iterator[Scenario]:
    restarts: tuple[Restart, ...] = ("transient", "temporary")
    for mode, restart, reason in product(MODES, restarts, REASONS):
        yield Scenario(
            f"{mode}_with_two_{restart}_children_that_end_{reason}",
            (Child("a", restart, significant=True), B, Child("c", restart, significant=True)),
            (("exit", "a", reason), WHICH, ("exit", "c", reason), WHICH),
            Flags(auto_shutdown=mode),
        )
    for mode in MODES:
        flags = Flags(auto_shutdown=mode)
        yield Scenario(
            f"{mode}_does_not_mind_children_that_are_not_significant",
            (Child("a", "transient"), Child("b", "temporary"), Child("c", "temporary", significant=True)),
            (("exit", "a", "normal"), ("exit", "b", "normal"), WHICH),
            flags,
        )
        yield Scenario(
            f"{mode}_does_not_mind_a_termination_of_the_last_significant_child",
            (Child("a", "transient", significant=True), B),
            (("terminate_child", "a"), WHICH),
            flags,
        )
        yield Scenario(
            f"{mode}_does_not_mind_a_significant_child_that_is_ignored",
            (Child("a", "transient", significant=True, starts=("ignore",)), B),
            (WHICH,),
            flags,
        )
        yield Scenario(
            f"{mode}_does_not_mind_a_restart_that_is_ignored",
            (Child("a", "transient", significant=True, starts=("ok", "ignore")), B),
            (*boom("a"), WHICH),
            flags,
        )
        yield Scenario(
            f"{mode}_after_one_was_terminated_and_the_other_ended",
            (Child("a", "transient", significant=True), B, Child("c", "transient", significant=True)),
            (("terminate_child", "a"), WHICH, ("exit", "c", "normal"), WHICH),
            flags,
        )
        yield Scenario(
            f"{mode}_after_one_ended_and_was_restarted_by_hand",
            (Child("a", "transient", significant=True), B, Child("c", "transient", significant=True)),
            (("exit", "a", "normal"), ("restart_child", "a"), ("exit", "c", "normal"), ("exit", "a", "normal"), WHICH),
            flags,
        )
        yield Scenario(
            f"{mode}_counts_a_significant_child_that_was_added_later",
            (A,),
            (("start_child", Child("b", "temporary", significant=True)), ("exit", "b", "normal"), WHICH),
            flags,
        )
        for strategy in ("one_for_all", "rest_for_one"):
            yield Scenario(
                f"{mode}_does_not_mind_significant_bystanders_of_a_group_restart_in_{strategy}",
                (A, Child("b", "temporary", significant=True), Child("c", "transient", significant=True)),
                (*boom("a"), WHICH),
                Flags(strategy, auto_shutdown=mode),
            )
            yield Scenario(
                f"{mode}_does_not_mind_a_significant_child_that_ends_before_its_group_is_restarted_in_{strategy}",
                (A, Child("b", "temporary", significant=True), C),
                (burst(*boom("a"), ("exit", "b", "normal")), WHICH),
                Flags(strategy, auto_shutdown=mode),
            )
        yield Scenario(
            f"{mode}_while_another_significant_child_waits_for_its_next_attempt",
            (
                Child("a", "transient", significant=True, starts=("ok", "error", "ok")),
                B,
                Child("c", "temporary", significant=True),
            ),
            (burst(*boom("a"), ("exit", "c", "normal")), WHICH),
            flags,
        )
        yield Scenario(
            f"{mode}_after_the_significant_child_was_terminated_before_its_next_attempt",
            (Child("a", "transient", significant=True, starts=("ok", "error", "ok")), B),
            (burst(*boom("a"), ("terminate_child", "a")), WHICH),
            flags,
        )
        significant = Child("a", "temporary", significant=True)
        for restart in RESTARTS:
            yield Scenario(
                f"a_nested_{restart}_supervisor_shuts_itself_down_below_{mode}",
                (A, supervisor("inner", flags, significant, B, restart=restart), C),
                (("exit", "inner/a", "normal"), WHICH),
                flags,
            )
        for restart in restarts:
            yield Scenario(
                f"a_nested_significant_{restart}_supervisor_shuts_itself_down_below_{mode}",
                (A, supervisor("inner", flags, significant, B, restart=restart, significant=True), C),
                (("exit", "inner/a", "normal"), WHICH),
                flags,
            )
            yield Scenario(
                f"a_nested_significant_{restart}_supervisor_gives_up_below_{mode}",
                (A, supervisor("inner", Flags(intensity=0), B, restart=restart, significant=True), C),
                (*boom("inner/b"), WHICH),
                flags,
            )
