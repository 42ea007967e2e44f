"""What is the same of a node in a process and in the simulator: its tree, who speaks for it, how it comes to rest."""

from typing import Any, Protocol

import msgspec

from .config.placement import hold_back
from .config.run import Run
from .config.topology import DRAINS, SERVING_TOPIC, VALUES, node_tree
from .injection import OUTSIDE, find_fault, inject_into_actor, release
from .kernel.actor import Actor
from .kernel.envelope import Reply
from .kernel.mailbox import Lane
from .kernel.signals import SHUTDOWN, Down, Started
from .kernel.system import System
from .kernel.threads import ABANDONED, ThreadsAbandoned
from .node_faults import NODE_ACTIONS, NodeFaults
from .storage.halt import HaltLatch
from .storage.held_back import HeldBack
from .supervisors.actors import ActorSpawner, check_tree
from .supervisors.reports import SupervisorReport
from .supervisors.supervisor import SUPERVISION, Supervisor
from .trading.halting import halt_on
from .trading.tally import Drain, Summary, Value
from .transports.control import Acknowledged, ChaosAsked, Failed

DRAIN_TIMEOUT_S = 3.5
DRAIN_RETRY_S = 0.1
VALUE_TIMEOUT_S = 0.3
HALT_RETRY_S = 1.0
GRAVE = ("gave_up", "left_down", "start_error")


class Host(Protocol):
    """What a node's tree stands on: a process, or a simulated one."""

    log: Any
    """A structlog logger."""

    def say(self, word: str, detail: str = "") -> None:
        """To the launcher, on the lifeline."""

    def serves(self) -> None:
        """The node does what it is for from now on."""

    def end(self, reason: str) -> None:
        """The tree is gone, and the node ends."""


class NodeTree:
    """One node's root supervisor and the actor that speaks with the launcher."""

    def __init__(self, system: System, run: Run, host: Host) -> None:
        self.system = system
        self.run = run
        self.host = host
        self._stopping = False

    def start(self) -> None:
        """Raises `SpecFault` before anything starts where the tree cannot be right."""
        node = self.system.node
        outside = f"{node}/{OUTSIDE}"
        self.system.spawn(outside, lambda: Outside(self))
        root = hold_back(node_tree(node, self.run), self._held_back())
        check_tree(root)
        spawner = ActorSpawner()
        self.system.spawn(node, lambda: Supervisor(root, spawner), parent=outside)

    def _held_back(self) -> dict[str, str]:
        """Who is not started, and why."""
        file: HeldBack | None = self.system.ports.get("held_back")
        return {} if file is None else {path: held.reason for path, held in file.read().items()}

    def stop(self, reason: str) -> None:
        """Come to rest, then stop everything, then end; once."""
        if self._stopping:
            return
        self._stopping = True
        self.host.log.info("stopping", reason=reason)
        drain_path = DRAINS.get(self.system.node)
        if drain_path is None or drain_path not in self.system.actors:
            self._stop_tree()
            return
        self._drain(drain_path, self.system.clock.monotonic_ns() + round(DRAIN_TIMEOUT_S * 1e9))

    def _drain(self, path: str, until_ns: int) -> None:
        """Whoever restarts meanwhile is asked again."""
        left_s = (until_ns - self.system.clock.monotonic_ns()) / 1e9
        order = Drain(self.run.settings.on_stop)  # ahead of queued work: a slow reader must not hold the end up
        reply = self.system.ask(path, order, max(left_s, 0.0), lane=Lane.SUPERVISION)
        reply.then(lambda done: self._drained(done, path, until_ns))

    def _drained(self, done: Reply, path: str, until_ns: int) -> None:
        again_ns = self.system.clock.monotonic_ns() + round(DRAIN_RETRY_S * 1e9)
        if done.value is None and again_ns < until_ns:
            self.system.call_later(DRAIN_RETRY_S, lambda: self._drain(path, until_ns))
        else:
            self._value(done.value)

    def _value(self, summary: Summary | None) -> None:
        """It is at rest, or out of time; what it is worth is worth a moment."""
        if summary is None:
            self._stop_tree()
            return
        asked = self.system.ask(VALUES[self.system.node], Value(summary), VALUE_TIMEOUT_S, lane=Lane.SUPERVISION)
        asked.then(lambda done: self._tell(done.value or summary))

    def _tell(self, summary: Summary) -> None:
        self.host.say("summary", msgspec.json.encode(summary).decode())
        self._stop_tree()

    def _stop_tree(self) -> None:
        self.system.stop(self.system.node, SHUTDOWN)


class _HaltDue(msgspec.Struct, frozen=True):
    """The disk refused the latch before."""

    reason: str


class Outside(Actor):
    """Parent of the root supervisor: tells the launcher what becomes of it."""

    def __init__(self, tree: NodeTree) -> None:
        self.tree = tree
        self.host = tree.host

    def start(self) -> None:
        self._faults = NodeFaults(self.context.system)
        self._serves_by_topic = SERVING_TOPIC.get(self.context.system.node)
        if self._serves_by_topic is not None:
            self.context.subscribe(self._serves_by_topic)
        self.context.subscribe(SUPERVISION)
        self.context.subscribe(ABANDONED)

    def receive(self, message: Any) -> Any:
        match message:
            case Started():
                self.host.say("started")
                if self._serves_by_topic is None:
                    self.host.say("serving")
            case Down(reason=reason):
                if reason != SHUTDOWN:
                    self.host.log.error("the node's tree ended", reason=reason)
                    self.host.say("failed", reason)
                self.host.end(reason)
            case SupervisorReport():
                self._log(message)
            case ThreadsAbandoned(count, limit):
                self.host.say("failed", f"{count} threads that cannot be stopped, at most {limit} are borne")
                self.tree.stop("only a new process frees its threads")
            case _HaltDue(reason):
                self._halt(reason)
            case ChaosAsked():
                return self._inject(message)
            case _:
                self.host.serves()

    def _inject(self, asked: ChaosAsked) -> Acknowledged | Failed:
        answer = self._do(asked)
        self.host.log.warning("fault asked for", action=asked.action, path=asked.path, answer=type(answer).__name__)
        return answer

    def _do(self, asked: ChaosAsked) -> Acknowledged | Failed:
        system = self.context.system
        if asked.path != system.node or asked.action not in (*NODE_ACTIONS, "heal"):
            return inject_into_actor(system, asked)
        if fault := find_fault(asked):
            return Failed(fault)
        if asked.action != "heal":
            return self._faults.inject(asked)
        self._faults.heal()
        for actor in tuple(system.actors.values()):
            if actor.held or actor.delay_s:
                release(actor)
        return Acknowledged(int(system.ports.get("incarnation", 1)), system.clock.monotonic_ns())

    def _log(self, report: SupervisorReport) -> None:
        log = self.host.log
        tell = log.debug if report.kind == "progress" else log.error if report.kind in GRAVE else log.warning
        tell(report.kind, child=report.path, reason=report.reason, delay_s=report.delay_s)
        if reason := halt_on(report):
            self._halt(reason)

    def _halt(self, reason: str) -> None:
        """Risk or executor will not be back: the latch says so to the guard and to whoever comes after them.
        A disk that refuses is asked again every second."""
        latch: HaltLatch = self.context.ports["halt"]
        try:
            latch.halt(reason, "supervision", self.context.now_ns())
        except OSError as error:
            self.host.log.error("the halt cannot be latched", reason=reason, error=str(error))
            self.context.schedule(HALT_RETRY_S, _HaltDue(reason))
        else:
            self.host.log.error("halted", reason=reason, not_written=latch.fault)
