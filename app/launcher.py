"""The launcher: root supervisor over processes, and the one who answers for the whole. It holds no trading code."""

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .config.run import Run
from .config.topology import launcher_tree
from .kernel.actor import Actor
from .kernel.clock import SystemClock
from .kernel.identity import SystemEntropy
from .kernel.signals import SHUTDOWN, Down
from .kernel.system import System
from .logs import configure_logs
from .supervisors.effects import End
from .supervisors.processes import FORK_SERVERS, Process, ProcessSpawner
from .supervisors.reports import NodeReport, SystemReport
from .supervisors.supervisor import Supervisor
from .transports.control import Acknowledged, StatusAnswered, StatusAsked, StopAsked
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
    "tradigrade.actors.journal_keeper",
    "tradigrade.actors.learning_link",
    "tradigrade.actors.portfolio",
    "tradigrade.actors.reporter",
    "tradigrade.actors.strategy_runner",
    "tradigrade.actors.venue_host",
    "tradigrade.exchanges.ccxt_venue",
    "tradigrade.exchanges.binance.streams",
    "tradigrade.exchanges.loopback",
    "tradigrade.storage.account_journal",
    "tradigrade.storage.lease",
    "tradigrade.storage.state_files",
    "tradigrade.web.console",
)
"""What every node is warm with. Never torch: only the learner may hold it."""

STOP_LIMIT_S = 12.0
PAUSE_S = 1.0
"""A check this late means that the launcher itself stood still."""


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
        self.monitor = Monitor(self)
        self.summary: dict[str, Any] = {}
        self._on_event = on_event
        self._states: dict[str, str] = {}

    def start(self) -> None:
        self.gateway.start()
        self.system.spawn("launcher/monitor", lambda: self.monitor)
        tree = launcher_tree(self.run_settings)
        parent = "launcher/monitor"
        self.system.spawn("launcher/nodes", lambda: Supervisor(tree, self.spawner), parent=parent)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.loop.add_signal_handler(number, self.stop, signal.Signals(number).name)

    def stop(self, reason: str) -> None:
        """Stop all nodes in reverse order; whatever still lives after `STOP_LIMIT_S` is killed."""
        self.log.info("stopping", reason=reason)
        self.system.tell("launcher/nodes", End(SHUTDOWN))
        self.loop.call_later(STOP_LIMIT_S, self._give_up_stopping)

    def close(self) -> None:
        self.gateway.close()
        self.spawner.close()

    def finish(self, reason: str) -> None:
        if not self.finished.done():
            self.finished.set_result(reason)

    def report(self) -> SystemReport:
        return SystemReport(self.run_settings.started_ns, self.spawner.reports())

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


class _TickDue:
    pass


class Monitor(Actor):
    """Hears every node's reports, answers for the whole, and takes a silent node for dead."""

    def __init__(self, launcher: Launcher) -> None:
        self.launcher = launcher
        self.reports: dict[str, NodeReport] = {}
        self._heard_ns: dict[str, tuple[int, int]] = {}
        self._counted: dict[str, int] = {}

    def start(self) -> None:
        self._settings = self.launcher.run_settings.settings.supervision
        self._checked_ns = self.context.system.clock.monotonic_ns()
        self.context.repeat(self._settings.heartbeat_s, _TickDue())

    def receive(self, message: Any) -> Any:
        match message:
            case NodeReport():
                self._hear(message)
            case StatusAsked():
                return StatusAnswered(self.launcher.report(), tuple(self.reports.values()))
            case StopAsked(reason):
                self.launcher.stop(reason)
                return Acknowledged()
            case Down(reason=reason):
                self.launcher.finish(reason)
            case _TickDue():
                self._check_silence()
                self.context.tell("console/console", self.launcher.report(), ttl_s=1.0)

    def counted(self, name: str) -> int:
        """A counter over all nodes and all their incarnations."""
        return self._counted.get(name, 0) + sum(report.counters.get(name, 0) for report in self.reports.values())

    def _hear(self, report: NodeReport) -> None:
        before = self.reports.get(report.node)
        if before is not None and before.incarnation != report.incarnation:
            for name, value in before.counters.items():
                self._counted[name] = self._counted.get(name, 0) + value
        self.reports[report.node] = report
        self._heard_ns[report.node] = (report.incarnation, self.context.system.clock.monotonic_ns())

    def _check_silence(self) -> None:
        """A node that runs and says nothing is killed: its supervisor then replaces it. After a pause of our own (a
        stopped terminal, a sleeping host) nobody is to blame, and all get their time again."""
        now_ns = self.context.system.clock.monotonic_ns()
        late_s, self._checked_ns = (now_ns - self._checked_ns) / 1e9, now_ns
        if late_s > PAUSE_S:
            self._heard_ns = {name: (incarnation, now_ns) for name, (incarnation, _) in self._heard_ns.items()}
            return
        for name, process in self.launcher.spawner.processes.items():
            incarnation, heard_ns = self._heard_ns.get(name, (0, 0))
            since_ns = heard_ns if incarnation == process.incarnation else process.started_ns
            silent_s = (now_ns - since_ns) / 1e9
            watched = name not in FORK_SERVERS and process.state == "running" and not process.kill_wanted
            if watched and silent_s > self._settings.heartbeat_timeout_s:
                self.launcher.log.error("silent node killed", name=name, silent_s=round(silent_s, 3))
                process.reason = f"silent for {silent_s:.1f} s"
                self.launcher.spawner.kill_process(process)
