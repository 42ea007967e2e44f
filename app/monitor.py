"""The launcher's actor: hears every node's reports, answers for the whole, and takes a silent node for dead."""

from typing import Any, Protocol

from msgspec.structs import replace

from .config.run import Run, fingerprint
from .config.topology import WARMING_SILENCE_S, WARMS_UP_S
from .injection import OUTSIDE
from .kernel.actor import Actor
from .kernel.envelope import Reply
from .kernel.signals import Down
from .kernel.turns import Turn
from .silence import SilentKills, TurnWatch
from .storage.halt import HaltLatch
from .storage.held_back import Held, HeldBack
from .supervisors.process_table import FORK_SERVERS, Process
from .supervisors.reports import ActorReport, NodeBeat, NodeReport, ProcessReport, SupervisorReport, SystemReport
from .supervisors.requests import RestartChild, TerminateChild
from .supervisors.supervisor import SUPERVISION
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
    held_back: HeldBack

    def turn(self, node: str) -> Turn | None:
        """Who has the turn in a node; None where that is not to be seen."""

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
        self._turns = TurnWatch()
        self._silent_kills = SilentKills()
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
                self._leave_down(reason)
            case SupervisorReport(kind="start_error", path=path, incarnation=incarnation) if path == TRADER:
                self._blame_for_start(incarnation, message.reason)
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

    def _leave_down(self, reason: str) -> None:
        self._halt_reason = f"the trader was left down: {reason}"
        self._left_down = True
        self._latch()

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
            self._silent_kills.forget()
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
            self._turns.look(name, self.host.turn(name), now_ns)
            if self._silent_s(name) > self._patience_s(process, now_ns) and not process.kill_wanted:
                self._kill_silent(process)

    def _patience_s(self, process: Process, now_ns: int) -> float:
        warming = now_ns - process.started_ns < WARMS_UP_S.get(process.name, 0.0) * 1e9
        return max(self._settings.heartbeat_timeout_s, WARMING_SILENCE_S if warming else 0.0)

    def _kill_silent(self, process: Process) -> None:
        process.reason, stuck = self._why_silent(process), self._stuck(process)
        self.host.log.error("silent node killed", name=process.name, reason=process.reason)
        if process.name == "trader" and not self.host.injector.is_held(process.name):
            self._answer_silence(stuck, process.reason)
        self.host.spawner.kill_process(process)

    def _blame_for_start(self, incarnation: int, reason: str) -> None:
        """A loop while the trader starts ends in its time to start, without a kill of ours."""
        now_ns = self.context.system.clock.monotonic_ns()
        stuck = self._turns.stuck("trader", incarnation, now_ns, self._settings.heartbeat_timeout_s / 3)
        if stuck:
            words = f"{reason}: {stuck} does not end its turn"
            self.host.log.error("a node did not start", name="trader", reason=words)
            self._answer_silence(stuck, words)

    def _answer_silence(self, stuck: str, reason: str) -> None:
        """A strategy that loops again and again is held back, and the trader left down where that is no remedy."""
        match self._silent_kills.note(stuck, self.context.system.clock.monotonic_ns()):
            case "hold_back":
                self._hold_back(stuck)
            case "leave_down":
                self.context.ask(NODES, TerminateChild("trader"), RELAY_TIMEOUT_S)
                self._leave_down(f"{reason}, again and again")

    def _hold_back(self, path: str) -> None:
        """From the next trader on; a disk that refuses is asked again when it loops the next time."""
        times, settings = self._silent_kills.times(path), fingerprint(self.host.run_settings.settings)
        reason = f"did not end its turn, {times} times within 10 min"
        try:
            self.host.held_back.add(Held(path, reason, times, self.context.now_ns(), settings))
        except OSError as error:
            self.host.log.error("a strategy cannot be held back", path=path, reason=reason, error=str(error))
        else:
            self.host.log.error("strategy held back", path=path, reason=reason)

    def _stuck(self, process: Process) -> str:
        """Whose turn does not end; one that was stopped on purpose is not to blame, nor is one hardly seen."""
        if self.host.injector.is_held(process.name):
            return ""
        now_ns = self.context.system.clock.monotonic_ns()
        return self._turns.stuck(process.name, process.incarnation, now_ns, self._settings.heartbeat_timeout_s / 3)

    def _why_silent(self, process: Process) -> str:
        words, stuck = f"silent for {self._silent_s(process.name):.1f} s", self._stuck(process)
        return f"{words}: {stuck} does not end its turn" if stuck else words

    def _judge(self, report: ProcessReport) -> ProcessReport:
        """A process that runs and is held, or silent for half of the time after which it is lost, is stalled."""
        if report.state != "running":
            return report
        if self._silent_s(report.name) > self._settings.heartbeat_timeout_s / 2:
            return replace(report, state="stalled", reason=self._why_silent(self.host.spawner.processes[report.name]))
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
