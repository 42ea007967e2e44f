"""supervisor_SUITE, cases 13-15 and 26-28: what a specification may say, its defaults, and how a fault is named."""

from itertools import product
from math import inf, nan
from typing import Any

import msgspec
import pytest

from tests.supervisors.conformance.stage import Stage
from tradigrade.supervisors.backoff import Backoff
from tradigrade.supervisors.requests import GetChildSpec, Reconfigure, Refused, StartChild, StartInstance
from tradigrade.supervisors.spec import Budget, ChildSpec, Dynamic, Flags
from tradigrade.supervisors.validation import SpecFault, faults, read_tree, validate


def code_of(spec: Any, flags: Flags | None = None) -> str:
    """The first fault found, empty for a sound one."""
    return next((fault.code for fault in faults(spec, "", flags)), "")


def test_sup_start_map(stage: Stage) -> None:
    below = ChildSpec(id="child3", flags=Flags())
    stage.plant(stage.child("child1"), stage.child("child2", shutdown_s=0.0), below)
    first, second, third = (stage.ask(GetChildSpec(f"child{number}")) for number in (1, 2, 3))
    assert (first.restart, first.significant, first.shutdown_limit_s) == ("permanent", False, 5.0)
    assert (second.restart, second.shutdown_limit_s, second.is_supervisor) == ("permanent", 0.0, False)
    assert (third.restart, third.shutdown_limit_s, third.is_supervisor) == ("permanent", inf, True)
    assert stage.refusal(GetChildSpec("child4")) == "not_found"


def test_sup_start_map_simple(stage: Stage) -> None:
    """An instance has a name, where OTP knows it by its process alone; its own settings are in its specification."""
    template = stage.child("child", shutdown_s=0.0)
    stage.plant_dynamic(template)
    stage.ask(StartInstance())
    stage.ask(StartInstance({"info": "mine"}))
    assert stage.ask(GetChildSpec("child-1")) == msgspec.structs.replace(template, id="child-1")
    assert stage.ask(GetChildSpec("child-2")).settings == {"script": stage.script, "info": "mine"}
    assert stage.refusal(GetChildSpec("child-3")) == "not_found"


FAULTY: dict[str, tuple[Any, str, str]] = {
    "no id": ({"actor": "module:Class"}, "invalid_type", "missing required field `id`"),
    "an empty id": ({"id": "", "actor": "module:Class"}, "missing_id", "found ''"),
    "no start": ({"id": "child2"}, "missing_start", "exactly one of actor, flags and dynamic"),
    "an unknown field": ({"id": "a", "actor": "m:C", "silly_flag": True}, "invalid_type", "unknown field `silly_flag`"),
    "no map": ("child4", "invalid_type", "expected"),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_sup_start_map_faulty_specs(stage: Stage, fault: str) -> None:
    """An unknown field is refused by its name; OTP ignores it, and with it every misspelt one."""
    child, code, words = FAULTY[fault]
    with pytest.raises(SpecFault, match=words) as caught:
        read_tree({"id": "root", "flags": {}, "children": [child]})
    assert caught.value.code == code
    stage.begin(lambda: read_tree({"id": "root", "flags": {}, "children": [child]}))
    assert "SpecFault" in (stage.end or "")


INVALID: dict[str, tuple[Any, str]] = {
    "a word": ("child", "invalid_child_spec"),
    "nothing": (None, "invalid_child_spec"),
    "an id that is no name": ({"id": 5}, "missing_id"),
    "an id with a slash": ({"id": "a/b"}, "missing_id"),
    "an id that is a list": ({"id": ["a"]}, "missing_id"),
    "a start that is no path": ({"actor": "nowhere"}, "invalid_start"),
    "a start that is a number": ({"actor": 5}, "invalid_start"),
    "settings that are a list": ({"settings": []}, "invalid_start"),
    "an unknown restart": ({"restart": "prmanent"}, "invalid_restart_type"),
    "an unknown significance": ({"significant": "yes"}, "invalid_significant"),
    "a shutdown in words": ({"shutdown_s": "soon"}, "invalid_shutdown"),
    "a shutdown before now": ({"shutdown_s": -1.0}, "invalid_shutdown"),
    "a shutdown that is no number": ({"shutdown_s": nan}, "invalid_shutdown"),
    "a start time before now": ({"start_s": -1.0}, "invalid_start_time"),
    "an unknown runtime": ({"runtime": "fiber"}, "invalid_runtime"),
    "less than no mail": ({"keep_mailbox": -1}, "invalid_keep_mailbox"),
    "poison at once": ({"poison_after": 0}, "invalid_poison_after"),
    "a budget of none": ({"budget": Budget(-1, 1.0)}, "invalid_intensity"),
    "a budget that is a number": ({"budget": 5}, "invalid_budget"),
    "held back without words": ({"held_back": True}, "invalid_held_back"),
    "an actor with flags": ({"flags": Flags()}, "missing_start"),
    "flags in words": ({"actor": "", "flags": "one_for_one"}, "invalid_flags"),
    "a template in words": ({"actor": "", "dynamic": "worker"}, "invalid_dynamic"),
    "children without flags": ({"children": (ChildSpec(id="a", actor="m:C"),)}, "bad_combination"),
    "children in words": ({"actor": "", "flags": Flags(), "children": "ab"}, "invalid_children"),
    "a child in words": ({"actor": "", "flags": Flags(), "children": ("ab",)}, "invalid_child_spec"),
    "two of one name": (
        {"actor": "", "flags": Flags(), "children": (ChildSpec(id="a", actor="m:C"), ChildSpec(id="a", actor="m:C"))},
        "duplicate_child_name",
    ),
}


@pytest.mark.parametrize("fault", INVALID)
def test_child_specs(stage: Stage, fault: str) -> None:
    """Refused by its name and with nothing changed, whatever it is: also what is no specification at all."""
    given, code = INVALID[fault]
    sound: dict[str, Any] = {"id": "child", "actor": "module:Class"}
    spec = ChildSpec(**sound | given) if isinstance(given, dict) else given
    assert code_of(spec) == code
    stage.plant(stage.child("before"))
    answer = stage.ask(StartChild(spec))
    assert isinstance(answer, Refused)
    assert (answer.code, answer.detail.partition(":")[0]) == ("invalid", code)
    assert stage.which() == {"before": "running"}
    assert stage.living == {"before": 1}


RESTARTS = ("permanent", "transient", "temporary")
MODES = ("never", "any_significant", "all_significant")
STRATEGIES = ("one_for_one", "rest_for_one", "one_for_all")
SHUTDOWNS = (None, 0.0, 0.5, inf, -1.0)
BUDGETS = (None, Budget(1, 1.0), Budget(1, 1.0, "leave"))


def expected(restart: str, significant: object, shutdown_s: Any, mode: str, strategy: str, budget: Any) -> set[str]:
    codes = set()
    if significant not in (True, False):
        codes.add("invalid_significant")
    if significant is True and (restart == "permanent" or mode == "never"):
        codes.add("bad_combination")
    if budget is BUDGETS[2] and strategy != "one_for_one":
        codes.add("bad_combination")
    if shutdown_s == -1.0:
        codes.add("invalid_shutdown")
    return codes


def test_child_specs_map() -> None:
    """Every combination of significance, auto shutdown and restart with the other fields that have rules."""
    combinations = list(product(RESTARTS, (False, True, "maybe"), SHUTDOWNS, MODES, STRATEGIES, BUDGETS))
    sound = 0
    for restart, significant, shutdown_s, mode, strategy, budget in combinations:
        fields: dict[str, Any] = {"restart": restart, "significant": significant, "shutdown_s": shutdown_s}
        child = ChildSpec(id="child", actor="m:C", budget=budget, **fields)
        flags = Flags(strategy=strategy, auto_shutdown=mode)  # type: ignore[arg-type]
        codes = expected(restart, significant, shutdown_s, mode, strategy, budget)
        assert {fault.code for fault in faults(child, "", flags)} == codes, (child, flags)
        whole = ChildSpec(id="root", flags=flags, children=(child,))
        assert {fault.code for fault in faults(whole)} == codes, "the same child in a list"
        sound += not codes
    assert (len(combinations), sound) == (1215, 13 * 4 * 7)


FLAGS: dict[str, tuple[Any, str]] = {
    "a word": ("one_for_one", "invalid_flags"),
    "an unknown strategy": ({"strategy": "all_for_one"}, "invalid_strategy"),
    "OTP's name for dynamic": ({"strategy": "simple_one_for_one"}, "invalid_strategy"),
    "intensity in words": ({"intensity": "low"}, "invalid_intensity"),
    "negative intensity": ({"intensity": -1}, "invalid_intensity"),
    "infinite intensity": ({"intensity": inf}, "invalid_intensity"),
    "fractional intensity": ({"intensity": 1.5}, "invalid_intensity"),
    "no period": ({"period_s": 0}, "invalid_period"),
    "an infinite period": ({"period_s": inf}, "invalid_period"),
    "a period in words": ({"period_s": "long"}, "invalid_period"),
    "an unknown auto shutdown": ({"auto_shutdown": "sometimes"}, "invalid_auto_shutdown"),
    "a parallel stop before now": ({"parallel_stop_s": -1.0}, "invalid_parallel_stop"),
    "back-off in words": ({"backoff": "slow"}, "invalid_backoff"),
    "more jitter than there is": ({"backoff": Backoff(jitter=1.5)}, "invalid_backoff"),
    "least above most": ({"backoff": Backoff(2.0, 1.0)}, "invalid_backoff"),
}


@pytest.mark.parametrize("fault", FLAGS)
def test_sup_flags(stage: Stage, fault: str) -> None:
    given, code = FLAGS[fault]
    flags = Flags(**given) if isinstance(given, dict) else given
    assert code_of(ChildSpec(id="root", flags=flags)) == code
    stage.plant(stage.child("a"))
    answer = stage.ask(Reconfigure(flags, (stage.child("a"),)))
    assert isinstance(answer, Refused)
    assert (answer.code, answer.detail.partition(":")[0]) == ("invalid", code)
    stage.exit("a", "boom")
    assert stage.living == {"a": 2}, "it goes on under the flags it had"


def test_sup_flags_sound_ones_pass_and_unknown_ones_are_refused_by_name() -> None:
    for strategy, mode in product(STRATEGIES, MODES):
        validate(ChildSpec(id="root", flags=Flags(strategy, 0, 0.001, auto_shutdown=mode)))  # type: ignore[arg-type]
    validate(ChildSpec(id="root", dynamic=Dynamic(ChildSpec(id="a", actor="m:C"))))
    with pytest.raises(SpecFault, match="unknown field `intensty`"):
        read_tree({"id": "root", "flags": {"intensty": 5}})
