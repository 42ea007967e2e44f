"""Instances of one template."""

from collections.abc import Iterator
from itertools import product

from tests.supervisors.otp.scenarios.vocabulary import (
    COUNT,
    REASONS,
    RESTARTS,
    WHICH,
    Child,
    DynamicScenario,
    StartChild,
    Stop,
    boom,
    burst,
)


def started(count: int, stop: Stop = "clean") -> tuple[StartChild, ...]:
    """The first instances, i1 to i`count`."""
    return tuple(("start_child", Child(f"i{number}", stop=stop)) for number in range(1, count + 1))


def dynamic() -> Iterator[DynamicScenario]:
    worker = Child("worker")
    for restart, reason in product(RESTARTS, REASONS):
        yield DynamicScenario(
            f"a_dynamic_{restart}_instance_ends_{reason}",
            Child("worker", restart),
            (*started(3), ("exit", "i2", reason), WHICH, COUNT),
        )
    for restart in RESTARTS:
        yield DynamicScenario(
            f"a_dynamic_{restart}_instance_is_terminated_twice",
            Child("worker", restart),
            (*started(2), ("terminate_child", "i1"), WHICH, COUNT, ("terminate_child", "i1"), WHICH),
        )
        yield DynamicScenario(
            f"a_dynamic_{restart}_instance_ignores_its_start",
            Child("worker", restart),
            (("start_child", Child("i1", starts=("ignore",))), WHICH, COUNT, ("start_child", Child("i2")), WHICH),
        )
        yield DynamicScenario(
            f"a_dynamic_{restart}_instance_fails_its_start",
            Child("worker", restart),
            (("start_child", Child("i1", starts=("error",))), WHICH, COUNT, ("start_child", Child("i2")), WHICH),
        )
        yield DynamicScenario(
            f"a_dynamic_{restart}_template_says_what_was_given",
            Child("worker", restart, shutdown=100),
            (*started(1), ("get_childspec", "i1")),
        )
    yield DynamicScenario("a_dynamic_supervisor_without_instances_starts_and_stops", worker, (WHICH, COUNT))
    yield DynamicScenario(
        "a_dynamic_supervisor_stops_all_its_instances", worker, (*started(4), WHICH, COUNT, ("stop",))
    )
    yield DynamicScenario(
        "a_dynamic_supervisor_kills_its_stubborn_instances_when_their_time_is_over",
        Child("worker", shutdown=50),
        (*started(2, stop="stubborn"), ("start_child", Child("i3", stop="odd")), ("start_child", Child("i4"))),
    )
    yield DynamicScenario(
        "a_dynamic_supervisor_without_patience_kills_its_instances",
        Child("worker", shutdown="brutal_kill"),
        (*started(3, stop="stubborn"), ("terminate_child", "i2")),
    )
    yield DynamicScenario(
        "a_dynamic_supervisor_kills_the_stubborn_instance_it_terminates",
        Child("worker", "temporary", shutdown=50),
        (*started(1), ("start_child", Child("i2", stop="stubborn")), ("terminate_child", "i2"), WHICH),
    )
    yield DynamicScenario(
        "a_dynamic_supervisor_counts_the_restarts_of_all_its_instances",
        worker,
        (*started(3), *boom("i1", "i2"), WHICH, *boom("i3")),
        intensity=2,
    )
    yield DynamicScenario(
        "a_dynamic_instance_whose_restart_fails_is_tried_again",
        worker,
        (*started(1), ("start_child", Child("i2", starts=("ok", "error", "ok"))), *boom("i2"), WHICH, COUNT),
    )
    yield DynamicScenario(
        "a_dynamic_instance_whose_restart_always_fails_ends_the_supervisor",
        worker,
        (*started(1), ("start_child", Child("i2", starts=("ok", "error"))), *boom("i2")),
        intensity=2,
    )
    yield DynamicScenario(
        "a_dynamic_instance_waits_for_its_next_attempt",
        worker,
        (
            *started(1),
            ("start_child", Child("i2", starts=("ok", "error", "ok"))),
            burst(*boom("i2"), COUNT),
            WHICH,
        ),
    )
    # An instance that ignores its restart has no scenario: OTP 25 keeps a dead entry for it, counts that as active and
    # fails with function_clause when it stops. Later releases forget the instance.
    yield DynamicScenario(
        "a_dynamic_supervisor_knows_no_restart_and_no_deletion",
        worker,
        (*started(1), ("restart_child", "i1"), ("delete_child", "i1"), WHICH),
    )
