"""Requests with a child in every state, and between two attempts."""

from collections.abc import Iterator

from tests.supervisors.otp.scenarios.vocabulary import (
    ABC,
    COUNT,
    ONE_FOR_ALL,
    REST_FOR_ONE,
    RESTARTS,
    STRATEGIES,
    WHICH,
    A,
    B,
    ById,
    C,
    Child,
    Flags,
    Scenario,
    StartChild,
    boom,
    burst,
    supervisor,
)


def requests() -> Iterator[Scenario]:
    """Every request with a child in every state."""
    all_about_b: tuple[StartChild | ById, ...] = (
        ("start_child", B),
        ("terminate_child", "b"),
        ("restart_child", "b"),
        ("delete_child", "b"),
        ("get_childspec", "b"),
    )
    for about_b in all_about_b:
        kind = about_b[0]
        after = (about_b, WHICH, COUNT)
        yield Scenario(f"{kind}_while_the_child_runs", ABC, after)
        yield Scenario(f"{kind}_after_the_child_was_terminated", ABC, (("terminate_child", "b"), *after))
        yield Scenario(
            f"{kind}_after_the_transient_child_ended_by_itself",
            (A, Child("b", "transient"), C),
            (("exit", "b", "normal"), *after),
        )
        yield Scenario(
            f"{kind}_after_the_temporary_child_ended_by_itself",
            (A, Child("b", "temporary"), C),
            (*boom("b"), *after),
        )
        yield Scenario(f"{kind}_after_the_child_was_ignored", (A, Child("b", starts=("ignore", "ok")), C), after)
        yield Scenario(f"{kind}_of_a_child_that_was_never_told_of", (A, C), after)
        yield Scenario(
            f"{kind}_while_the_child_waits_for_its_next_attempt",
            (A, Child("b", starts=("ok", "error", "ok")), C),
            (burst(*boom("b"), WHICH, COUNT, about_b, WHICH, COUNT), WHICH),
        )
        yield Scenario(
            f"{kind}_while_the_group_waits_for_its_next_attempt",
            (A, Child("b", starts=("ok", "error", "ok")), C),
            (burst(*boom("a"), WHICH, COUNT, about_b, WHICH, COUNT), WHICH),
            ONE_FOR_ALL,
        )
        yield Scenario(
            f"{kind}_while_the_rest_waits_for_its_next_attempt",
            (A, Child("b", starts=("ok", "error", "ok")), C),
            (burst(*boom("a"), WHICH, COUNT, about_b, WHICH, COUNT), WHICH),
            REST_FOR_ONE,
        )


def more_requests() -> Iterator[Scenario]:
    failing = Child("b", starts=("error", "ok"))
    yield Scenario(
        "a_start_by_hand_that_fails_leaves_no_trace_of_the_child",
        (A,),
        (("start_child", failing), WHICH, ("restart_child", "b"), ("start_child", failing), WHICH),
    )
    yield Scenario(
        "a_restart_by_hand_that_fails_leaves_the_child_undefined_and_counts_nothing",
        (Child("a", starts=("ok", "error", "ok")), B),
        (("terminate_child", "a"), ("restart_child", "a"), WHICH, ("restart_child", "a"), WHICH),
        Flags(intensity=0),
    )
    for restart in RESTARTS:
        yield Scenario(
            f"a_{restart}_child_is_started_by_hand_terminated_and_deleted",
            (A,),
            (
                ("start_child", Child("b", restart)),
                WHICH,
                ("terminate_child", "b"),
                WHICH,
                ("terminate_child", "b"),
                ("delete_child", "b"),
                WHICH,
                COUNT,
            ),
        )
    yield Scenario(
        "a_deleted_child_that_is_started_again_is_last_in_the_order",
        ABC,
        (("terminate_child", "a"), ("delete_child", "a"), ("start_child", A), WHICH),
    )
    yield Scenario(
        "a_restarted_child_keeps_its_place_in_the_order",
        ABC,
        (("terminate_child", "a"), ("restart_child", "a"), *boom("b"), WHICH),
    )
    yield Scenario(
        "a_terminated_child_waits_for_its_restart_while_the_others_come_and_go",
        ABC,
        (("terminate_child", "b"), *boom("a", "c"), WHICH, ("restart_child", "b"), WHICH),
        Flags(intensity=2),
    )
    for flags in (Flags(), Flags(auto_shutdown="any_significant")):
        yield Scenario(
            f"a_significant_permanent_child_is_refused_when_auto_shutdown_is_{flags.auto_shutdown}",
            (A,),
            (("start_child", Child("b", significant=True)), WHICH),
            flags,
        )
    yield Scenario(
        "a_significant_child_is_refused_when_there_is_no_auto_shutdown",
        (A,),
        (("start_child", Child("b", "temporary", significant=True)), WHICH),
    )
    yield Scenario(
        "specifications_say_what_was_given",
        (
            Child("a", "transient", significant=True, shutdown="brutal_kill"),
            Child("b", "temporary", shutdown="infinity"),
            supervisor("inner", Flags(), C),
        ),
        (("get_childspec", "a"), ("get_childspec", "b"), ("get_childspec", "inner"), ("get_childspec", "inner/c")),
        Flags(auto_shutdown="all_significant"),
    )


def waits() -> Iterator[Scenario]:
    """What may happen between a restart that failed and the next attempt."""
    late = Child("b", starts=("ok", "error", "ok"))
    yield Scenario(
        "a_terminated_child_is_not_tried_again",
        (A, Child("b", starts=("ok", "error"))),
        (burst(*boom("b"), ("terminate_child", "b")), WHICH, ("restart_child", "b"), WHICH),
        Flags(intensity=1),
    )
    yield Scenario(
        "a_child_terminated_and_restarted_by_hand_before_its_next_attempt_starts_once",
        (A, late),
        (burst(*boom("b"), ("terminate_child", "b"), ("restart_child", "b")), WHICH),
    )
    yield Scenario(
        "a_child_deleted_before_its_next_attempt_stays_away",
        (A, late),
        (burst(*boom("b"), ("terminate_child", "b"), ("delete_child", "b")), WHICH),
    )
    yield Scenario(
        "a_child_deleted_and_added_before_its_next_attempt_starts_once",
        (A, late, C),
        (burst(*boom("b"), ("terminate_child", "b"), ("delete_child", "b"), ("start_child", B)), WHICH),
    )
    for strategy in STRATEGIES:
        flags = Flags(strategy, intensity=3)
        for name in ("a", "c"):
            yield Scenario(
                f"in_{strategy}_{name}_fails_together_with_b_whose_restart_fails",
                (A, late, C),
                (burst(*boom("b", name)), WHICH),
                flags,
            )
        yield Scenario(
            f"in_{strategy}_the_child_before_it_is_terminated_while_b_waits_for_its_next_attempt",
            (A, late, C),
            (burst(*boom("b"), ("terminate_child", "a"), WHICH), WHICH),
            flags,
        )
        yield Scenario(
            f"in_{strategy}_the_child_behind_it_is_restarted_by_hand_while_b_waits_for_its_next_attempt",
            (A, late, C),
            (burst(*boom("b"), ("restart_child", "c"), WHICH), WHICH),
            flags,
        )
        yield Scenario(
            f"in_{strategy}_a_child_is_added_while_b_waits_for_its_next_attempt",
            (A, late, C),
            (burst(*boom("b"), ("start_child", Child("d")), WHICH), WHICH),
            flags,
        )
