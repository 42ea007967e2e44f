"""A run of real processes, with kills in it, is made again from its captures: the same orders, the same journal."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.kit.running import Running, run_command, running
from tradigrade.kernel.disk import SystemDisk
from tradigrade.replay import Replay
from tradigrade.storage.capture_file import read_capture
from tradigrade.trading.order_events import OrderIntended

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


def kill_trader(system: Running) -> None:
    before = system.wait_serving("trader", 1)
    os.kill(before["pid"], signal.SIGKILL)
    system.wait_serving("trader", before["incarnation"] + 1)


def replays(data_dir: Path) -> list[Replay]:
    """Every incarnation of the trader, in order, made again."""
    captures = [read_capture(SystemDisk(), path) for path in (data_dir / "captures").iterdir()]
    made = [Replay(capture) for capture in sorted(captures, key=lambda capture: capture.header.started_ns)]
    for replay in made:
        assert replay.run(), replay.player.fault
        assert not replay.player.ended, replay.player.ended
    return made


def test_a_run_with_kills_in_it_replays_to_the_same_orders_and_the_same_journal(tmp_path: Path) -> None:
    with running(tmp_path / "data") as system:
        system.wait_orders(3)
        kill_trader(system)
        system.wait_orders(len(system.intents()) + 3)
        time.sleep(0.41)
        kill_trader(system)
        summary = system.stop()
        made = replays(system.data_dir)
        orders = [record.client_id for each in made for record in each.records if isinstance(record, OrderIntended)]
        assert len(made) == 3
        assert orders == system.intents()
        assert len(orders) == summary["orders"]
        journal = (system.data_dir / "account-main.journal").read_bytes()
        assert made[-1].journal() == journal, "byte for byte"
        for replay in made:
            assert journal.startswith(replay.journal()), "killed or not: as far as it came"
        assert_command_agrees(system, len(orders))


def assert_command_agrees(system: Running, orders: int) -> None:
    done = run_command("replay", str(system.data_dir), "--json")
    assert done.returncode == 0, done.stderr
    told: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["incarnation"] for each in told] == [1, 2, 3]
    assert sum(len(each["orders"]) for each in told) == orders
    assert not any(each["fault"] for each in told)
