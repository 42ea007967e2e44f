"""What is refused before anything starts, and what the refusal says."""

from math import inf, nan
from typing import Any

import pytest

from tradigrade.kernel.actor import Actor
from tradigrade.supervisors.actors import check_tree
from tradigrade.supervisors.backoff import Backoff
from tradigrade.supervisors.spec import Budget, ChildSpec, Dynamic, Flags
from tradigrade.supervisors.validation import SpecFault, faults, read_tree, validate


class Worker(Actor):
    def __init__(self, size: int = 1) -> None:
        self.size = size


class Blocking(Actor):
    blocks = True


WORKER = f"{__name__}:Worker"


def worker(name: Any = "w", **fields: Any) -> ChildSpec:
    return ChildSpec(**{"id": name, "actor": WORKER, **fields})


def tree(*children: ChildSpec, **flags: Any) -> ChildSpec:
    return ChildSpec(id="root", flags=Flags(**flags), children=children)


def dynamic(**fields: Any) -> ChildSpec:
    return ChildSpec(id="root", dynamic=Dynamic(**{"template": worker(), **fields}))


ONE_KIND = "exactly one of actor, flags and dynamic"
COUNT = "a number of restarts >= 0"
PERIOD = "finite seconds > 0"
TIME = "seconds >= 0, or infinity"
FAULTS = [
    (worker(""), "missing_id: : id: expected a name without '/', found ''"),
    (worker("a/b"), "missing_id: a/b: id: expected a name without '/', found 'a/b'"),
    (worker(7), "missing_id: 7: id: expected a name without '/', found 7"),
    (worker(actor=""), f"missing_start: w: actor: expected {ONE_KIND}, found []"),
    (worker(flags=Flags()), f"missing_start: w: actor: expected {ONE_KIND}, found ['actor', 'flags']"),
    (worker(actor="no colon"), "invalid_start: w: actor: expected a path 'module:Class', found 'no colon'"),
    (worker(settings=[1]), "invalid_start: w: settings: expected a table of settings, found [1]"),
    (
        worker(restart="always"),
        "invalid_restart_type: w: restart: expected one of permanent, transient, temporary, found 'always'",
    ),
    (worker(significant=1), "invalid_significant: w: significant: expected true or false, found 1"),
    (worker(shutdown_s=-1.0), f"invalid_shutdown: w: shutdown_s: expected {TIME}, found -1.0"),
    (worker(shutdown_s=nan), f"invalid_shutdown: w: shutdown_s: expected {TIME}, found nan"),
    (worker(shutdown_s="5"), f"invalid_shutdown: w: shutdown_s: expected {TIME}, found '5'"),
    (worker(start_s=-0.1), f"invalid_start_time: w: start_s: expected {TIME}, found -0.1"),
    (worker(runtime="gpu"), "invalid_runtime: w: runtime: expected cell or threads, found 'gpu'"),
    (worker(keep_mailbox=-1), "invalid_keep_mailbox: w: keep_mailbox: expected a number of messages >= 0, found -1"),
    (worker(poison_after=0), "invalid_poison_after: w: poison_after: expected a number of crashes >= 1, found 0"),
    (worker(children=(worker(),)), "bad_combination: w: children: expected none without flags, found 1"),
    (
        worker(significant=True),
        "bad_combination: w: significant: expected false for a permanent child, found True",
    ),
    (
        tree(worker(restart="transient", significant=True)),
        "bad_combination: root/w: significant: expected false under auto_shutdown never, found True",
    ),
    (
        tree(worker(budget=Budget(1, 1.0, "leave")), strategy="one_for_all"),
        "bad_combination: root/w: budget: expected escalate unless one_for_one, found 'leave'",
    ),
    (worker(budget=Budget(-1, 1.0)), f"invalid_intensity: w: budget: intensity: expected {COUNT}, found -1"),
    (worker(budget=Budget(1, 0.0)), f"invalid_period: w: budget: period_s: expected {PERIOD}, found 0.0"),
    (
        worker(budget=Budget(1, 1.0, "stop")),  # type: ignore[arg-type]
        "invalid_exhausted: w: budget: exhausted: expected one of escalate, leave, found 'stop'",
    ),
    (
        tree(strategy="all"),
        "invalid_strategy: root: strategy: expected one of one_for_one, one_for_all, rest_for_one, found 'all'",
    ),
    (tree(intensity=-1), f"invalid_intensity: root: intensity: expected {COUNT}, found -1"),
    (tree(intensity=inf), f"invalid_intensity: root: intensity: expected {COUNT}, found inf"),
    (tree(intensity=True), f"invalid_intensity: root: intensity: expected {COUNT}, found True"),
    (tree(period_s=0.0), f"invalid_period: root: period_s: expected {PERIOD}, found 0.0"),
    (tree(period_s=inf), f"invalid_period: root: period_s: expected {PERIOD}, found inf"),
    (tree(period_s=nan), f"invalid_period: root: period_s: expected {PERIOD}, found nan"),
    (
        tree(auto_shutdown="some"),
        "invalid_auto_shutdown: root: auto_shutdown: "
        "expected one of never, any_significant, all_significant, found 'some'",
    ),
    (tree(parallel_stop_s=-1.0), f"invalid_parallel_stop: root: parallel_stop_s: expected {TIME}, found -1.0"),
    (
        tree(backoff=Backoff(2.0, 1.0)),
        "invalid_backoff: root: backoff: min_s: expected at most max_s (1), found 2.0",
    ),
    (
        tree(backoff=Backoff(jitter=1.5)),
        "invalid_backoff: root: backoff: jitter: expected a fraction from 0 to 1, found 1.5",
    ),
    (
        tree(worker("a"), worker("b"), worker("a")),
        "duplicate_child_name: root: children: expected ids that differ, found 'a'",
    ),
    (tree(worker("a"), worker("b", actor="")), f"missing_start: root/b: actor: expected {ONE_KIND}, found []"),
    (dynamic(max_children=0), "invalid_max_children: root: max_children: expected a number >= 1, found 0"),
    (
        dynamic(template=worker(restart="transient", significant=True)),
        "bad_combination: root/w: significant: expected false under auto_shutdown never, found True",
    ),
]


@pytest.mark.parametrize(("spec", "sentence"), FAULTS, ids=[sentence[:70] for _, sentence in FAULTS])
def test_a_fault_names_the_child_the_field_what_was_expected_and_what_was_found(spec: ChildSpec, sentence: str) -> None:
    with pytest.raises(SpecFault) as refused:
        validate(spec)
    assert str(refused.value) == sentence


def test_all_that_is_wrong_is_found_at_once() -> None:
    broken = tree(worker("a", shutdown_s=-1.0), worker("b", restart="never"), intensity=-1)
    assert [fault.code for fault in faults(broken)] == ["invalid_intensity", "invalid_shutdown", "invalid_restart_type"]


@pytest.mark.parametrize(
    "spec",
    [
        worker(),
        worker(shutdown_s=0.0, start_s=inf, runtime="threads", keep_mailbox=10, budget=Budget(1, 1.0, "leave")),
        tree(),
        tree(intensity=0, backoff=Backoff(0.0, 0.0, 0.0, 0.0), parallel_stop_s=1.0),
        tree(worker("a"), ChildSpec(id="b", flags=Flags(), children=(worker("a"),))),
        tree(worker(restart="temporary", significant=True), auto_shutdown="any_significant"),
        dynamic(),
    ],
)
def test_a_sound_tree_passes(spec: ChildSpec) -> None:
    validate(spec)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"id": "w", "actor": WORKER, "colour": 1}, r"invalid_type: tree: \$: expected .* unknown field `colour`"),
        ({"id": "w", "actor": WORKER, "shutdown_s": "5"}, r"invalid_type: tree: \$.shutdown_s: .* got `str`"),
        ({"actor": WORKER}, r"missing required field `id`"),
        ({"id": "w", "flags": {"strategy": "all"}}, r"invalid_type: tree: \$.flags.strategy: .* enum value 'all'"),
        ([1], r"invalid_type: tree: \$: .* got `array`"),
        ({"id": "w", "actor": WORKER, "shutdown_s": -1.0}, "invalid_shutdown: w: shutdown_s"),
    ],
)
def test_a_tree_from_a_file_is_refused_by_field(data: object, says: str) -> None:
    with pytest.raises(SpecFault, match=says):
        read_tree(data)


def test_a_tree_from_a_file_is_the_tree() -> None:
    data = {"id": "root", "flags": {"intensity": 3}, "children": [{"id": "w", "actor": WORKER}]}
    assert read_tree(data) == tree(worker(), intensity=3)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (
            worker(actor="nowhere:Worker"),
            "invalid_start: root/w: actor: expected a class that can be loaded, found .nowhere:Worker: No module",
        ),
        (worker(actor=f"{__name__}:Nobody"), "expected a class that can be loaded, found .* no attribute 'Nobody'"),
        (worker(actor=f"{__name__}:FAULTS"), "invalid_start: root/w: actor: expected a subclass of Actor, found"),
        (worker(settings={"sice": 2}), r"invalid_start: root/w: settings: expected the arguments of Worker\(size"),
        (
            worker(actor=f"{__name__}:Blocking"),
            "invalid_runtime: root/w: runtime: expected threads, since Blocking blocks, found 'cell'",
        ),
    ],
)
def test_what_a_tree_names_is_checked_before_anything_starts(spec: ChildSpec, says: str) -> None:
    with pytest.raises(SpecFault, match=says):
        check_tree(tree(spec))


@pytest.mark.parametrize("runtime", ["on itself", "from above", "as the default"])
def test_an_actor_that_blocks_may_run_on_a_thread(runtime: str) -> None:
    place = "threads"
    blocking = worker(actor=f"{__name__}:Blocking", runtime=place if runtime == "on itself" else "")
    above = ChildSpec(id="above", flags=Flags(), children=(blocking,), runtime=place if runtime == "from above" else "")
    check_tree(tree(above), place if runtime == "as the default" else "cell")
