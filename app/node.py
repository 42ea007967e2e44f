"""One node: a process with its system, its gateway, its ports and its tree, on one thread and one loop."""

import asyncio
import fcntl
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import msgspec

from .config.run import Run, from_json
from .config.topology import DRAINS, LINGERS_S, SERVING_TOPIC, node_tree
from .injection import OUTSIDE, inject_into_actor
from .kernel.actor import Actor
from .kernel.clock import SystemClock
from .kernel.identity import SystemEntropy
from .kernel.mailbox import Lane
from .kernel.signals import SHUTDOWN, Down, Started
from .kernel.system import System
from .kernel.threads import ABANDONED, ThreadsAbandoned
from .kernel.tuning import collect, complaints, tune
from .logs import configure_logs
from .ports import node_ports
from .supervisors.actors import ActorSpawner, check_tree
from .supervisors.lifeline import Lifeline, encode_line
from .supervisors.reports import SupervisorReport
from .supervisors.supervisor import SUPERVISION, Supervisor
from .trading.tally import Drain
from .transports.control import Acknowledged, ChaosAsked, Failed
from .transports.gateway import Gateway

FULL_COLLECTION_S = 60.0
DRAIN_TIMEOUT_S = 3.5
DEAD_LAUNCHER_EXIT_S = 2.5
"""After the launcher died a node may take this long to end in good order."""
GRAVE = ("gave_up", "left_down", "start_error")


class Node:
    """Lives until its launcher says stop, dies, or its root supervisor gives up."""

    def __init__(self, name: str, run: Run, incarnation: int, lifeline_fd: int) -> None:
        self.name = name
        self.run = run
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        clock, entropy = SystemClock(), SystemEntropy()
        self.log = configure_logs(name, run.data / "logs")
        self.lifeline = Lifeline(self.loop, socket.socket(fileno=lifeline_fd), self._told, self._abandoned)
        self.lifeline.say("up", str(os.getpid()))
        self.system = System(name, self.loop, clock, entropy)
        self.system.ports = {
            "incarnation": incarnation,
            "run": run,
            **node_ports(name, run, self.loop, clock, entropy),
        }
        self.system.threads.abandoned_limit = run.settings.supervision.abandoned_threads
        self.gateway = Gateway(self.system, Path(run.socket_dir), f"{name}-{incarnation}")
        self.system.transport = self.gateway
        self._lock_fd = _lock(run.data / f"node-{name}.lock")
        self._reason = ""
        self._stopping = False

    def serve(self) -> None:
        """Run to the end."""
        self.gateway.start()
        self.system.spawn(f"{self.name}/{OUTSIDE}", lambda: _Outside(self))
        root = node_tree(self.name, self.run)
        check_tree(root)
        spawner = ActorSpawner()
        outside = f"{self.name}/{OUTSIDE}"
        self.system.spawn(self.name, lambda: Supervisor(root, spawner), parent=outside)
        self.loop.set_exception_handler(self._loop_failed)
        self._tune()
        self.loop.run_forever()
        self.gateway.close()
        self.lifeline.say("bye", self._reason or SHUTDOWN)

    def _tune(self) -> None:
        """Keep the interpreter free for the cell; what does not hold is told, in the log and in the metrics."""
        tune()
        found = complaints()
        for complaint in found:
            self.log.error("not tuned", complaint=complaint)
        self.system.metrics.gauge("settings_not_tuned", len(found))
        self.loop.call_later(FULL_COLLECTION_S, self._collect)

    def _collect(self) -> None:
        """A full collection between two messages: none comes by itself."""
        self.system.metrics.observe("full_collection", collect(self.system.clock))
        self.loop.call_later(FULL_COLLECTION_S, self._collect)

    def stop(self, reason: str) -> None:
        """Come to rest, then stop everything, then end."""
        if self._stopping:
            return
        self._stopping = True
        self.log.info("stopping", reason=reason)
        drain_path = DRAINS.get(self.name)
        if drain_path is None or drain_path not in self.system.actors:
            self._stop_tree()
            return
        order = Drain(self.run.settings.on_stop)  # ahead of queued work: a slow reader must not hold the end up
        reply = self.system.ask(drain_path, order, DRAIN_TIMEOUT_S, lane=Lane.SUPERVISION)
        reply.then(lambda done: self._drained(done.value))

    def end(self, reason: str) -> None:
        """The tree is gone."""
        self._reason = reason
        self.loop.stop()

    def _drained(self, summary: Any) -> None:
        if summary is not None:
            self.lifeline.say("summary", msgspec.json.encode(summary).decode())
        self._stop_tree()

    def _stop_tree(self) -> None:
        self.system.stop(self.name, SHUTDOWN)

    def _loop_failed(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Something outside every actor raised: never in silence."""
        self.system.metrics.count("crashes")
        self.log.error("the loop reports", event_text=context["message"], error=repr(context.get("exception")))

    def _told(self, word: str, detail: str) -> None:
        if word == "stop":
            self.stop(detail)

    def _abandoned(self) -> None:
        self.log.warning("the launcher is gone: stopping")
        self.loop.call_later(DEAD_LAUNCHER_EXIT_S, os._exit, 3)
        self.loop.call_later(LINGERS_S.get(self.name, 0.0), self.stop, "the launcher died")


class NodeRuns(Exception):
    """Another process is this node already."""


def _lock(path: Path) -> int:
    """One process a node: the kernel gives the lock back when its holder dies, however it dies."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise NodeRuns(f"another process holds {path}: this node runs already") from error
    return fd


class _Outside(Actor):
    """Parent of the root supervisor: tells the launcher what becomes of it."""

    def __init__(self, node: Node) -> None:
        self.node = node

    def start(self) -> None:
        self._serves_by_topic = SERVING_TOPIC.get(self.node.name)
        if self._serves_by_topic is not None:
            self.context.subscribe(self._serves_by_topic)
        self.context.subscribe(SUPERVISION)
        self.context.subscribe(ABANDONED)

    def receive(self, message: Any) -> Any:
        lifeline = self.node.lifeline
        match message:
            case Started():
                lifeline.say("started")
                if self._serves_by_topic is None:
                    lifeline.say("serving")
            case Down(reason=reason):
                if reason != SHUTDOWN:
                    self.node.log.error("the node's tree ended", reason=reason)
                    lifeline.say("failed", reason)
                self.node.end(reason)
            case SupervisorReport():
                self._log(message)
            case ThreadsAbandoned(count, limit):
                lifeline.say("failed", f"{count} threads that cannot be stopped, at most {limit} are borne")
                self.node.stop("only a new process frees its threads")
            case ChaosAsked():
                return self._inject(message)
            case _:
                tune()  # markets are loaded by now: no later collection needs to look at them
                lifeline.say("serving")

    def _inject(self, asked: ChaosAsked) -> Acknowledged | Failed:
        answer = inject_into_actor(self.context.system, asked)
        self.node.log.warning("fault asked for", action=asked.action, path=asked.path, answer=type(answer).__name__)
        return answer

    def _log(self, report: SupervisorReport) -> None:
        log = self.node.log
        tell = log.debug if report.kind == "progress" else log.error if report.kind in GRAVE else log.warning
        tell(report.kind, child=report.path, reason=report.reason, delay_s=report.delay_s)


def main(lifeline_fd: int, argument: dict[str, Any]) -> None:
    """The whole life of a node process. It stops when the other end of its lifeline says so, or is gone: signals to a
    whole group of processes are for the launcher, which stops nodes in order."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o077)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a strategy prints is no part of the launcher's output
    if sys.platform != "win32":
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    try:
        Node(argument["name"], from_json(argument["run"]), argument["incarnation"], lifeline_fd).serve()
    except BaseException as error:
        with socket.socket(fileno=os.dup(lifeline_fd)) as lifeline:
            lifeline.sendall(encode_line("failed", f"{type(error).__name__}: {error}"))
        raise
