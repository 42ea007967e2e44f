"""Orders over the venue's WebSocket API when their connection breaks, with and without the trader dying of `kill -9`:
the venue's own log says what arrived, and how often."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.running import Running, assert_no_order_lost_or_doubled, run_command, running
from tradigrade.exchanges.simulated.requestlog import PLACING

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


@pytest.fixture
def system(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "data") as system:
        system.wait_orders(3)
        yield system
        summary = system.stop()
        assert summary["reconciled"], summary["differences"]
        assert_no_order_lost_or_doubled(system)


def break_orders(system: Running, fault: str, times: int) -> None:
    done = run_command("chaos", "venue", fault, "--times", str(times), "--data-dir", str(system.data_dir))
    assert done.returncode == 0, done.stderr


def ways(system: Running) -> set[str]:
    """How orders came to the venue."""
    return {line["method"] for line in system.requests() if (line["method"], line["path"]) in PLACING}


@pytest.mark.parametrize("fault", ["place-lost", "place-unanswered"])
def test_a_connection_that_breaks_under_an_order_loses_and_doubles_none(system: Running, fault: str) -> None:
    break_orders(system, fault, 3)
    system.wait_orders(len(system.intents()) + 4)
    assert "WS" in ways(system)


def test_a_trader_killed_with_orders_in_doubt_loses_and_doubles_none(system: Running) -> None:
    break_orders(system, "place-unanswered", 2)
    before = system.node("trader")["incarnation"]
    system.wait_orders(len(system.intents()) + 1)
    system.kill("trader")
    system.wait_serving("trader", before + 1)
    system.wait_orders(len(system.intents()) + 3)
    assert "WS" in ways(system)
