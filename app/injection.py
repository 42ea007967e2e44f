"""Faults put in on purpose: into an actor of this node, or into a process of this launcher.

What a whole node stands on is in `node_faults.py`.
"""

import contextlib
import os
import signal

from .kernel.incarnation import Incarnation
from .kernel.system import System
from .node_faults import NODE_ACTIONS
from .supervisors.process_table import FORK_SERVERS, Process
from .supervisors.processes import ProcessSpawner
from .supervisors.supervisor import Supervisor
from .transports.control import Acknowledged, ChaosAsked, Failed

OUTSIDE = "outside"
"""Name of the actor of a node that speaks with the launcher."""
REASON = "injected: asked for"
FOR_S_MAX = 86_400.0
BY_S_MAX = 60.0
CLOCK_BY_S_MAX = 86_400.0
LASTING = ("hang", "slow", *NODE_ACTIONS)
"""Actions that last for a time, and are over then."""
PROCESS_SLOW_S = 5.0
"""How long a process is slow where that is not said."""


def find_fault(asked: ChaosAsked) -> str:
    """What is wrong with the request itself; empty where nothing is."""
    if asked.for_s is not None and not 0 < asked.for_s <= FOR_S_MAX:
        return f"--for: expected more than 0 and at most {FOR_S_MAX:g} seconds, found {asked.for_s:g}"
    if asked.for_s is not None and asked.action not in LASTING:
        return f"--for: expected only with {', '.join(LASTING)}, found with {asked.action}"
    if asked.action == "clock":
        return _clock_fault(asked)
    if not 0 < asked.by_s <= BY_S_MAX:
        return f"--by: expected more than 0 and at most {BY_S_MAX:g} seconds, found {asked.by_s:g}"
    if fault := _node_action_fault(asked):
        return fault
    return ""


def _clock_fault(asked: ChaosAsked) -> str:
    if not 0 < abs(asked.by_s) <= CLOCK_BY_S_MAX:
        return f"--by: expected at most {CLOCK_BY_S_MAX:g} seconds either way and not 0, found {asked.by_s:g}"
    return _node_action_fault(asked)


def _node_action_fault(asked: ChaosAsked) -> str:
    """Disk and clock are a whole node's."""
    node, _, actor = asked.path.partition("/")
    if asked.action not in NODE_ACTIONS or not actor:
        return ""
    return f"{asked.path} is an actor, without disk and clock of its own: expected a node; {asked.action} {node}"


def supervisor_fault(asked: ChaosAsked) -> str:
    """Why a supervisor is no target of this action; empty where it is one."""
    if asked.action in ("kill", "crash", "heal"):
        return ""
    return (
        f"{asked.path} is a supervisor, which only passes signals on and is watched by nobody: "
        f"expected an actor or a node to {asked.action}; choose one of its children, or kill or crash it"
    )


def fork_server_fault(asked: ChaosAsked) -> str:
    """Why a fork server is no target of this action; empty where it is one."""
    if asked.action in ("kill", "hang", "heal"):
        return ""
    return f"{asked.path} is a fork server, which holds no actors: expected a node to {asked.action}; kill or hang it"


def outside_fault(path: str) -> str:
    """Why a node's own end of its lifeline is no target of anything; empty for all other paths."""
    node, _, actor = path.partition("/")
    if actor != OUTSIDE:
        return ""
    return f"{path} is the node's own end of its lifeline: expected another actor, or {node} itself"


# -- actors -----------------------------------------------------------------------------------------------------------


def inject_into_actor(system: System, asked: ChaosAsked) -> Acknowledged | Failed:
    """Do it to who lives at the path now; the next incarnation is as it should be."""
    actor = system.actors.get(asked.path)
    if fault := find_fault(asked):
        return Failed(fault)
    if fault := outside_fault(asked.path):
        return Failed(fault)
    if actor is None:
        return Failed(f"nobody lives at {asked.path!r} now")
    if isinstance(actor.behaviour, Supervisor) and (fault := supervisor_fault(asked)):
        return Failed(fault)
    done = Acknowledged(actor.incarnation, system.clock.monotonic_ns())
    _apply(actor, asked)
    if asked.for_s is not None:
        system.call_later(asked.for_s, lambda: release(actor))
    return done


def _apply(actor: Incarnation, asked: ChaosAsked) -> None:
    match asked.action:
        case "kill":
            actor.kill()
        case "crash":
            actor.crash(REASON)
        case "hang":
            actor.hold()
        case "slow":
            actor.delay_s = asked.by_s
        case "heal":
            release(actor)


def release(actor: Incarnation) -> None:
    """It is neither held nor slow any more."""
    actor.delay_s = 0.0
    actor.resume()


# -- processes --------------------------------------------------------------------------------------------------------


class ProcessInjector:
    """Kills, stops and continues the processes of one spawner. A new fault takes the place of the one before."""

    def __init__(self, system: System, spawner: ProcessSpawner) -> None:
        self._system = system
        self._spawner = spawner
        self._stopped: dict[str, Process] = {}
        self._current: dict[str, ChaosAsked] = {}

    def is_held(self, name: str) -> bool:
        """Whether it is made to hang, and still the same process."""
        asked = self._current.get(name)
        return asked is not None and asked.action == "hang" and self._stopped.get(name) is self._process(name)

    def find_fault(self, asked: ChaosAsked) -> str:
        """Why this cannot be done now; empty where it can."""
        return find_fault(asked) or self._process_fault(asked, self._process(asked.path))

    def inject(self, asked: ChaosAsked) -> Acknowledged:
        """Do what has no fault. A `crash` is the node's own affair."""
        process = self._spawner.processes[asked.path]
        self._current[asked.path] = asked
        done = Acknowledged(process.incarnation, self._system.clock.monotonic_ns())
        match asked.action:
            case "kill":
                self._spawner.kill_process(process)
            case "hang":
                self._stop(process)
                if asked.for_s is not None:
                    self._system.call_later(asked.for_s, lambda: self._continue(process, asked))
            case "heal":
                self._continue(process, asked)
            case "slow":
                end_s = PROCESS_SLOW_S if asked.for_s is None else asked.for_s
                self._alternate(process, asked, done.at_ns + round(end_s * 1e9))
        return done

    def _process(self, name: str) -> Process | None:
        return self._spawner.processes.get(name)

    def _process_fault(self, asked: ChaosAsked, process: Process | None) -> str:
        if process is None:
            return f"there is no process {asked.path!r}: expected one of {', '.join(self._spawner.processes)}"
        if asked.path in FORK_SERVERS and (fault := fork_server_fault(asked)):
            return fault
        if process.state != "running" or not process.pid:
            return f"{asked.path} is {process.state}: expected a process that runs; wait until it does"
        return ""

    def _alternate(self, process: Process, asked: ChaosAsked, end_ns: int) -> None:
        """Stopped for `by_s`, then running for as long, until the end or another fault."""
        if self._current.get(process.name) is not asked or process.state != "running":
            return
        if process.name in self._stopped:
            self._continue(process, asked)
        elif self._system.clock.monotonic_ns() < end_ns:
            self._stop(process)
        else:
            return
        self._system.call_later(asked.by_s, lambda: self._alternate(process, asked, end_ns))

    def _stop(self, process: Process) -> None:
        self._stopped[process.name] = process
        _signal(process, signal.SIGSTOP)

    def _continue(self, process: Process, asked: ChaosAsked) -> None:
        if self._current.get(process.name) is asked:
            self._stopped.pop(process.name, None)
            _signal(process, signal.SIGCONT)


def _signal(process: Process, number: signal.Signals) -> None:
    """Nothing happens where it has ended."""
    if process.state not in ("stopped", "failed"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)
