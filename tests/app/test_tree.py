"""One tree of the whole system, from what its launcher answers."""

import io
import json
from typing import Any

import pytest
from rich.console import Console

from tests.app.samples import PID, RISK, answer, tree
from tests.web.samples import NOW, S, actor, node, process
from tradigrade.tree import Item, NoTarget, build_tree, find, near_matches, pick, render, walk


def drawn(item: Item, width: int = 100) -> list[str]:
    screen = Console(file=io.StringIO(), width=width)
    screen.print(render(item))
    text: str = screen.file.getvalue()  # type: ignore[attr-defined]
    return text.splitlines()


def at(item: Item, path: str) -> Item:
    found = find(item, path)
    assert found is not None, path
    return found


def test_everything_hangs_below_the_launcher_in_its_place() -> None:
    found = tree()
    assert [(item["kind"], item["name"]) for item in (found, *found["children"])] == [
        ("launcher", "launcher"),
        ("node", "forkserver"),
        ("node", "trader"),
        ("node", "learner"),
    ]
    assert [child["name"] for child in at(found, "trader/trading/account")["children"]] == [
        "executor",
        "ledger",
        "risk",
    ]
    assert at(found, "trader/trading")["kind"] == "supervisor"
    assert at(found, RISK)["kind"] == "actor"


def test_every_item_says_the_same_things_first_and_is_json() -> None:
    for item in walk(tree()):
        assert list(item)[:7] == ["name", "path", "kind", "state", "restarts", "incarnation", "reason"]
        assert list(item)[-1] == "children"
    assert json.loads(json.dumps(tree())) == tree()


def test_the_root_supervisor_of_a_node_is_the_node_itself() -> None:
    trader = at(tree(), "trader")
    assert (trader["kind"], trader["strategy"]) == ("node", "one_for_one")
    assert "trader" not in [child["path"] for child in trader["children"]]


def test_an_actor_tells_what_became_of_its_messages() -> None:
    risk = at(tree(runtime="cell", mailbox=3, sent=9, handled=4, dead_lettered=2, started_ns=7), RISK)
    assert (risk["runtime"], risk["mailbox"], risk["started_ns"]) == ("cell", 3, 7)
    assert risk["messages"] == {
        "sent": 9,
        "handled": 4,
        "conflated": 0,
        "dropped": 0,
        "expired": 0,
        "dead_lettered": 2,
        "kept": 0,
    }


def test_a_node_tells_its_process_and_the_age_of_its_report() -> None:
    told = process("trader", up_ms=15.0, ready_ms=120.0, restarts=2)
    found = build_tree(answer(node("trader", gauges={"threads_abandoned": 2.0}), nodes=(told,)), PID, NOW + S)
    trader = at(found, "trader")
    assert {name: trader[name] for name in ("pid", "up_ms", "ready_ms", "report_age_s", "threads_abandoned")} == {
        "pid": 4102,
        "up_ms": 15.0,
        "ready_ms": 120.0,
        "report_age_s": 1.0,
        "threads_abandoned": 2,
    }


@pytest.mark.parametrize("changes", [{"incarnation": 2}, {"state": "stopped"}], ids=["replaced", "down"])
def test_what_an_earlier_process_said_is_not_shown(changes: dict[str, Any]) -> None:
    assert at(tree(nodes=(process("trader", **changes),)), "trader")["children"] == []


def test_nobody_runs_in_a_process_that_stands_still() -> None:
    found = tree(nodes=(process("trader", state="stalled", reason="silent for 2.0 s"),), state="failed")
    assert at(found, "trader/trading")["state"] == "stalled"
    assert at(found, RISK)["state"] == "failed"


def test_a_node_is_starting_until_its_root_supervisor_serves() -> None:
    root = actor("trader", supervisor=True, state="starting", strategy="one_for_one")
    found = build_tree(answer(node("trader", actors=(root,)), nodes=(process("trader"),)), PID, NOW)
    assert at(found, "trader")["state"] == "starting"


def test_an_actor_whose_supervisor_is_not_told_hangs_below_the_nearest_that_is() -> None:
    reports = (actor("trader/a/b"), actor("stray"))
    found = build_tree(answer(node("trader", actors=reports), nodes=(process("trader"),)), PID, NOW)
    assert {child["name"] for child in at(found, "trader")["children"]} == {"a/b", "stray"}


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("risk", RISK),
        ("trader/risk", RISK),
        ("tradr", "trader"),
        ("journl", "trader/trading/journal"),
    ],
)
def test_a_path_that_is_not_there_is_answered_with_those_nearly_called_so(path: str, near: str) -> None:
    assert near in near_matches(tree(), path)
    with pytest.raises(NoTarget, match=near):
        pick(tree(), path)


def test_without_any_near_match_the_nodes_are_named() -> None:
    with pytest.raises(NoTarget, match="expected one of forkserver, trader, learner or below"):
        pick(tree(), "1234")


def test_the_drawing_fits_100_columns_and_uses_no_colour_off_a_terminal() -> None:
    lines = drawn(tree(reason="ValueError: " + "x" * 300, restarts=3, state="stalled", progress_age_s=2.25))
    assert max(map(len, lines)) <= 100
    assert not any("\x1b" in line for line in lines)
    (risk,) = [line for line in lines if "risk" in line]
    assert "stalled" in risk
    assert "2.2 s" in risk
    assert risk.rstrip().endswith("…")


def test_names_are_drawn_below_their_supervisors() -> None:
    lines = [line.split("  ")[0].rstrip() for line in drawn(pick(tree(), "trader/trading"))[1:]]
    assert [line.lstrip("│├└─ ").split()[0] for line in lines if line.strip("│├└─ ")][:2] == ["trading", "account"]


def test_a_reason_is_never_taken_for_markup_or_more_lines() -> None:
    (risk,) = [line for line in drawn(tree(reason="[red]a\nb[/red]"), width=160) if "risk" in line]
    assert "[red]a b[/red]" in risk
