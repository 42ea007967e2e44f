"""The launcher: root supervisor over processes, and the one who answers for the whole. It holds no trading code."""

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .config.run import Run
from .config.topology import launcher_tree
from .injection import ProcessInjector
from .kernel.clock import SystemClock
from .kernel.disk import SystemDisk
from .kernel.identity import SystemEntropy
from .kernel.signals import SHUTDOWN
from .kernel.system import System
from .kernel.turns import Turn, read_turn
from .logs import configure_logs
from .memory import turn_file
from .monitor import MONITOR, NODES, Monitor
from .storage.halt import HALT_NAME, HaltLatch
from .storage.held_back import HELD_BACK_NAME, HeldBack
from .supervisors.process_table import Process
from .supervisors.processes import ProcessSpawner
from .supervisors.reports import ActorReport
from .supervisors.supervisor import Supervisor
from .transports.gateway import Gateway

PRELOAD = (
    "ccxt.pro.binance",
    "aiohttp.web",
    "cryptography.x509",
    "numpy",
    "prometheus_client",
    "safetensors.numpy",
    "structlog",
    "uvloop",
    "zmq",
    "tradigrade.node",
    "tradigrade.ports",
    "tradigrade.actors.executor",
    "tradigrade.actors.feed",
    "tradigrade.actors.guard",
    "tradigrade.actors.journal_keeper",
    "tradigrade.actors.learning_link",
    "tradigrade.actors.portfolio",
    "tradigrade.actors.reporter",
    "tradigrade.actors.strategy_runner",
    "tradigrade.actors.venue_host",
    "tradigrade.exchanges.ccxt_venue",
    "tradigrade.exchanges.binance.protocol",
    "tradigrade.exchanges.guard_session",
    "tradigrade.exchanges.loopback",
    "tradigrade.exchanges.streams",
    "tradigrade.storage.account_journal",
    "tradigrade.storage.halt",
    "tradigrade.storage.lease",
    "tradigrade.storage.state_files",
    "tradigrade.web.console",
)
"""What every node is warm with. Never torch: only the learner may hold it."""

STOP_LIMIT_S = 12.0


class Launcher:
    """Runs all nodes on the current event loop until told to stop; then `summary` holds what the run came to."""

    def __init__(self, run: Run, on_event: Callable[[str, Process], object]) -> None:
        self.run_settings = run
        self.loop = asyncio.get_running_loop()
        self.finished: asyncio.Future[str] = self.loop.create_future()
        self.console_open = asyncio.Event()
        self.log = configure_logs("launcher", run.data / "logs")
        self.system = System("launcher", self.loop, SystemClock(), SystemEntropy())
        self.gateway = Gateway(self.system, Path(run.socket_dir), run.run_id)
        self.system.transport = self.gateway
        self.spawner = ProcessSpawner(self.loop, "tradigrade.node:main", PRELOAD)
        self.spawner.on_change = self._changed
        self.spawner.on_word = self._word
        self.injector = ProcessInjector(self.system, self.spawner)
        self.latch = HaltLatch(SystemDisk(), run.data / HALT_NAME)
        self.held_back = HeldBack(SystemDisk(), run.data / HELD_BACK_NAME)
        self.monitor = Monitor(self)
        self.summary: dict[str, Any] = {}
        self._on_event = on_event
        self._states: dict[str, str] = {}

    def start(self) -> None:
        self.gateway.start()
        self.system.spawn(MONITOR, lambda: self.monitor)
        self.root = Supervisor(launcher_tree(self.run_settings), self.spawner)
        self.system.spawn(NODES, lambda: self.root, parent=MONITOR)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.loop.add_signal_handler(number, self.stop, signal.Signals(number).name)

    def stop(self, reason: str) -> None:
        """Stop all nodes in reverse order; whatever still lives after `STOP_LIMIT_S` is killed."""
        self.log.info("stopping", reason=reason)
        self.system.stop(NODES, SHUTDOWN)
        self.loop.call_later(STOP_LIMIT_S, self._give_up_stopping)

    def close(self) -> None:
        self.gateway.close()
        self.spawner.close()

    def finish(self, reason: str) -> None:
        if not self.finished.done():
            self.finished.set_result(reason)

    def turn(self, node: str) -> Turn | None:
        return read_turn(turn_file(self.run_settings, node))

    def root_report(self) -> ActorReport:
        return self.root.report()

    def _changed(self, process: Process) -> None:
        if self._states.get(process.name) != process.state:
            self._states[process.name] = process.state
            self.log.info(
                "node",
                name=process.name,
                state=process.state,
                node_pid=process.pid,
                incarnation=process.incarnation,
                reason=process.reason,
            )
            self._on_event(process.state, process)
            if (process.name, process.state) == ("console", "running"):
                self.console_open.set()

    def _word(self, _: Process, word: str, detail: str) -> None:
        if word == "summary":
            self.summary = json.loads(detail)

    def _give_up_stopping(self) -> None:
        for process in self.spawner.processes.values():
            self.spawner.kill_process(process)
