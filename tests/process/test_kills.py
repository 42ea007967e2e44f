"""Nodes are killed for real while the system trades; the books and the venue's own log are the judges."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.kit.running import Running, alive, assert_no_order_lost_or_doubled, running
from tests.soak.kills import draw, leaks, strike_all, times_table
from tradigrade.trading.books import Books
from tradigrade.trading.laws import check_signals
from tradigrade.trading.order_events import OrderEvent

KILLS = int(os.environ.get("KILLS", "5"))
SEED = 49
"""Its first five strikes are two on the trader, and one each on exchange, guard and a fork server."""

NODES = ("exchange", "guard", "learner", "console", "forkserver", "spare")

pytestmark = [pytest.mark.process, pytest.mark.timeout(180 + 30 * KILLS)]


def kill_and_wait(system: Running, name: str) -> None:
    before = system.wait_serving(name, 1)
    os.kill(before["pid"], signal.SIGKILL)
    after = system.wait_serving(name, before["incarnation"] + 1)
    print(f"\n{name} killed: process up after {after['up_ms']} ms, serving after {after['ready_ms']} ms", end="")


def test_nodes_killed_at_random_instants_lose_and_double_no_order_and_leave_nothing_behind(tmp_path: Path) -> None:
    with running(tmp_path / "data") as system:
        system.wait_orders(3)
        struck = strike_all(system.data_dir, draw(SEED, KILLS), SEED)
        print(*times_table(struck.repairs), sep="\n")
        system.wait_orders(len(system.intents()) + 3)
        summary = system.stop()
        assert summary["reconciled"], summary["differences"]
        assert summary["restarts"] >= KILLS
        assert summary["orders"] == len(system.intents())
        assert_no_order_lost_or_doubled(system)
        direct = [line for line in system.requests() if (line["method"], line["path"]) == ("WS", "order.place")]
        assert len(direct) > len(system.placed_at_venue()) / 2, "orders go over the venue's WebSocket API"
        check_signals(system.journal())
        assert not leaks(struck)


def test_every_node_that_is_killed_comes_back_again_and_again_and_trading_goes_on(tmp_path: Path) -> None:
    with running(tmp_path / "data") as system:
        system.wait_orders(2)
        for name in (*NODES, *NODES):
            kill_and_wait(system, name)
        system.wait_orders(len(system.intents()) + 3)
        summary = system.stop()
        assert summary["reconciled"], summary["differences"]
        assert_no_order_lost_or_doubled(system)


def test_losing_a_fork_server_loses_no_running_node(tmp_path: Path) -> None:
    with running(tmp_path / "data") as system:
        system.wait_orders(1)
        before = system.serving_pids()
        kill_and_wait(system, "forkserver")
        after = system.serving_pids()
        changed = {name for name in before if before[name] != after[name]}
        assert changed == {"forkserver"}
        kill_and_wait(system, "trader")
        assert system.stop()["reconciled"]


def test_a_killed_launcher_leaves_no_process_and_no_open_order(tmp_path: Path) -> None:
    with running(tmp_path / "data") as system:
        system.wait_orders(2)
        pids = system.pids()
        system.process.kill()
        system.process.wait()
        deadline_s = time.monotonic() + 3.0
        while any(map(alive, pids)) and time.monotonic() < deadline_s:
            time.sleep(0.02)
        assert not [pid for pid in pids if alive(pid)]
        books = Books()
        for record in system.journal():
            if isinstance(record, OrderEvent):
                books.apply(record)
        assert not books.open_orders(), "on_stop = cancel was not done"
    with running(tmp_path / "data", "--for", "2") as system:
        assert system.finish()["reconciled"]
        assert_no_order_lost_or_doubled(system)


def test_a_silent_node_is_taken_for_dead_and_replaced(tmp_path: Path) -> None:
    with running(tmp_path / "data") as system:
        system.wait_orders(1)
        before = system.node("trader")
        os.kill(before["pid"], signal.SIGSTOP)
        after = system.wait_serving("trader", before["incarnation"] + 1)
        assert after["pid"] != before["pid"]
        assert not alive(before["pid"])
        assert system.stop()["reconciled"]


def test_a_launcher_that_stood_still_blames_no_node(tmp_path: Path) -> None:
    with running(tmp_path / "data") as system:
        system.wait_orders(1)
        before = system.serving_pids()
        os.kill(system.process.pid, signal.SIGSTOP)
        time.sleep(3.5)
        os.kill(system.process.pid, signal.SIGCONT)
        system.wait_orders(len(system.intents()) + 3)
        assert system.serving_pids() == before
        assert system.stop()["reconciled"]


def test_a_fork_server_that_hangs_is_replaced_and_holds_no_node_up(tmp_path: Path) -> None:
    with running(tmp_path / "data") as system:
        system.wait_orders(1)
        os.kill(system.node("forkserver")["pid"], signal.SIGSTOP)
        kill_and_wait(system, "trader")
        assert system.wait_serving("forkserver", 2)["restarts"] == 1
        assert system.stop()["reconciled"]
