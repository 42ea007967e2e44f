"""A strategy that never ends its turn takes its node with it three times; then it is left down while others trade."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.kit.running import FAST, Running, assert_no_order_lost_or_doubled, run_command, running

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]

LOOP = "trader/strategies/loop-btc-usdt"
GOOD = "trader/strategies/good-btc-usdt"

STRATEGIES = """
from decimal import Decimal
from tradigrade.trading.strategy import Strategy, Target


class Loop(Strategy):
    bars = 0

    def on_bar(self, bar):
        self.bars += 1
        while self.bars >= 3:
            pass


class Good(Strategy):
    bars = 0

    def on_bar(self, bar):
        self.bars += 1
        return Target(Decimal("0.01") * (self.bars // 4 % 2))
"""


def config(folder: Path) -> str:
    (folder / "both.py").write_text(STRATEGIES)
    strategies = "".join(
        f'[[strategies]]\npath = "both.py:{name.title()}"\nname = "{name}"\n' for name in ("loop", "good")
    )
    return f'strategies_dir = "{folder}"\n{FAST}\n{strategies}'


def find(item: dict[str, Any], path: str) -> dict[str, Any]:
    """The item of the tree at a path; empty where there is none."""
    if item.get("path") == path:
        return item
    return next((found for child in item.get("children", ()) if (found := find(child, path))), {})


def ask(system: Running, command: str, path: str) -> dict[str, Any]:
    done = run_command(command, "--data-dir", str(system.data_dir), "--json")
    return find(json.loads(done.stdout), path) if done.returncode == 0 else {}


def test_a_strategy_that_loops_is_named_and_left_down_and_the_others_trade_on(tmp_path: Path) -> None:
    with running(tmp_path / "data", config=config(tmp_path)) as system:
        system.wait(
            "the loop named", lambda: f"{LOOP} does not end its turn" in system.node("trader").get("reason", "")
        )
        loop = system.wait("the loop left down", lambda: _if_failed(ask(system, "tree", LOOP)), timeout_s=40.0)
        assert loop["reason"] == "did not end its turn, 3 times within 10 min"
        assert ask(system, "tree", GOOD)["state"] in ("starting", "running")
        incarnation = system.wait_serving("trader", 4)["incarnation"]
        ladder = run_command("ladder", "--data-dir", str(system.data_dir), "--json")
        standings = {each["scope"]: each for each in json.loads(ladder.stdout)["standings"]}
        assert standings["loop BTC/USDT"]["rung"] == "REDUCING"
        assert "did not end its turn" in standings["loop BTC/USDT"]["reason"]
        system.wait_orders(len(system.intents()) + 2)
        assert system.node("trader")["incarnation"] == incarnation == 4
        summary = system.stop()
    assert summary["reconciled"], summary["differences"]
    assert_no_order_lost_or_doubled(system)


def _if_failed(item: dict[str, Any]) -> dict[str, Any]:
    return item if item.get("state") == "failed" else {}
