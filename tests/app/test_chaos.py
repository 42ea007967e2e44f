"""What may be asked for, and what is said about what follows."""

from typing import Any

import pytest

from tests.app.samples import RISK, tree
from tests.web.samples import NOW, S, process
from tradigrade.chaos.cause import Done, check_target, describe, give_up, judge, to_json
from tradigrade.transports.control import Action, ChaosAsked
from tradigrade.tree import Item, NoTarget, find

AT = 100 * S
MS = S // 1000


def asked(action: Action = "kill", path: str = RISK, **more: Any) -> ChaosAsked:
    return ChaosAsked(action, path, **more)


def done(action: Action = "kill", path: str = RISK, incarnation: int = 1, **more: Any) -> Done:
    return Done(asked(action, path, **more), incarnation, 1, AT)


def trader(**changes: Any) -> tuple[Any, ...]:
    return (process("forkserver"), process("trader", **changes), process("learner"))


# -- what may be asked for --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["kill", "hang", "crash", "slow"])
@pytest.mark.parametrize("path", [RISK, "trader", "learner"])
def test_every_fault_may_be_put_into_actors_and_nodes(action: Action, path: str) -> None:
    check_target(tree(), asked(action, path))


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (asked("kill", "risk"), f"did you mean {RISK}"),
        (asked("kill", "launcher"), "the launcher is no target"),
        (asked("hang", "trader/trading"), "trader/trading is a supervisor"),
        (asked("slow", "trader/feeds"), "choose one of its children"),
        (asked("crash", "forkserver"), "is a fork server"),
        (asked("slow", "forkserver"), "kill or hang it"),
        (asked("kill", "trader/outside"), "expected another actor, or trader itself"),
        (asked("hang", for_s=0.0), "--for: expected more than 0"),
        (asked("hang", for_s=1e9), "at most 86400 seconds"),
        (asked("crash", for_s=1.0), "expected only with hang, slow"),
        (asked("slow", by_s=-1.0), "--by: expected more than 0"),
    ],
)
def test_what_is_no_target_is_refused_in_one_sentence(question: ChaosAsked, words: str) -> None:
    with pytest.raises(NoTarget) as refused:
        check_target(tree(), question)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("action", ["kill", "crash"])
def test_a_supervisor_may_be_killed_or_crashed_and_a_fork_server_killed_or_held(action: Action) -> None:
    check_target(tree(), asked(action, "trader/trading"))
    check_target(tree(), asked("kill", "forkserver"))
    check_target(tree(), asked("hang", "forkserver"))


@pytest.mark.parametrize("path", [RISK, "trader"])
@pytest.mark.parametrize("action", ["kill", "hang", "crash", "slow"])
def test_what_was_done_is_said(action: Action, path: str) -> None:
    said = describe(done(action, path))
    assert said.startswith(f"{path}: ")
    assert said.endswith("(incarnation 1)")


# -- what follows -----------------------------------------------------------------------------------------------------


def outcome(what: Done, found: Item, after_s: float) -> Any:
    """Judged `after_s` later; the sampled reports are as old as the tree says."""
    return judge(what, found, AT + round(after_s * S))


def test_a_restarted_actor_is_told_with_the_time_its_supervisor_measured() -> None:
    found = tree(incarnation=2, restarts=1, reason="killed", started_ns=AT + 12 * MS)
    told = outcome(done(), found, 0.3)
    assert (told.recovered, told.incarnation, told.after_ms) == (True, 2, 12.0)
    assert told.text == "restarted as incarnation 2 after 12 ms: killed"


def test_nothing_is_said_before_the_node_reported_again() -> None:
    found = tree(incarnation=2, now_ns=NOW + S)
    assert outcome(done(), found, 0.5) is None
    assert outcome(done(), found, 1.5) is not None


@pytest.mark.parametrize("state", ["starting", "restarting", "stalled"])
def test_an_actor_that_does_not_serve_yet_is_waited_for(state: str) -> None:
    assert outcome(done(), tree(incarnation=2, state=state), 0.5) is None


def test_an_actor_left_down_is_told() -> None:
    told = outcome(done(), tree(incarnation=4, state="failed", reason="killed"), 0.5)
    assert (told.recovered, told.text) == (False, "left down by its supervisor: killed")


def test_an_actor_nobody_keeps_a_place_for_is_gone() -> None:
    told = outcome(done(path="trader/feeds/gone"), tree(), 0.5)
    assert told.recovered is False
    assert told.text.startswith("gone")


def test_a_restart_of_the_whole_node_is_told() -> None:
    found = tree(nodes=trader(incarnation=2))
    assert outcome(done("hang"), found, 0.5) is None
    risk = {**(find(tree(), RISK) or {})}
    node = find(found, "trader")
    assert node is not None
    node |= {"children": [risk], "report_age_s": 0.0, "reason": "silent for 3.1 s"}
    told = outcome(done("hang"), found, 3.5)
    assert (told.recovered, told.incarnation, told.after_ms) == (True, 1, 3500.0)
    assert "whole node was restarted as incarnation 2 after 3500 ms: silent for 3.1 s" in told.text


def test_a_killed_node_is_told_by_its_launchers_own_time() -> None:
    killed = done("kill", "trader")
    assert outcome(killed, tree(nodes=trader(incarnation=2, reason="killed")), 0.5) is None
    told = outcome(killed, tree(nodes=trader(incarnation=2, reason="killed", ready_ms=98.7)), 0.5)
    assert (told.recovered, told.incarnation, told.after_ms) == (True, 2, 98.7)
    assert told.text == "restarted as incarnation 2, working again after 99 ms: killed"


def test_a_node_that_hung_is_told_by_the_time_since_then() -> None:
    told = outcome(done("hang", "trader"), tree(nodes=trader(incarnation=2, ready_ms=98.7)), 3.2)
    assert told.after_ms == 3200.0


@pytest.mark.parametrize("path", [RISK, "trader", "forkserver"])
@pytest.mark.parametrize("action", ["hang", "slow"])
def test_a_fault_that_passes_is_over_only_after_its_time(action: Action, path: str) -> None:
    what = done(action, path, for_s=1.0)
    assert outcome(what, tree(), 0.9) is None
    told = outcome(what, tree(), 1.1)
    assert (told.recovered, told.incarnation, told.after_ms) == (True, 1, 1100.0)


@pytest.mark.parametrize("action", ["hang", "slow"])
def test_a_fault_that_lasts_is_waited_for(action: Action) -> None:
    assert outcome(done(action), tree(), 9.9) is None


def test_a_hang_that_nobody_noticed_is_explained() -> None:
    what = done("hang")
    silent = give_up(what, find(tree(state="stalled", progress_age_s=None), RISK))
    assert silent.text == "still hanging, nothing noticed within 10 s (no progress is declared)"
    assert silent.recovered is False
    assert give_up(what, find(tree(), RISK)).text == "still hanging, nothing noticed within 10 s"
    assert "next process" in give_up(done("hang", "forkserver"), find(tree(), "forkserver")).text
    assert give_up(done("slow"), find(tree(), RISK)).text == "still slow, nothing noticed within 10 s"


def test_an_actor_that_does_not_come_back_is_told_with_its_state() -> None:
    told = give_up(done(), find(tree(state="restarting", reason="killed"), RISK))
    assert told.text == "not back within 10 s (restarting, incarnation 1: killed)"


def test_the_json_says_what_was_done_and_what_followed() -> None:
    told = outcome(done(), tree(incarnation=2, started_ns=AT + 12 * MS), 0.3)
    assert to_json(done(), told) == {
        "target": RISK,
        "action": "kill",
        "done": True,
        "recovered": True,
        "incarnation": 2,
        "after_ms": 12.0,
    }
