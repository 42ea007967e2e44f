"""First starts, and children that have nothing to do."""

from collections.abc import Iterator
from itertools import product

from tests.supervisors.otp.scenarios.vocabulary import (
    ABC,
    COUNT,
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


def first_starts() -> Iterator[Scenario]:
    for position, name in enumerate("abc"):
        yield Scenario(
            f"the_first_start_fails_at_{name}_and_is_not_tried_again",
            (*ABC[:position], Child(name, starts=("error", "ok")), *ABC[position + 1 :]),
        )
    yield Scenario("a_supervisor_without_children_starts_and_stops", (), (WHICH, COUNT))
    yield Scenario(
        "a_first_start_that_fails_kills_the_stubborn_and_stops_the_odd",
        (Child("a", stop="odd"), Child("b", shutdown=50, stop="stubborn"), Child("c", starts=("error",))),
    )
    yield Scenario(
        "a_first_start_that_fails_in_a_nested_supervisor_ends_the_root",
        (A, supervisor("inner", Flags(), B, Child("c", starts=("error",))), Child("d")),
    )
    yield Scenario(
        "a_temporary_child_that_fails_its_first_start_ends_the_root_too",
        (A, Child("b", "temporary", starts=("error",))),
    )
    yield Scenario("children_start_in_order_and_stop_in_reverse", ABC, (WHICH, COUNT, ("stop",)))


def ignored() -> Iterator[Scenario]:
    for restart in RESTARTS:
        ignoring = Child("b", restart, starts=("ignore", "ok"))
        yield Scenario(f"a_{restart}_child_ignores_its_first_start", (A, ignoring, C), (WHICH, COUNT))
        yield Scenario(
            f"a_{restart}_child_ignores_its_start_by_hand_and_is_started_again",
            (A,),
            (("start_child", ignoring), WHICH, COUNT, ("start_child", ignoring), ("restart_child", "b"), WHICH),
        )
    for strategy, name in product(STRATEGIES, ("a", "b")):
        yield Scenario(
            f"in_{strategy}_{name}_ignores_its_restart_after_a_failed",
            tuple(Child(child.id, starts=("ok", "ignore", "ok")) if child.id == name else child for child in ABC),
            (*boom("a"), WHICH, COUNT, *boom("c"), WHICH),
            Flags(strategy),
        )
    yield Scenario(
        "a_restart_by_hand_may_be_ignored",
        (Child("a", starts=("ok", "ignore", "ok")),),
        (("terminate_child", "a"), ("restart_child", "a"), WHICH, ("restart_child", "a"), WHICH),
    )
    yield Scenario(
        "a_retry_may_be_ignored", (A, Child("b", starts=("ok", "error", "ignore"))), (*boom("b"), WHICH, COUNT)
    )
