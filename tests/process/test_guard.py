"""Halted with the executor dead, stopped or hung: the guard has cancelled within 2 s, and protective stops stand."""

import hashlib
import hmac
import http.client
import json
import os
import signal
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.kit.running import Running, run_command, running
from tradigrade.exchanges.simulated.requestlog import CANCELLING
from tradigrade.kernel.disk import SystemDisk
from tradigrade.status import read_status
from tradigrade.storage.halt import HaltLatch

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]

LIMIT_S = 2.0
LOOK_S = 0.05
STOP_ID = "tgmain-999999-1"
LISTENING = "0A"

RESTING = """
from decimal import Decimal
from tradigrade.trading.strategy import Strategy, Target


class Resting(Strategy):
    defaults = {"below": 0.05, "phase": 1}
    bars = 0

    def on_bar(self, bar):
        self.bars += 1
        if self.bars % 12 == self.parameters["phase"]:
            price = bar.close * (1 - Decimal(str(self.parameters["below"])))
            return Target(self.position + Decimal("0.002"), price.quantize(Decimal("0.01")))
"""


def resting_config(folder: Path, more: str = "") -> str:
    """Strategies whose limit orders rest far below the touch; each renews its own now and then, never all at once."""
    (folder / "resting.py").write_text(RESTING)
    strategies = "".join(
        f'[[strategies]]\npath = "resting.py:Resting"\nname = "rest{number}"\n'
        f"parameters = {{ below = 0.0{number}, phase = {3 * number - 2} }}\n"
        for number in range(1, 5)
    )
    risk = "[risk]\nmax_price_deviation_bps = 5000.0\nmax_position_notional = 9000\n"
    return f'bar_s = 0.25\nstrategies_dir = "{folder}"\n{risk}{more}\n{strategies}'


class Venue:
    """The venue as its customer sees it over signed REST, with the account's own key."""

    def __init__(self, system: Running) -> None:
        folder = system.data_dir / "exchange"
        credentials = json.loads((folder / "credentials.json").read_text())
        self.key, self.secret = credentials["api_key"], credentials["api_secret"].encode()
        self.port = listening_port(pids(system)["exchange"])
        self.trust = ssl.create_default_context(cafile=str(folder / "venue.pem"))

    def ask(self, method: str, path: str, **params: str) -> Any:
        query = urlencode({**params, "timestamp": time.time_ns() // 1_000_000})
        signature = hmac.new(self.secret, query.encode(), hashlib.sha256).hexdigest()
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.trust, timeout=5)
        try:
            connection.request(method, f"{path}?{query}&signature={signature}", headers={"X-MBX-APIKEY": self.key})
            response = connection.getresponse()
            body = json.loads(response.read())
        finally:
            connection.close()
        assert response.status == 200, body
        return body

    def open_orders(self) -> dict[str, str]:
        """Client id to type. Asked as seldom as does: what we ask uses up the limit of the system under test."""
        time.sleep(LOOK_S)
        found = self.ask("GET", "/api/v3/openOrders", symbol="BTCUSDT")
        return {order["clientOrderId"]: order["type"] for order in found}

    def place_stop(self) -> None:
        """A protective stop of ours, far from the market."""
        price = float(self.ask("GET", "/api/v3/openOrders", symbol="BTCUSDT")[0]["price"]) * 1.5
        self.ask(
            "POST",
            "/api/v3/order",
            symbol="BTCUSDT",
            side="BUY",
            type="STOP_LOSS_LIMIT",
            timeInForce="GTC",
            quantity="0.00100",
            price=f"{price:.2f}",
            stopPrice=f"{price:.2f}",
            newClientOrderId=STOP_ID,
        )


def pids(system: Running) -> dict[str, int]:
    return {node["name"]: node["pid"] for node in read_status(system.data_dir)["nodes"]}


def listening_port(pid: int) -> int:
    """The one TCP port on which a process listens."""
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    ports = [int(row[1].split(":")[1], 16) for row in rows if row[3] == LISTENING and f"socket:[{row[9]}]" in links]
    assert len(ports) == 1, ports
    return ports[0]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One system for most tests of this file, with a protective stop: each leaves it trading."""
    folder = tmp_path_factory.mktemp("guard")
    with running(folder / "data", config=resting_config(folder)) as system:
        wait_for_resting_orders(system).place_stop()
        yield system
        system.stop()


def wait_for_resting_orders(system: Running) -> Venue:
    system.wait_serving()
    venue = Venue(system)
    system.wait("resting orders", lambda: len(venue.open_orders().keys() - {STOP_ID}) >= 4)
    return venue


def latch(system: Running) -> HaltLatch:
    return HaltLatch(SystemDisk(), system.data_dir / "halt.json")


def halt(system: Running) -> int:
    return latch(system).halt("a test", "the test", time.time_ns()).at_ns


def cancels_after(system: Running, halted_ns: int) -> list[dict[str, Any]]:
    """Parameters of each: the guard names orders by the venue's id, the executor by the client's."""
    asked = [line for line in system.requests() if (line["method"], line["path"]) in CANCELLING]
    lines = [line for line in asked if line["time_ns"] > halted_ns]
    return [{**line["params"], "after_s": (line["time_ns"] - halted_ns) / 1e9} for line in lines]


def assert_cancelled_in_time(system: Running, venue: Venue, halted_ns: int) -> None:
    """Judged by the venue's own log and its own list of open orders."""
    system.wait("only the stop being open", lambda: set(venue.open_orders()) == {STOP_ID}, 10.0)
    cancels = cancels_after(system, halted_ns)
    took_s = max(params["after_s"] for params in cancels)
    print(f"\n{len(cancels)} cancels after the halt, the last after {took_s:.3f} s", end="")
    assert took_s < LIMIT_S
    assert venue.open_orders() == {STOP_ID: "STOP_LOSS_LIMIT"}


def assert_trades_again(system: Running) -> None:
    assert latch(system).release("the test is over", "the test", time.time_ns())
    before = len(system.intents())
    system.wait("orders after the release", lambda: len(system.intents()) > before, 30.0)


def test_with_the_trader_stopped_the_guard_cancels_and_a_trader_that_goes_on_is_fenced(system: Running) -> None:
    venue = wait_for_resting_orders(system)
    trader = pids(system)["trader"]
    os.kill(trader, signal.SIGSTOP)
    halted_ns = halt(system)
    assert_cancelled_in_time(system, venue, halted_ns)
    os.kill(trader, signal.SIGCONT)
    system.wait("the trader finding itself fenced", lambda: read_status(system.data_dir)["rung"] == "FENCED", 5.0)
    assert venue.open_orders() == {STOP_ID: "STOP_LOSS_LIMIT"}
    assert all("orderId" in params for params in cancels_after(system, halted_ns)), "the executor sent a cancel"
    assert_trades_again(system)
    assert pids(system)["trader"] == trader


def test_with_the_trader_killed_and_no_fork_server_to_bring_it_back_the_guard_cancels(system: Running) -> None:
    venue = wait_for_resting_orders(system)
    nodes = pids(system)
    for name in ("forkserver", "spare"):
        os.kill(nodes[name], signal.SIGSTOP)
    os.kill(nodes["trader"], signal.SIGKILL)
    halted_ns = halt(system)
    assert_cancelled_in_time(system, venue, halted_ns)
    assert_trades_again(system)


def test_with_the_executor_hung_the_guard_cancels(system: Running) -> None:
    venue = wait_for_resting_orders(system)
    hang = ("chaos", "hang", "trader/trading/account/executor", "--no-wait")
    done = run_command(*hang, "--data-dir", str(system.data_dir))
    assert done.returncode == 0, done.stderr
    halted_ns = halt(system)
    assert_cancelled_in_time(system, venue, halted_ns)
    assert_trades_again(system)


def test_an_executor_that_works_cancels_by_itself_and_is_not_fenced(system: Running) -> None:
    venue = wait_for_resting_orders(system)
    halted_ns = halt(system)
    system.wait("no order to cancel being open", lambda: not venue.open_orders().keys() - {STOP_ID}, LIMIT_S)
    time.sleep(1.0)  # the guard has looked by now
    assert not any("orderId" in params for params in cancels_after(system, halted_ns)), "the guard sent a cancel"
    assert read_status(system.data_dir)["rung"] == "HALTED"
    assert_trades_again(system)


def test_a_trader_that_is_left_down_halts_the_system_and_the_guard_cancels(tmp_path: Path) -> None:
    config = resting_config(tmp_path, "[supervision]\nintensity = 2\n")
    with running(tmp_path / "data", config=config) as system:
        venue = wait_for_resting_orders(system)
        venue.place_stop()
        for incarnation in (1, 2, 3):
            os.kill(system.wait_serving("trader", incarnation)["pid"], signal.SIGKILL)
        found = system.wait("the halt", latch(system).read, 5.0)
        assert "left down" in found.reason
        assert_cancelled_in_time(system, venue, found.at_ns)
        status = read_status(system.data_dir)
        states = {node["name"]: node["state"] for node in status["nodes"]}
        assert status["rung"] == "HALTED"
        assert states.pop("trader") in ("failed", "stopped")
        assert set(states.values()) == {"running"}
