"""One node as a process: its system, its gateway, its ports and its tree, on one thread and one loop."""

import asyncio
import dataclasses
import fcntl
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .capture import CapturedGateway, NodeCapture, begin_capture, captured_ports, tree_entrances
from .config.run import Run, from_json
from .config.topology import LINGERS_S
from .kernel.boundary import CaptureFault
from .kernel.cell import Cell
from .kernel.clock import SystemClock
from .kernel.signals import SHUTDOWN
from .kernel.system import System
from .kernel.tuning import collect, complaints, tune
from .kernel.turns import create_turns
from .logs import CrashLog, configure_logs
from .memory import free_memory, turn_file
from .node_tree import NodeTree
from .ports import node_ports
from .seams import Seams, real_seams
from .supervisors.lifeline import Lifeline, encode_line
from .transports.gateway import Gateway

FULL_COLLECTION_S = 60.0
DEAD_LAUNCHER_EXIT_S = 2.5
"""After the launcher died a node may take this long to end in good order."""


class Node:
    """Lives until its launcher says stop, dies, or its root supervisor gives up."""

    def __init__(self, name: str, run: Run, incarnation: int, lifeline_fd: int) -> None:
        self.name = name
        self.run = run
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        seams = real_seams(self.loop)
        self.log = configure_logs(name, run.data / "logs")
        self.lifeline = Lifeline(self.loop, socket.socket(fileno=lifeline_fd), self._told, self._abandoned)
        self.lifeline.say("up", str(os.getpid()))
        self._lock_fd = _lock(run.data / f"node-{name}.lock")
        self.capture = self._begin_capture(incarnation, seams)
        inner = seams if self.capture is None else self.capture.seams
        self.system = System(name, inner.loop, inner.clock, inner.entropy)
        self.system.on_crash = CrashLog(self.log)
        self.system.ports = {"incarnation": incarnation, "run": run, "disk": seams.disk, "clock": seams.clock}
        self.system.ports |= node_ports(
            name, run, self.loop, dataclasses.replace(seams, disk=inner.disk, nonces=inner.nonces)
        )
        self.system.threads.abandoned_limit = run.settings.supervision.abandoned_threads
        self._mark_turns(incarnation)
        self.tree = NodeTree(self.system, run, self)
        self._connect(f"{name}-{incarnation}")
        self._reason = ""

    def serve(self) -> None:
        """Run to the end."""
        self.gateway.start()
        self._start(None)
        if self.capture is not None:
            self.capture.start()
        self.loop.set_exception_handler(self._loop_failed)
        self._tune()
        self.loop.run_forever()
        self.gateway.close()
        if self.capture is not None:
            self.capture.close()
        self.lifeline.say("bye", self._reason or SHUTDOWN)

    def _mark_turns(self, incarnation: int) -> None:
        """Let the launcher see which actor has the turn, should one never end it."""
        cell = self.system.runtimes["cell"]
        assert isinstance(cell, Cell), "a node in a process has real cells"
        try:
            cell.turns = create_turns(turn_file(self.run, self.name), incarnation)
        except OSError as error:
            self.log.warning("no memory to mark turns in: whoever loops will not be named", error=str(error))

    # -- what comes in ------------------------------------------------------------------------------------------------

    def _begin_capture(self, incarnation: int, seams: Seams) -> NodeCapture | None:
        """None where this node is not captured, or cannot be: then the log says why."""
        self._capture_fault = ""
        try:
            return begin_capture(self.name, self.run, incarnation, seams, self._capture_ended)
        except CaptureFault as fault:
            self._capture_fault = str(fault)
            self.log.warning("not captured", reason=self._capture_fault)
            return None

    def _connect(self, incarnation: str) -> None:
        """Frames, words of the ports and the launcher's own: through the capture, where there is one."""
        folder = Path(self.run.socket_dir)
        if self.capture is None:
            self.gateway = Gateway(self.system, folder, incarnation)
            self._start: Callable[[None], object] = lambda _: self.tree.start()
            self._stop: Callable[[str], object] = self.tree.stop
        else:
            boundary = self.capture.recorder
            self.gateway = CapturedGateway(boundary, self.system, folder, incarnation)
            self._start, self._stop = tree_entrances(boundary, self.tree)
            self.system.ports = captured_ports(boundary, self.system.ports)
        self.system.transport = self.gateway
        if self.capture is not None or self._capture_fault:
            self.system.metrics.gauge("capture_ended", float(bool(self._capture_fault)))

    def _capture_ended(self, reason: str) -> None:
        self.system.metrics.gauge("capture_ended", 1.0)
        self.log.warning("the capture ended", reason=reason)

    # -- the host of the tree -----------------------------------------------------------------------------------------

    def say(self, word: str, detail: str = "") -> None:
        self.lifeline.say(word, detail)

    def serves(self) -> None:
        tune()  # markets are loaded by now: no later collection needs to look at them
        self.lifeline.say("serving")

    def end(self, reason: str) -> None:
        self._reason = reason
        self.loop.stop()

    # -- the process --------------------------------------------------------------------------------------------------

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
        self.system.metrics.observe("full_collection", collect(SystemClock()))
        self.loop.call_later(FULL_COLLECTION_S, self._collect)

    def _loop_failed(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Something outside every actor raised: never in silence."""
        self.system.metrics.count("crashes")
        self.log.error("the loop reports", event_text=context["message"], error=repr(context.get("exception")))

    def _told(self, word: str, detail: str) -> None:
        if word == "stop":
            self._stop(detail)

    def _abandoned(self) -> None:
        self.log.warning("the launcher is gone: stopping")
        free_memory(self.run, self.name)
        self.loop.call_later(DEAD_LAUNCHER_EXIT_S, os._exit, 3)
        self.loop.call_later(LINGERS_S.get(self.name, 0.0), self._stop, "the launcher died")


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
