"""A whole system as a user starts it: real processes, a data directory of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tradigrade.exchanges.kraken.client_ids import ClientIds
from tradigrade.exchanges.simulated.requestlog import PLACING
from tradigrade.kernel.disk import SystemDisk
from tradigrade.kernel.errors import KernelError
from tradigrade.status import NothingRuns, read_status
from tradigrade.storage.account_journal import Record
from tradigrade.storage.journal_reader import read_journal
from tradigrade.trading.order_ids import client_id_prefix

ROOT = Path(__file__).parents[2]
RECORDING = ROOT.parent / "shared/data/streams/binance-spot/btcusdt_20230405.dat.gz"
POLL_S = 0.02

FAST = """
bar_s = 0.25
[learning]
window_bars = 128
"""
"""Settings that make much happen in little time."""


class Running:
    """`tradigrade up` in a process of its own."""

    def __init__(
        self, data_dir: Path, *arguments: str, config: str = FAST, environment: dict[str, str] | None = None
    ) -> None:
        self.data_dir = data_dir
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        file = data_dir.with_suffix(".toml")
        file.write_text(config)
        command = [sys.executable, "-m", "tradigrade", "up", "--config", str(file)]
        command += ["--data-dir", str(data_dir), "--port", "0", "--json", *arguments]
        self.errors = data_dir.with_suffix(".stderr")
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=data_dir.parent,
                start_new_session=True,
                env=os.environ | (environment or {}),
            )

    def status(self) -> dict[str, Any]:
        """What `tradigrade status --json` prints, without starting an interpreter; empty while there is no answer."""
        try:
            return read_status(self.data_dir)
        except (NothingRuns, KernelError):
            return {}

    def facts(self) -> dict[str, Any]:
        """What the launcher wrote down about itself."""
        facts: dict[str, Any] = json.loads((self.data_dir / "run.json").read_text())
        return facts

    def node(self, name: str) -> dict[str, Any]:
        return next((node for node in self.status().get("nodes", ()) if node["name"] == name), {})

    def wait(self, what: str, holds: Callable[[], Any], timeout_s: float = 30.0) -> Any:
        """The first true value of `holds`; fails with `what` and the system's own words when there is none in time."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            if value := holds():
                return value
            if self.process.poll() is not None:
                break
            time.sleep(POLL_S)
        raise AssertionError(f"{what} did not happen within {timeout_s} s:\n{self.errors.read_text()[-3000:]}")

    def wait_serving(self, name: str = "trader", incarnation: int = 1) -> dict[str, Any]:
        """Until a node serves in at least this incarnation."""

        def serves() -> dict[str, Any]:
            node = self.node(name)
            after = incarnation == 1 or node.get("ready_ms") is not None
            return node if node.get("state") == "running" and node["incarnation"] >= incarnation and after else {}

        node: dict[str, Any] = self.wait(f"{name} serving as incarnation {incarnation}", serves)
        return node

    def wait_orders(self, count: int) -> None:
        """Until the journal holds at least `count` orders."""
        self.wait(f"{count} orders", lambda: len(self.intents()) >= count)

    def kill(self, name: str) -> None:
        """SIGKILL to a node, by the pid its launcher tells."""
        os.kill(self.node(name)["pid"], signal.SIGKILL)

    def journal(self) -> list[Record]:
        """Of all its files: it is rotated when it is full, and after a sync that failed."""
        return [record for _, record in read_journal(SystemDisk(), self.data_dir / "account-main.journal")]

    def intents(self) -> list[str]:
        return [record.client_id for record in self.journal() if type(record).__name__ == "OrderIntended"]

    def requests(self) -> list[dict[str, Any]]:
        """The venue's own log of what it was sent."""
        lines = (self.data_dir / "exchange/requests.jsonl").read_text().splitlines()
        return [msgspec.json.decode(line) for line in lines]

    def placed_at_venue(self) -> list[str]:
        """Client order ids of every order request the venue saw, in order, doubles included."""
        placed = [line for line in self.requests() if (line["method"], line["path"]) in PLACING]
        read = ClientIds(client_id_prefix("main")).read
        return [line["params"].get("newClientOrderId") or read(line["params"]["cl_ord_id"]) for line in placed]

    def pids(self) -> list[int]:
        """Of the launcher and of every node that has begun."""
        return [node["pid"] for node in self.status()["nodes"] if node["pid"]] + [self.process.pid]

    def serving_pids(self) -> dict[str, int]:
        """By node, once every node that was asked for serves."""

        def serve() -> dict[str, int]:
            nodes = self.status().get("nodes", ())
            up = nodes and all(node["pid"] and node["state"] == "running" for node in nodes)
            return {node["name"]: node["pid"] for node in nodes} if up else {}

        pids: dict[str, int] = self.wait("every node serving", serve)
        return pids

    def stop(self) -> dict[str, Any]:
        """Ctrl-C, and the summary."""
        self.process.send_signal(signal.SIGINT)
        return self.finish()

    def finish(self, timeout_s: float = 30.0) -> dict[str, Any]:
        """Wait for the end; the summary from stdout."""
        output, _ = self.process.communicate(timeout=timeout_s)
        assert self.process.returncode == 0, self.errors.read_text()[-3000:]
        summary: dict[str, Any] = json.loads(output)
        return summary

    def destroy(self) -> None:
        """Whatever is left is killed: a failed test leaves nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@contextmanager
def running(
    data_dir: Path, *arguments: str, config: str = FAST, environment: dict[str, str] | None = None
) -> Iterator[Running]:
    system = Running(data_dir, *arguments, config=config, environment=environment)
    try:
        yield system
    finally:
        system.destroy()


def run_command(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`tradigrade ARGUMENTS`, to its end."""
    command = [sys.executable, "-m", "tradigrade", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=cwd)


def alive(pid: int) -> bool:
    """True where a process of this id lives; a zombie is dead."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def assert_no_order_lost_or_doubled(system: Running) -> None:
    """Every order sent was intended first, none was sent twice, and every intent was sent or is known not to be."""
    placed, intents = system.placed_at_venue(), system.intents()
    assert len(placed) == len(set(placed)), "an order was sent twice"
    assert set(placed) <= set(intents), "the venue has an order that was never intended"
    if system.process.poll() is None:
        return  # those intended since are on their way
    ended = {record.client_id: record for record in system.journal() if type(record).__name__ == "OrderRejected"}
    unsent = [client_id for client_id in intents if client_id not in set(placed)]
    assert all(ended[client_id].code in ("NEVER_ARRIVED", "NOT_SENT", "VENUE_UNHEALTHY") for client_id in unsent), (
        "an order was lost"
    )
