"""`tradigrade chaos` and `tradigrade tree` against a whole running system."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.running import Running, alive, assert_no_order_lost_or_doubled, run_command, running
from tradigrade.status import connect
from tradigrade.tree import Item, pick, read_tree

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]

FEED = "trader/feeds/binance"
RISK = "trader/trading/account/risk"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One system for all tests of this file: each leaves it working."""
    with running(tmp_path_factory.mktemp("chaos") / "data") as system:
        system.wait_orders(1)
        yield system
        summary = system.stop()
        assert summary["reconciled"], summary["differences"]
        assert_no_order_lost_or_doubled(system)


def command(system: Running, *arguments: str) -> Any:
    return run_command(*arguments, "--data-dir", str(system.data_dir))


def tree(system: Running, path: str = "launcher") -> Item:
    """What `tradigrade tree --json` prints, without starting an interpreter for it."""

    async def read() -> Item:
        async with connect(system.data_dir) as link:
            return pick(await read_tree(link), path)

    return asyncio.run(read())


def chaos(system: Running, *arguments: str) -> dict[str, Any]:
    """What the command says followed; it is printed, for the figures."""
    done = command(system, "chaos", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    print(done.stderr.strip().splitlines()[-1])
    found: dict[str, Any] = json.loads(done.stdout)
    assert (found["action"], found["target"], found["done"]) == (arguments[0], arguments[1], True)
    return found


def paths(item: Item) -> set[str]:
    return {item["path"]}.union(*map(paths, item["children"]))


def test_the_tree_shows_everything_that_runs(system: Running) -> None:
    found = json.loads(command(system, "tree", "--json").stdout)
    assert found["pid"] == system.process.pid
    nodes = ["forkserver", "spare", "exchange", "guard", "trader", "console", "learner"]
    assert [node["name"] for node in found["children"]] == nodes
    assert all(alive(node["pid"]) for node in found["children"] if node["state"] == "running")
    assert {FEED, RISK, "exchange/venue", "console/console"} <= paths(found)
    feed = tree(system, FEED)
    assert (feed["kind"], feed["state"], feed["runtime"]) == ("actor", "running", "cell")
    assert feed["messages"]["handled"] > 0
    drawn = command(system, "tree")
    assert max(map(len, drawn.stdout.splitlines())) <= 100
    assert "\x1b" not in drawn.stdout


def test_an_actor_that_is_killed_is_restarted_within_milliseconds(system: Running) -> None:
    before = tree(system, RISK)
    told = chaos(system, "kill", RISK)
    after = tree(system, RISK)
    assert told["recovered"]
    assert told["incarnation"] == after["incarnation"] == before["incarnation"] + 1
    assert 0 < told["after_ms"] < 1000
    assert after["restarts"] == before["restarts"] + 1


def test_an_actor_that_crashes_is_restarted_with_the_reason(system: Running) -> None:
    assert chaos(system, "crash", RISK)["recovered"]
    assert "injected" in tree(system, RISK)["reason"]


def test_a_hanging_actor_is_noticed_and_replaced(system: Running) -> None:
    assert chaos(system, "hang", "trader/trading/journal")["recovered"]
    assert "hangs" in tree(system, "trader/trading/journal")["reason"]


def test_a_hang_is_shown_and_can_be_let_go(system: Running) -> None:
    command(system, "chaos", "hang", RISK, "--for", "2", "--no-wait")
    looks: list[dict[str, Any]] = []

    def is_told() -> bool:
        looks.append(tree(system, RISK))
        return looks[-1]["reason"] == "made to hang"

    system.wait("the hang being told", is_told, 2.0)
    held = looks[-1]
    assert held["state"] == "stalled"
    system.wait("risk running again", lambda: tree(system, RISK)["state"] == "running", 5.0)
    assert tree(system, RISK)["incarnation"] == held["incarnation"]


def test_a_slow_actor_is_itself_again_after_its_time(system: Running) -> None:
    told = chaos(system, "slow", FEED, "--by", "0.05", "--for", "0.5")
    assert told["recovered"]
    assert 500 <= told["after_ms"] < 4_000


def test_a_killed_node_works_again(system: Running) -> None:
    before = tree(system, "trader")
    told = chaos(system, "kill", "trader")
    after = tree(system, "trader")
    assert told["recovered"]
    assert told["incarnation"] == after["incarnation"] == before["incarnation"] + 1
    assert after["pid"] != before["pid"]
    assert after["reason"] == "killed"


def test_a_stopped_node_is_noticed_and_replaced(system: Running) -> None:
    before = tree(system, "console")
    told = chaos(system, "hang", "console")
    after = tree(system, "console")
    assert told["incarnation"] == before["incarnation"] + 1
    assert told["after_ms"] >= 2_500
    assert "silent" in after["reason"]
    assert not alive(before["pid"])


def test_a_crash_of_a_node_ends_its_process_and_a_new_one_comes(system: Running) -> None:
    assert chaos(system, "crash", "exchange")["incarnation"] == 2
    assert "injected" in tree(system, "exchange")["reason"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("kill", "risk"), 2, RISK),
        (("hang", "trader/feeds"), 2, "is a supervisor"),
        (("crash", "forkserver"), 2, "is a fork server"),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_what_is_no_target_is_refused(system: Running, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = command(system, "chaos", *arguments, "--json")
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("arguments", [("tree",), ("chaos", "kill", "trader"), ("chaos", "run")])
def test_where_nothing_runs_the_exit_code_is_3(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run_command(*arguments, "--data-dir", str(tmp_path), "--json")
    assert (done.returncode, done.stdout) == (3, "")
    assert "nothing runs" in done.stderr
