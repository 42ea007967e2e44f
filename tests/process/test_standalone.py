"""Nodes started by themselves, as an init system would: they find each other, trade, and stop in order."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kit.running import POLL_S, run_command

pytestmark = [pytest.mark.process, pytest.mark.timeout(60)]

TIMEOUT_S = 20.0


@contextmanager
def standalone(name: str, data_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tradigrade", "node", "run", name, "--data-dir", str(data_dir)]
    process = subprocess.Popen(command, cwd=data_dir.parent)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def orders_at_venue(data_dir: Path) -> int:
    log = data_dir / "exchange/requests.jsonl"
    return log.read_text().count('"newOrderRespType"') if log.exists() else 0


def wait_for_orders(data_dir: Path, count: int) -> None:
    deadline_s = time.monotonic() + TIMEOUT_S
    while orders_at_venue(data_dir) < count:
        assert time.monotonic() < deadline_s, f"expected {count} orders, found {orders_at_venue(data_dir)}"
        time.sleep(POLL_S)


def test_nodes_started_one_by_one_trade_and_stop_on_ctrl_c(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with standalone("exchange", data_dir) as exchange:
        deadline_s = time.monotonic() + TIMEOUT_S
        while not (data_dir / "exchange/venue.pem").exists() and time.monotonic() < deadline_s:
            time.sleep(POLL_S)
        with standalone("trader", data_dir) as trader:
            wait_for_orders(data_dir, 2)
            trader.send_signal(signal.SIGINT)
            assert trader.wait(TIMEOUT_S) == 0
        exchange.send_signal(signal.SIGTERM)
        assert exchange.wait(TIMEOUT_S) == 0


def test_a_node_that_runs_already_is_not_started_twice(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with standalone("exchange", data_dir):
        deadline_s = time.monotonic() + TIMEOUT_S
        while not (data_dir / "exchange/venue.pem").exists() and time.monotonic() < deadline_s:
            time.sleep(POLL_S)
        second = run_command("node", "run", "exchange", "--data-dir", str(data_dir), cwd=tmp_path)
        assert second.returncode == 2
        assert "this node runs already" in second.stderr
        assert len(second.stderr.strip().splitlines()) == 1, second.stderr
