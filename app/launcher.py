"""The launcher: root supervisor over processes, and the one who answers for the whole. It holds no trading code."""

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from .config.run import Run
from .config.topology import launcher_tree
from .injection import OUTSIDE, ProcessInjector
from .kernel.actor import Actor
from .kernel.clock import SystemClock
from .kernel.envelope import Reply
from .kernel.identity import SystemEntropy
from .kernel.signals import SHUTDOWN, Down
from .kernel.system import System
from .logs import configure_logs
from .supervisors.processes import FORK_SERVERS, Process, ProcessSpawner
from .supervisors.reports import NodeReport, ProcessReport, SystemReport
from .supervisors.supervisor import Supervisor
from .transports.control import Acknowledged, ChaosAsked, Failed, StatusAnswered, StatusAsked, StopAsked
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
RELAY_TIMEOUT_S = 2.0
"""How long a node may take to acknowledge what is passed on to it."""
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
        self.injector = ProcessInjector(self.system, self.spawner)
        self.monitor = Monitor(self)
        self.summary: dict[str, Any] = {}
        self._on_event = on_event
        self._states: dict[str, str] = {}

    def start(self) -> None:
        self.gateway.start()
        self.system.spawn("launcher/monitor", lambda: self.monitor)
        tree = launcher_tree(self.run_settings)
        parent = "launcher/monitor"
        self.root = Supervisor(tree, self.spawner)
        self.system.spawn("launcher/nodes", lambda: self.root, parent=parent)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.loop.add_signal_handler(number, self.stop, signal.Signals(number).name)

    def stop(self, reason: str) -> None:
        """Stop all nodes in reverse order; whatever still lives after `STOP_LIMIT_S` is killed."""
        self.log.info("stopping", reason=reason)
        self.system.stop("launcher/nodes", SHUTDOWN)
        self.loop.call_later(STOP_LIMIT_S, self._give_up_stopping)

    def close(self) -> None:
        self.gateway.close()
        self.spawner.close()

    def finish(self, reason: str) -> None:
        if not self.finished.done():
            self.finished.set_result(reason)

    def report(self) -> SystemReport:
        return SystemReport(self.run_settings.started_ns, tuple(map(self.monitor.judge, self.spawner.reports())))

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
                reports = tuple(self.reports.values())
                return StatusAnswered(self.launcher.report(), reports, self.launcher.root.report())
            case ChaosAsked():
                return self._inject(message)
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
            silent_s = self._silent_s(name)
            if silent_s > self._settings.heartbeat_timeout_s and not process.kill_wanted:
                self.launcher.log.error("silent node killed", name=name, silent_s=round(silent_s, 3))
                process.reason = f"silent for {silent_s:.1f} s"
                self.launcher.spawner.kill_process(process)

    def judge(self, report: ProcessReport) -> ProcessReport:
        """A process that runs and is held, or silent for half of the time after which it is lost, is stalled."""
        if report.state != "running":
            return report
        silent_s = self._silent_s(report.name)
        if silent_s > self._settings.heartbeat_timeout_s / 2:
            return replace(report, state="stalled", reason=f"silent for {silent_s:.1f} s")
        if self.launcher.injector.is_held(report.name):
            return replace(report, state="stalled", reason="stopped on purpose")
        return report

    def _silent_s(self, name: str) -> float:
        """How long a node that runs has said nothing; 0 where nothing is to be heard."""
        process = self.launcher.spawner.processes[name]
        if name in FORK_SERVERS or process.state != "running":
            return 0.0
        incarnation, heard_ns = self._heard_ns.get(name, (0, 0))
        since_ns = heard_ns if incarnation == process.incarnation else process.started_ns
        return (self.context.system.clock.monotonic_ns() - since_ns) / 1e9

    def _inject(self, asked: ChaosAsked) -> Any:
        """Into a process, or, where it is to fail by itself, into the root supervisor of that node."""
        injector = self.launcher.injector
        if fault := injector.find_fault(asked):
            return Failed(fault)
        self.launcher.log.warning("fault asked for", action=asked.action, path=asked.path)
        if asked.action != "crash":
            return injector.inject(asked)
        answer, number = Reply(), self.launcher.spawner.processes[asked.path].incarnation
        relayed = self.context.ask(f"{asked.path}/{OUTSIDE}", asked, RELAY_TIMEOUT_S)
        relayed.then(lambda done: _resolve(answer, done, number))
        return answer


def _resolve(answer: Reply, done: Reply, incarnation: int) -> None:
    """What the node answered, with the number of its process."""
    if done.error is not None:
        answer.fail(done.error)
    else:
        answer.resolve(replace(done.value, incarnation=incarnation))
