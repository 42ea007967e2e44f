"""Children that are processes of this host: forked from the warm fork server, or fresh interpreters without it."""

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
from dataclasses import dataclass, field
from typing import Any

from ..kernel.actor import Actor
from .effects import SpawnChild
from .forkserver import HEADER, send_request
from .lifeline import Lifeline
from .process_table import FORK_SERVERS, Process, ProcessTable

ATTEMPTS = 3
"""To have a process forked: a fork server that dies with a request is no failure of who was to start."""
FORK_TIMEOUT_S = 1.0
"""A fork takes milliseconds: a fork server that owes one for this long hangs, and the other takes its place."""
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER, <linux/prctl.h>


@dataclass
class _Channel:
    """The control connection to a fork server, and who waits for its answers, in order."""

    control: socket.socket
    warm: bool = False
    """It has said its first word: its imports are done."""
    waiting: list[Process] = field(default_factory=list)


class ProcessSpawner(ProcessTable):
    """Starts and ends processes for one supervisor, on the loop of the launcher.

    `target` is the dotted path of `main(lifeline_fd, argument)` in a new process; `preload` are the modules the fork
    server imports. A process counts as started when it says so.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, target: str, preload: tuple[str, ...]) -> None:
        super().__init__()
        self._loop = loop
        self._target = target
        self._preload = preload
        self._channels: dict[str, _Channel] = {}
        """To the fork servers that are warm."""
        self._controls: dict[str, _Channel] = {}
        adopt_orphans(loop)

    def close(self) -> None:
        """Let go of the loop's signals, before it closes: a child that ends while it does would find it half closed."""
        self._loop.remove_signal_handler(signal.SIGCHLD)

    def start(self, supervisor: Actor, start: SpawnChild) -> None:
        process = self.enter(start)
        if start.spec.id in FORK_SERVERS:
            self._start_fork_server(supervisor, process)
        else:
            argument = {**start.spec.settings, "name": start.spec.id, "incarnation": start.incarnation}
            self._start_node(supervisor, process, argument)

    def stop(self, supervisor: Actor, child: str, reason: str) -> None:
        process = self.processes[child]
        process.state = "stopping"
        self.on_change(process)
        if child in FORK_SERVERS:
            self._hang_up(child)
            self._signal_kill(process)  # it holds nothing; one that is stopped would never see that its control is gone
        elif process.lifeline is not None:
            process.lifeline.say("stop", reason)

    def kill(self, supervisor: Actor, child: str) -> None:
        """SIGKILL; the end is heard on the lifeline."""
        self.kill_process(self.processes[child])

    def kill_process(self, process: Process) -> None:
        """As `kill`; harmless where it has ended already."""
        process.kill_wanted = True
        self._signal_kill(process)

    def _signal_kill(self, process: Process) -> None:
        if process.pid and process.state != "stopped":
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

    def _start_node(self, supervisor: Actor, process: Process, argument: dict[str, Any], attempt: int = 1) -> None:
        def close() -> None:
            lost = not process.pid and not process.reason and not process.kill_wanted
            if lost and process.state == "starting" and attempt < ATTEMPTS:
                self._start_node(supervisor, process, argument, attempt + 1)  # its fork server died with the request
            else:
                self.note_end(supervisor, process)

        ours, lifeline = socket.socketpair()
        process.lifeline = Lifeline(
            self._loop, ours, lambda word, detail: self.hear(supervisor, process, word, detail), close
        )
        if self._fork(process, self._target, argument, lifeline):
            return
        module, _, function = self._target.partition(":")
        code = f"import json, sys; from {module} import {function} as f; f(int(sys.argv[1]), json.loads(sys.argv[2]))"
        try:
            process.pid = _spawn(["-c", code, str(lifeline.fileno()), json.dumps(argument)], lifeline)
        except OSError:
            process.lifeline.close()  # nobody is at its other end: only the error speaks
            raise

    def _fork(self, process: Process, target: str, argument: dict[str, Any], end: socket.socket) -> bool:
        """Ask a warm fork server for the process; False where none is to be had."""
        for name, channel in list(self._channels.items()):
            try:
                send_request(channel.control, target, argument, end)
            except OSError:
                self._hang_up(name)
                continue
            channel.waiting.append(process)
            end.close()
            self._loop.call_later(FORK_TIMEOUT_S, self._check_forked, process)
            return True
        return False

    def _start_fork_server(self, supervisor: Actor, process: Process) -> None:
        """Its control channel serves as its lifeline."""
        ours, theirs = socket.socketpair()
        channel = self._controls[process.name] = _Channel(ours)
        if not self._fork(process, f"{__package__}.forkserver:continue_serving", {}, theirs):
            modules = ",".join(self._preload)
            process.pid = _spawn(["-m", f"{__package__}.forkserver", str(theirs.fileno()), modules], theirs)
        self._loop.add_reader(ours.fileno(), lambda: self._fork_server_said(supervisor, process, channel))

    def _fork_server_said(self, supervisor: Actor, process: Process, channel: _Channel) -> None:
        try:
            answer = channel.control.recv(HEADER.size)
        except OSError:
            answer = b""
        if len(answer) < HEADER.size:
            self._loop.remove_reader(channel.control.fileno())
            channel.control.close()
            if self._channels.get(process.name) is channel:
                del self._channels[process.name]
            if self._controls.get(process.name) is channel:
                del self._controls[process.name]
            self.note_end(supervisor, process)
        elif not channel.warm:
            channel.warm = True
            (pid,) = HEADER.unpack(answer)
            process.pid = pid
            if process.state == "starting":
                self._channels[process.name] = channel
            if process.kill_wanted:
                self.kill_process(process)
            for word in ("up", "serving", "started") if process.state == "starting" else ():
                self.hear(supervisor, process, word, str(pid))
        else:
            node = channel.waiting.pop(0)
            (node.pid,) = HEADER.unpack(answer)
            if node.kill_wanted:
                os.kill(node.pid, signal.SIGKILL)

    def _hang_up(self, name: str) -> None:
        """A fork server ends when its control channel does, also one that is not warm yet."""
        self._channels.pop(name, None)
        if (channel := self._controls.pop(name, None)) is not None:
            with contextlib.suppress(OSError):
                channel.control.shutdown(socket.SHUT_RDWR)

    def _check_forked(self, process: Process) -> None:
        if not process.pid and process.state != "stopped":
            self._kill_fork_server_of(process)

    def _kill_fork_server_of(self, process: Process) -> None:
        """It hangs, and owes a process: with it goes what it holds of that process, which another one forks then."""
        for name, channel in list(self._channels.items()):
            if process in channel.waiting:
                self._signal_kill(self.processes[name])
                self._hang_up(name)


def _spawn(arguments: list[str], inherited: socket.socket) -> int:
    """A fresh interpreter that inherits exactly one more file descriptor."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONSAFEPATH": "1"}
    with inherited:
        os.set_inheritable(inherited.fileno(), True)
        # In a session of their own, signals of the terminal reach only the launcher, which stops everything in order.
        return os.posix_spawn(sys.executable, [sys.executable, *arguments], environment, setsid=True)


def adopt_orphans(loop: asyncio.AbstractEventLoop) -> None:
    """Nodes whose fork server died become our children (Linux), and every child that ends is reaped."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(SUBREAPER, 1, 0, 0, 0)
    loop.add_signal_handler(signal.SIGCHLD, _reap)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
