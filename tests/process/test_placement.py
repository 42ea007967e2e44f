"""A part of a running system on threads, by its settings; and a thread that nothing can stop."""

import json
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.kit.running import FAST, assert_no_order_lost_or_doubled, run_command, running

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]

STRATEGY = """
import time
from pathlib import Path
from tradigrade import Strategy

class Hangs(Strategy):
    \"\"\"Waits for ever, once in the life of its folder.\"\"\"
    def on_bar(self, bar):
        if not (mark := Path(__file__).with_name("hung")).exists():
            mark.touch()
            while True:
                time.sleep(1)
"""


def places(tree: dict[str, Any]) -> dict[str, str]:
    """The runtime of every actor, by its path."""
    found = {tree["path"]: tree["runtime"]} if tree.get("runtime") else {}
    for child in tree["children"]:
        found |= places(child)
    return found


def test_the_account_group_trades_on_threads_where_the_settings_say_so(tmp_path: Path) -> None:
    config = FAST + '[placement]\n"trader/trading/account" = "threads"\n'
    with running(tmp_path / "data", config=config) as system:
        system.wait_orders(3)
        tree = json.loads(run_command("tree", "--json", "--data-dir", str(system.data_dir)).stdout)
        threads = {path for path, runtime in places(tree).items() if runtime == "threads"}
        assert threads == {f"trader/trading/account/{name}" for name in ("ledger", "executor", "orders", "risk")}
        with urlopen(f"{system.facts()['console']}/metrics", timeout=10) as answer:
            metrics = answer.read().decode()
        for name in ("exchange", "trader", "console"):  # the learner still imports torch
            assert f'tradigrade_node_settings_not_tuned{{node="{name}"}} 0.0' in metrics
        system.kill("trader")
        system.wait_serving("trader", 2)
        system.wait_orders(len(system.intents()) + 2)
        summary = system.stop()
        assert summary["reconciled"], summary["differences"]
        assert_no_order_lost_or_doubled(system)


def test_a_path_that_is_nowhere_is_refused_before_anything_starts(tmp_path: Path) -> None:
    file = tmp_path / "tradigrade.toml"
    file.write_text('[placement]\n"trader/nobody" = "threads"\n')
    done = run_command("up", "--config", str(file), "--data-dir", str(tmp_path / "data"))
    assert done.returncode == 2
    assert "placement: expected paths as `tradigrade tree` shows them, found 'trader/nobody'" in done.stderr


def test_a_thread_that_nothing_can_stop_costs_its_process_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "strategies"
    folder.mkdir()
    (folder / "hangs.py").write_text(STRATEGY)
    config = f"""
bar_s = 0.25
strategies_dir = "{folder}"
[[strategies]]
path = "tradigrade.trading.strategies.learned:Learned"
[[strategies]]
path = "hangs.py:Hangs"
[supervision]
abandoned_threads = 0
[placement]
"trader/strategies/hangs-btc-usdt" = "threads"
"""
    with running(tmp_path / "data", config=config) as system:
        after = system.wait_serving("trader", 2)
        assert "1 threads that cannot be stopped, at most 0 are borne" in after["reason"]
        system.wait_orders(len(system.intents()) + 2)
        summary = system.stop()  # what is on its way comes to rest first
        assert summary["reconciled"], summary["differences"]
        assert_no_order_lost_or_doubled(system)
