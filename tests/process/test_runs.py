"""Whole runs, as a user starts and stops them."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.kit.running import RECORDING, ROOT, Running, alive, assert_no_order_lost_or_doubled, run_command, running
from tradigrade.trading.order_events import OrderIntended

WRONG_STRATEGY = """
from tradigrade import Strategy
from tradigrade.trading.strategy import Target

print("what a strategy prints is no part of --json")


class Wrong(Strategy):
    def on_bar(self, bar):
        return Target(0.01)
"""

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


@pytest.mark.skipif(not RECORDING.exists(), reason=f"needs the recording {RECORDING.name}, which is not shipped")
def test_a_recording_is_traded_learned_from_and_reconciled(tmp_path: Path) -> None:
    arguments = ("--replay", str(RECORDING), "--speed", "20", "--for", "20")
    with running(tmp_path / "data", *arguments, config="") as system:
        summary = system.finish(timeout_s=90)
        print(summary)
        assert summary["updates"] > 10_000
        assert summary["orders"] >= 8
        assert summary["fills"] >= 5
        assert summary["learned_bars"] >= 3
        assert summary["reconciled"], summary["differences"]
        assert summary["errors"] == summary["restarts"] == 0
        assert_no_order_lost_or_doubled(system)


def test_without_configuration_it_trades_a_synthetic_market_and_resumes_its_books(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--for", "4", config="") as first:
        before = first.finish()
        assert "starting anew" in first.errors.read_text()
        assert before["orders"] > 0
        assert before["reconciled"], before["differences"]
        books = len(first.intents())
    with running(tmp_path / "data", "--for", "3", config="") as second:
        after = second.finish()
        assert "resuming" in second.errors.read_text()
        assert after["reconciled"], after["differences"]
        assert len(second.intents()) == books + after["orders"]
        assert after["learned_bars"] > before["learned_bars"]
        assert_no_order_lost_or_doubled(second)


def test_fresh_forgets_books_and_orders(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--for", "2") as first:
        first.finish()
    with running(tmp_path / "data", "--for", "1", "--fresh") as second:
        summary = second.finish()
        assert "starting anew" in second.errors.read_text()
        assert len(second.intents()) == summary["orders"]


def test_ctrl_c_stops_everything_in_order_and_cancels_what_stood(tmp_path: Path) -> None:
    with running(tmp_path / "data") as system:
        system.wait_orders(3)
        pids = system.pids()
        started_s = time.monotonic()
        summary = system.stop()
        print(f"stopped in {time.monotonic() - started_s:.2f} s")
        assert summary["reconciled"], summary["differences"]
        assert not [pid for pid in pids if alive(pid)]
        order = [line.split()[0] for line in system.errors.read_text().splitlines() if " stopped (" in line]
        assert order == ["learner", "console", "trader", "guard", "exchange", "spare", "forkserver"]
        assert not (system.data_dir / "run.json").exists()


def test_flatten_closes_every_position_before_the_end(tmp_path: Path) -> None:
    with running(tmp_path / "data", config='bar_s = 0.25\non_stop = "flatten"\n') as system:
        system.wait_orders(5)
        summary = system.stop()
        assert summary["reconciled"], summary["differences"]
        # What is left is dust below the venue's smallest order.
        assert all(abs(float(amount)) < 0.0003 for amount in summary["position"].values()), summary["position"]


def test_a_second_up_on_one_data_directory_is_refused(tmp_path: Path) -> None:
    with running(tmp_path / "data") as system:
        system.wait_orders(1)
        second = run_command("up", "--data-dir", str(tmp_path / "data"), "--port", "0", cwd=tmp_path)
        assert second.returncode == 1
        assert "another tradigrade runs on data directory" in second.stderr
        assert system.stop()["reconciled"]


def test_a_crash_inside_one_actor_restarts_only_its_group(tmp_path: Path) -> None:
    with running(tmp_path / "data") as system:
        system.wait_orders(2)
        before = {actor["path"]: actor["restarts"] for actor in system.status()["actors"]}
        done = run_command("chaos", "crash", "trader/trading/account/risk", "--data-dir", str(system.data_dir))
        assert done.returncode == 0, done.stderr
        group = {f"trader/trading/account/{name}" for name in ("ledger", "executor", "orders", "risk")}

        def restarted() -> set[str]:
            after = {actor["path"]: actor["restarts"] for actor in system.status().get("actors", ())}
            return {path for path, count in after.items() if count > before.get(path, 0)}

        system.wait("the account group's restart", lambda: restarted() == group)
        system.wait_orders(len(system.intents()) + 3)
        assert system.node("trader")["restarts"] == 0
        assert system.stop()["reconciled"]


def test_a_crash_of_the_venue_itself_is_survived(tmp_path: Path) -> None:
    with running(tmp_path / "data") as system:
        system.wait_orders(2)
        for _ in range(2):
            done = run_command("chaos", "crash", "exchange/venue", "--data-dir", str(system.data_dir), cwd=tmp_path)
            assert done.returncode == 0, done.stderr
            system.wait_orders(len(system.intents()) + 3)
        summary = system.stop()
        assert summary["reconciled"], summary["differences"]
        assert_no_order_lost_or_doubled(system)


def test_a_strategy_that_returns_nonsense_harms_no_other(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(WRONG_STRATEGY)
    config = f"""
bar_s = 0.25
strategies_dir = "{tmp_path}"
[[strategies]]
path = "wrong.py:Wrong"
[[strategies]]
path = "tradigrade.trading.strategies.learned:Learned"
"""
    with running(tmp_path / "data", config=config) as system:
        system.wait("five orders of the good one", lambda: len(system.intents()) >= 5)
        restarts = {actor["path"]: actor["restarts"] for actor in system.status()["actors"]}
        assert restarts["trader/strategies/wrong-btc-usdt"] > 0
        assert restarts["trader/trading/account/risk"] == 0
        summary = system.stop()
        assert summary["reconciled"], summary["differences"]
        assert traders(system) == {"learned"}


def test_the_trader_never_imports_torch(tmp_path: Path) -> None:
    with running(tmp_path / "data") as system:
        system.wait_orders(1)
        for name in ("trader", "exchange", "console", "forkserver", "spare"):
            maps = Path(f"/proc/{system.node(name)['pid']}/maps").read_text()
            assert "libtorch" not in maps, f"{name} has torch in its memory"
        system.stop()


def test_a_strategy_of_the_users_own_folder_runs_beside_one_that_ships(tmp_path: Path) -> None:
    config = f"""
bar_s = 0.25
strategies_dir = "{ROOT / "examples/strategies"}"
[[strategies]]
path = "breakout.py:Breakout"
parameters = {{ lookback = 2, amount_quote = 200.0 }}
[[strategies]]
path = "tradigrade.trading.strategies.moving_average:MovingAverage"
parameters = {{ fast = 2, slow = 4, amount_quote = 200.0 }}
"""
    with running(tmp_path / "data", config=config) as system:
        system.wait("an order of each strategy", lambda: traders(system) >= {"breakout", "movingaverage"})
        assert system.stop()["reconciled"]


def traders(system: Running) -> set[str]:
    return {record.strategy for record in system.journal() if isinstance(record, OrderIntended)}


def test_without_torch_it_runs_on_the_linear_model_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text('import sys\n\nsys.modules["torch"] = None\n')
    with running(tmp_path / "data", "--for", "3", environment={"PYTHONPATH": str(tmp_path)}) as system:
        summary = system.finish()
        assert "torch is not installed, so only the linear model learns" in system.errors.read_text()
        assert summary["learned_bars"] > 0
        assert summary["restarts"] == summary["errors"] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_every_process_at_once_still_stops_them_in_order(tmp_path: Path, number: int) -> None:
    with running(tmp_path / "data") as system:
        system.wait_orders(1)
        for pid in system.pids():
            os.kill(pid, number)
        summary = system.finish()
        assert summary["reconciled"], summary["differences"]
