"""One node as a process: its system, its gateway, its ports and its tree, on one thread and one loop."""

import asyncio
import fcntl
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from .config.run import Run, from_json
from .config.topology import LINGERS_S
from .kernel.signals import SHUTDOWN
from .kernel.system import System
from .kernel.tuning import collect, complaints, tune
from .logs import configure_logs
from .node_tree import NodeTree
from .ports import node_ports
from .seams import real_seams
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
        self.system = System(name, seams.loop, seams.clock, seams.entropy)
        self.system.ports = {"incarnation": incarnation, "run": run, **node_ports(name, run, self.loop, seams)}
        self.system.threads.abandoned_limit = run.settings.supervision.abandoned_threads
        self.gateway = Gateway(self.system, Path(run.socket_dir), f"{name}-{incarnation}")
        self.system.transport = self.gateway
        self.tree = NodeTree(self.system, run, self)
        self._lock_fd = _lock(run.data / f"node-{name}.lock")
        self._reason = ""

    def serve(self) -> None:
        """Run to the end."""
        self.gateway.start()
        self.tree.start()
        self.loop.set_exception_handler(self._loop_failed)
        self._tune()
        self.loop.run_forever()
        self.gateway.close()
        self.lifeline.say("bye", self._reason or SHUTDOWN)

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
        self.system.metrics.observe("full_collection", collect(self.system.clock))
        self.loop.call_later(FULL_COLLECTION_S, self._collect)

    def _loop_failed(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Something outside every actor raised: never in silence."""
        self.system.metrics.count("crashes")
        self.log.error("the loop reports", event_text=context["message"], error=repr(context.get("exception")))

    def _told(self, word: str, detail: str) -> None:
        if word == "stop":
            self.tree.stop(detail)

    def _abandoned(self) -> None:
        self.log.warning("the launcher is gone: stopping")
        self.loop.call_later(DEAD_LAUNCHER_EXIT_S, os._exit, 3)
        self.loop.call_later(LINGERS_S.get(self.name, 0.0), self.tree.stop, "the launcher died")


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
