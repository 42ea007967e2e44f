"""What a launcher knows of its processes, real or simulated, and how it hears of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..kernel.actor import Actor
from ..kernel.mailbox import Lane
from ..kernel.signals import KILLED, SHUTDOWN
from .effects import ChildDown, ChildStarted, SpawnChild
from .health import Health
from .reports import ProcessReport, State
from .slot import Slot

FORK_SERVERS = ("forkserver", "spare")
"""Ids of the children that are fork servers: each is forked from the other, so that one is always warm."""


@dataclass
class Process:
    """One incarnation of a child process, as its launcher knows it. Times are monotonic nanoseconds."""

    name: str
    incarnation: int
    restarts: int
    lifeline: Any = None
    """What it speaks with its launcher on: `Lifeline`."""
    pid: int = 0
    state: State = "starting"
    reason: str = ""
    last_reason: str = ""
    """Why the incarnation before this one ended."""
    kill_wanted: bool = False
    up_ns: int = 0
    started_ns: int = 0
    serving_ns: int = 0


class ProcessTable:
    """The newest process of each name. What starts and ends processes inherits this, and says what it heard."""

    def __init__(self) -> None:
        self.processes: dict[str, Process] = {}
        self.down_ns: dict[str, int] = {}
        """When each child last died, on the monotonic clock."""
        self.on_change: Callable[[Process], object] = lambda _: None
        """Called with a `Process` whenever its state changes."""
        self.on_word: Callable[[Process, str, str], object] = lambda *_: None
        """Called with a `Process`, a word and its detail for every word of its lifeline."""

    def discard(self, supervisor: Actor, child: str) -> None:
        """Nothing is kept for a process that ended."""

    def check(self, supervisor: Actor, slot: Slot, health: Health) -> str:
        """Whoever hears the process's own reports knows whether it hangs, and uses `kill_process`."""
        return ""

    def reports(self) -> tuple[ProcessReport, ...]:
        return tuple(self._report(process) for process in self.processes.values())

    def enter(self, start: SpawnChild) -> Process:
        """A process that is about to start."""
        process = self.processes[start.spec.id] = Process(start.spec.id, start.incarnation, start.restarts)
        process.last_reason = start.reason
        return process

    def hear(self, supervisor: Actor, process: Process, word: str, detail: str) -> None:
        """One word of its lifeline."""
        now_ns = supervisor.context.system.clock.monotonic_ns()
        match word:
            case "up":
                process.up_ns = now_ns
                process.pid = int(detail or process.pid)
            case "started":
                process.state, process.started_ns = "running", now_ns
                self._tell(supervisor, ChildStarted(process.name, process.incarnation))
            case "serving":
                process.serving_ns = process.serving_ns or now_ns  # the first time counts
            case "failed":
                process.reason = detail
            case "bye":
                process.reason = process.reason or detail
        self.on_word(process, word, detail)
        self.on_change(process)

    def note_end(self, supervisor: Actor, process: Process) -> None:
        """Its lifeline ended, and it with it."""
        if process.state == "stopping" and not process.reason and not process.kill_wanted:
            process.reason = SHUTDOWN
        process.reason = process.reason or KILLED
        process.state = "stopped"
        self.down_ns[process.name] = supervisor.context.system.clock.monotonic_ns()
        self.on_change(process)
        self._tell(supervisor, ChildDown(process.name, process.incarnation, process.reason))

    def _tell(self, supervisor: Actor, event: ChildStarted | ChildDown) -> None:
        """Ahead of all questions, and never refused, however many of them wait."""
        supervisor.context.system.tell(supervisor.context.path, event, lane=Lane.SUPERVISION)

    def _report(self, process: Process) -> ProcessReport:
        down_ns = self.down_ns.get(process.name)
        return ProcessReport(
            name=process.name,
            pid=process.pid,
            state=process.state,
            restarts=process.restarts,
            incarnation=process.incarnation,
            reason=process.reason or process.last_reason,
            up_ms=_since_ms(down_ns, process.up_ns),
            ready_ms=_since_ms(down_ns, process.serving_ns),
        )


def _since_ms(down_ns: int | None, at_ns: int) -> float | None:
    return round((at_ns - down_ns) / 1e6, 3) if down_ns is not None and at_ns > down_ns else None
