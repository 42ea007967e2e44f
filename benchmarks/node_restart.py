"""From `kill -9` of the trader of a running system to its process up again, and to trading again, reconciled."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tradigrade.status import NothingRuns, read_status

from .measure import Result, result, summarise

NAMES = ("node.restart.up", "node.restart.trading")
KILLS = 10
REFERENCE = "a fresh interpreter importing ccxt.pro, zmq and numpy"
REFERENCE_CODE = "import ccxt.pro, zmq, numpy"
REFERENCE_RUNS = 3
POLL_S = 0.05
TIMEOUT_S = 30.0
SETTLE_S = 1.5
"""A node that lived for a second starts over with an immediate restart: its back-off is not measured here."""


def run() -> Iterator[Result]:
    """The times are the launcher's own: from when it heard of the death."""
    reference = summarise([time_import() for _ in range(REFERENCE_RUNS)])
    with running() as data_dir:
        nodes = [kill_trader(data_dir, incarnation) for incarnation in range(1, KILLS + 1)]
    for name, key in zip(NAMES, ("up_ms", "ready_ms"), strict=True):
        line = result(name, summarise([node[key] * 1e6 for node in nodes]), REFERENCE, reference)
        del line["per_s"]  # kills are far apart
        yield line


def time_import() -> int:
    """The ns from the start to the end of the interpreter."""
    start_ns = time.perf_counter_ns()
    subprocess.run([sys.executable, "-c", REFERENCE_CODE], check=True)
    return time.perf_counter_ns() - start_ns


@contextmanager
def running() -> Iterator[Path]:
    """`tradigrade up` in a data directory of its own, trading."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tradigrade", "up", "--data-dir", folder, "--port", "0", "--json"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=folder) as process:
            try:
                wait(f"trading in {folder}", lambda: ask(Path(folder)).get("rung") == "NORMAL")
                yield Path(folder)
            finally:
                stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """In order where it will; its nodes end with their launcher in any case."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()


def kill_trader(data_dir: Path, incarnation: int) -> dict[str, Any]:
    """Kill this incarnation of the trader once it has settled; what the launcher tells of the next one."""
    time.sleep(SETTLE_S)
    os.kill(read_trader(data_dir)["pid"], signal.SIGKILL)

    def trades_again() -> dict[str, Any]:
        node = read_trader(data_dir)
        serves = node.get("incarnation") == incarnation + 1 and node["state"] == "running"
        return node if serves and node["ready_ms"] is not None else {}

    node: dict[str, Any] = wait(f"the trader as incarnation {incarnation + 1}", trades_again)
    return node


def read_trader(data_dir: Path) -> dict[str, Any]:
    return next((node for node in ask(data_dir).get("nodes", ()) if node["name"] == "trader"), {})


def ask(data_dir: Path) -> dict[str, Any]:
    """The status; empty while there is no answer."""
    try:
        return read_status(data_dir)
    except (NothingRuns, OSError):
        return {}


def wait(what: str, holds: Callable[[], Any]) -> Any:
    """The first true value of `holds`; TimeoutError where there is none in time."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline_s:
        if value := holds():
            return value
        time.sleep(POLL_S)
    raise TimeoutError(f"expected {what} within {TIMEOUT_S} s, and it did not happen")
