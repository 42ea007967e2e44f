"""Scenarios as data: a tree of children, what happens to it step by step, and nothing about who plays them.

A player prints one line for each thing that happens; `golden.json` holds what OTP's supervisor printed:

- `start a 1`: a started; the number counts the successful starts of that id in the whole scenario. A supervisor starts
  after its children. Nested ids are paths below the root: `inner/a`.
- `fail a`, `ignore a`: an attempt to start a that failed, or that wanted no child.
- `end a REASON`: a ended: normal, shutdown, boom, killed or odd; a nested supervisor with shutdown or gave_up. What
  never started does not end: a nested supervisor whose start fails shows the ends of its children, then `fail inner`.
- `answer start_child ok`: the answer to a request. Others are `ok ignored`, `already_started`, `already_present`,
  `not_found`, `running`, `restarting`, `simple_one_for_one` (not for instances) and `failed` (a start that failed, a
  reconfiguration that was refused).
- `which a=running b=undefined c=restarting inner=running:supervisor`: oldest first; instances sorted by name.
- `count specs=2 active=1 supervisors=0 workers=2`
- `spec a restart=permanent significant=false shutdown=5000 type=worker`
- `ended shutdown`, `ended gave_up`, `ended failed_to_start b`: the root's own end, always the last line.

After each step the player waits until the tree rests. When the steps are over it stops a root that still lives, as by
`("stop",)`; a root that has ended takes no more steps. A dynamic supervisor stops its instances all at once, so the
lines between the beginning of its end and `ended` are sorted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

Strategy = Literal["one_for_one", "one_for_all", "rest_for_one"]
Restart = Literal["permanent", "transient", "temporary"]
AutoShutdown = Literal["never", "any_significant", "all_significant"]
Outcome = Literal["ok", "ignore", "error"]
Stop = Literal["clean", "stubborn", "odd"]
Reason = Literal["normal", "shutdown", "boom", "killed"]

STRATEGIES: tuple[Strategy, ...] = ("one_for_one", "one_for_all", "rest_for_one")
RESTARTS: tuple[Restart, ...] = ("permanent", "transient", "temporary")
REASONS: tuple[Reason, ...] = ("normal", "shutdown", "boom", "killed")


@dataclass(frozen=True)
class Flags:
    """A supervisor's own settings. The long period keeps the wall clock out of every scenario that does not wait."""

    strategy: Strategy = "one_for_one"
    intensity: int = 10
    period_s: int = 60
    auto_shutdown: AutoShutdown = "never"


@dataclass(frozen=True)
class Child:
    """A child, or with `flags` a supervisor with children of its own.

    `starts` is the outcome of the first, second, … attempt to start this id in the whole scenario; the last one repeats
    for ever. `stop` is what the child does when told to stop: it ends with the reason it is told, it does not end until
    it is killed, or it ends with the reason `odd`.
    """

    id: str
    restart: Restart = "permanent"
    significant: bool = False
    shutdown: int | Literal["brutal_kill", "infinity"] = 5000
    starts: tuple[Outcome, ...] = ("ok",)
    stop: Stop = "clean"
    flags: Flags | None = None
    children: tuple["Child", ...] = ()


Exit = tuple[Literal["exit"], str, Reason]
"""A living child without children, named by its path, ends by itself; `killed` is a kill from outside."""
StartChild = tuple[Literal["start_child"], Child] | tuple[Literal["start_child"], Child, str]
"""Of the root, or of the nested supervisor named last. For a dynamic root only id, starts and stop are the child's."""
ById = tuple[Literal["terminate_child", "restart_child", "delete_child", "get_childspec"], str]
"""Sent to the supervisor that the path leads to; for a dynamic root the id stands for the instance's newest process."""
Look = tuple[Literal["which_children", "count_children"]] | tuple[Literal["which_children", "count_children"], str]
"""Of the root, or of the nested supervisor named."""
Request = StartChild | ById | Look
Burst = tuple[Literal["burst"], tuple[Exit | Request, ...]]
"""The root finds all of these in its mailbox at once, in this order: the later ones come before its next retry."""
Reconfigure = tuple[Literal["reconfigure"], Flags, tuple[Child, ...]]
"""The root's flags and specifications are read anew, while the children run."""
Step = Exit | Request | Burst | Reconfigure | tuple[Literal["wait"], int] | tuple[Literal["stop"]]


@dataclass(frozen=True)
class Scenario:
    """A root supervisor with its children, and what happens to it."""

    name: str
    children: tuple[Child, ...]
    steps: tuple[Step, ...] = ()
    flags: Flags = Flags()


@dataclass(frozen=True)
class DynamicScenario:
    """A root supervisor that starts instances of one template (simple_one_for_one)."""

    name: str
    template: Child
    steps: tuple[Step, ...]
    intensity: int = 10
    period_s: int = 60


A, B, C = Child("a"), Child("b"), Child("c")
ABC = (A, B, C)
WHICH: Look = ("which_children",)
COUNT: Look = ("count_children",)
ONE_FOR_ALL = Flags("one_for_all")
REST_FOR_ONE = Flags("rest_for_one")


def boom(*paths: str) -> tuple[Exit, ...]:
    """These children fail, one after the other."""
    return tuple(("exit", path, "boom") for path in paths)


def burst(*steps: Exit | Request) -> Burst:
    return ("burst", steps)


def supervisor(
    name: str, flags: Flags, *children: Child, restart: Restart = "permanent", significant: bool = False
) -> Child:
    return Child(name, restart, significant, shutdown="infinity", flags=flags, children=children)


# -- who comes back ---------------------------------------------------------------------------------------------------


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


# -- intensity --------------------------------------------------------------------------------------------------------


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


# -- first starts and ignored children --------------------------------------------------------------------------------


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


# -- requests ---------------------------------------------------------------------------------------------------------


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


# -- stops ------------------------------------------------------------------------------------------------------------


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


# -- auto shutdown ----------------------------------------------------------------------------------------------------

MODES: tuple[AutoShutdown, ...] = ("any_significant", "all_significant")


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


# -- nested supervisors -----------------------------------------------------------------------------------------------


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


# -- reconfiguration --------------------------------------------------------------------------------------------------


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


# -- dynamic supervisors ----------------------------------------------------------------------------------------------


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


SCENARIOS: tuple[Scenario | DynamicScenario, ...] = (
    *ends(),
    *groups(),
    *intensities(),
    *failing_restarts(),
    *first_starts(),
    *ignored(),
    *requests(),
    *more_requests(),
    *waits(),
    *stops(),
    *auto_shutdowns(),
    *nested(),
    *reconfigurations(),
    *dynamic(),
)
