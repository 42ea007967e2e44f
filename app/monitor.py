"""The launcher's actor: hears every node's reports, answers for the whole, and takes a silent node for dead."""

from typing import Any, Protocol

from msgspec.structs import replace

from .config.run import Run
from .injection import OUTSIDE
from .kernel.actor import Actor
from .kernel.envelope import Reply
from .kernel.signals import Down
from .storage.halt import HaltLatch
from .supervisors.process_table import FORK_SERVERS, Process
from .supervisors.reports import ActorReport, NodeBeat, NodeReport, ProcessReport, SupervisorReport, SystemReport
from .supervisors.supervisor import SUPERVISION
from .supervisors.requests import RestartChild
from .transports.control import Acknowledged, ChaosAsked, Failed, StatusAnswered, StatusAsked, StopAsked

RELAY_TIMEOUT_S = 2.0
"""How long a node may take to acknowledge what is passed on to it."""
PAUSE_S = 1.0
"""A check this late means that the launcher itself stood still."""
CONSOLE = "console/console"
TELL_PERIOD_NS = 1_000_000_000
"""How often the console is told also where nothing changed: it takes who is silent for lost."""
MONITOR = "launcher/monitor"
NODES = "launcher/nodes"
TRADER = "launcher/nodes/trader"


class Processes(Protocol):
    """The launcher's processes: real ones, or those of the simulator."""

    processes: dict[str, Process]

    def kill_process(self, process: Process) -> None: ...

    def reports(self) -> tuple[ProcessReport, ...]: ...


class Injector(Protocol):
    """Puts faults into processes."""

    def is_held(self, name: str) -> bool: ...

    def find_fault(self, asked: ChaosAsked) -> str: ...

    def inject(self, asked: ChaosAsked) -> Acknowledged: ...


class LauncherHost(Protocol):
    """What the monitor stands on."""

    run_settings: Run
    log: Any
    latch: HaltLatch

    @property
    def spawner(self) -> Processes: ...

    @property
    def injector(self) -> Injector: ...

    def root_report(self) -> ActorReport:
        """Of the root supervisor."""

    def stop(self, reason: str) -> None:
        """Stop all nodes in reverse order."""

    def finish(self, reason: str) -> None:
        """All is over."""


class _TickDue:
    pass


class Monitor(Actor):
    """One for the whole system."""

    def __init__(self, host: LauncherHost) -> None:
        self.host = host
        self.reports: dict[str, NodeReport] = {}
        self._heard_ns: dict[str, tuple[int, int]] = {}
        self._counted: dict[str, int] = {}
        self._halt_reason = ""
        self._left_down = False
        """The trader is, and comes back when a person releases the halt that followed."""
        self._told: SystemReport | None = None
        self._told_ns = 0

    def start(self) -> None:
        self._settings = self.host.run_settings.settings.supervision
        self._checked_ns = self.context.system.clock.monotonic_ns()
        self.context.repeat(self._settings.heartbeat_s, _TickDue())
        self.context.subscribe(SUPERVISION)

    def receive(self, message: Any) -> Any:
        match message:
            case NodeBeat(node, incarnation):
                self._heard_ns[node] = (incarnation, self.context.system.clock.monotonic_ns())
            case NodeReport():
                self._hear(message)
            case StatusAsked():
                return StatusAnswered(self.report(), tuple(self.reports.values()), self.host.root_report())
            case ChaosAsked():
                return self._inject(message)
            case StopAsked(reason):
                self.host.stop(reason)
                return Acknowledged()
            case Down(reason=reason):
                self.host.finish(reason)
            case SupervisorReport(kind="left_down", path=path, reason=reason) if path == TRADER:
                self._halt_reason = f"the trader was left down: {reason}"
                self._left_down = True
                self._latch()
            case _TickDue():
                self._latch()
                self._bring_back()
                self._check_silence()
                self._tell_console()

    def _tell_console(self) -> None:
        report, now_ns = self.report(), self.context.system.clock.monotonic_ns()
        if report != self._told or now_ns - self._told_ns >= TELL_PERIOD_NS:
            self._told, self._told_ns = report, now_ns
            self.context.tell(CONSOLE, report, ttl_s=1.0)

    def _latch(self) -> None:
        """Halt where that is due; a disk that refuses is asked again at every tick."""
        if not self._halt_reason:
            return
        try:
            self.host.latch.halt(self._halt_reason, "launcher", self.context.now_ns())
        except OSError as error:
            self.host.log.error("the halt cannot be latched", reason=self._halt_reason, error=str(error))
            return
        self.host.log.error("halted", reason=self._halt_reason)
        self._halt_reason = ""

    def _bring_back(self) -> None:
        """Who releases the halt of a trader that was left down wants it back."""
        if self._left_down and not self._halt_reason and self.host.latch.read() is None:
            self._left_down = False
            self.host.log.warning("the halt was released: the trader is started again")
            self.context.ask(NODES, RestartChild("trader"), RELAY_TIMEOUT_S)

    def report(self) -> SystemReport:
        return SystemReport(self.host.run_settings.started_ns, tuple(map(self._judge, self.host.spawner.reports())))

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
        for name, process in self.host.spawner.processes.items():
            silent_s = self._silent_s(name)
            if silent_s > self._settings.heartbeat_timeout_s and not process.kill_wanted:
                self.host.log.error("silent node killed", name=name, silent_s=round(silent_s, 3))
                process.reason = f"silent for {silent_s:.1f} s"
                self.host.spawner.kill_process(process)

    def _judge(self, report: ProcessReport) -> ProcessReport:
        """A process that runs and is held, or silent for half of the time after which it is lost, is stalled."""
        if report.state != "running":
            return report
        silent_s = self._silent_s(report.name)
        if silent_s > self._settings.heartbeat_timeout_s / 2:
            return replace(report, state="stalled", reason=f"silent for {silent_s:.1f} s")
        if self.host.injector.is_held(report.name):
            return replace(report, state="stalled", reason="stopped on purpose")
        return report

    def _silent_s(self, name: str) -> float:
        """How long a node that runs has said nothing; 0 where nothing is to be heard."""
        process = self.host.spawner.processes[name]
        if name in FORK_SERVERS or process.state != "running":
            return 0.0
        incarnation, heard_ns = self._heard_ns.get(name, (0, 0))
        since_ns = heard_ns if incarnation == process.incarnation else process.started_ns
        return (self.context.system.clock.monotonic_ns() - since_ns) / 1e9

    def _inject(self, asked: ChaosAsked) -> Any:
        """Into a process, or, where it is to fail by itself, into the root supervisor of that node."""
        injector = self.host.injector
        if fault := injector.find_fault(asked):
            return Failed(fault)
        self.host.log.warning("fault asked for", action=asked.action, path=asked.path)
        if asked.action != "crash":
            return injector.inject(asked)
        answer, number = Reply(), self.host.spawner.processes[asked.path].incarnation
        relayed = self.context.ask(f"{asked.path}/{OUTSIDE}", asked, RELAY_TIMEOUT_S)
        relayed.then(lambda done: _resolve(answer, done, number))
        return answer


def _resolve(answer: Reply, done: Reply, incarnation: int) -> None:
    """What the node answered, with the number of its process."""
    if done.error is not None:
        answer.fail(done.error)
    else:
        answer.resolve(replace(done.value, incarnation=incarnation))
