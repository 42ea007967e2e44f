"""The launcher's processes in the simulator: each node a simulated one, forked and heard of as real ones are."""

from typing import TYPE_CHECKING, Any

from ..config.run import from_json
from ..injection import find_fault
from ..kernel.actor import Actor
from ..supervisors.effects import SpawnChild
from ..supervisors.process_table import FORK_SERVERS, Process, ProcessTable
from ..transports.control import Acknowledged, ChaosAsked
from .node import SimulatedNode

if TYPE_CHECKING:
    from .world import World

FORK_S = 0.012
WARM_S = 0.3
LIFELINE_S = 0.0002


class SimulatedProcesses(ProcessTable):
    """A `Spawner` for the launcher's supervisor."""

    def __init__(self, world: "World", launcher: Any) -> None:
        super().__init__()
        self._world = world
        self._loop = launcher
        self.nodes: dict[str, SimulatedNode] = {}

    def start(self, supervisor: Actor, start: SpawnChild) -> None:
        process = self.enter(start)
        if process.name in FORK_SERVERS:
            self._loop.call_later(WARM_S, lambda: self._warm(supervisor, process))
        else:
            self._loop.call_later(FORK_S, lambda: self._fork(supervisor, process, start))

    def stop(self, supervisor: Actor, child: str, reason: str) -> None:
        process = self.processes[child]
        process.state = "stopping"
        self.on_change(process)
        node = self.nodes.get(child)
        if node is None or child in FORK_SERVERS:
            self._loop.call_later(LIFELINE_S, lambda: self.note_end(supervisor, process))
        else:
            self._loop.shared.call_later(LIFELINE_S, lambda: node.told("stop", reason))

    def kill(self, supervisor: Actor, child: str) -> None:
        process = self.processes[child]
        if child in FORK_SERVERS or not process.pid:
            process.kill_wanted = True
            self._loop.call_later(LIFELINE_S, lambda: self.note_end(supervisor, process))
        else:
            self.kill_process(process)

    def kill_process(self, process: Process) -> None:
        process.kill_wanted = True
        node = self.nodes.get(process.name)
        if node is not None and process.state != "stopped":
            node.kill()

    def _warm(self, supervisor: Actor, process: Process) -> None:
        process.pid = self._world.next_pid()
        for word in ("up", "serving", "started"):
            self.hear(supervisor, process, word, str(process.pid))

    def _fork(self, supervisor: Actor, process: Process, start: SpawnChild) -> None:
        def said(word: str, detail: str) -> None:
            self._loop.call_later(LIFELINE_S, lambda: self.hear(supervisor, process, word, detail))

        def ended() -> None:
            self._loop.call_later(LIFELINE_S, lambda: self.note_end(supervisor, process))

        if process.kill_wanted or process.state == "stopped":
            return
        process.pid = self._world.next_pid()
        run = from_json(str(start.spec.settings["run"]))
        node = self._world.boot(process.name, run, start.incarnation, said, ended)
        self.nodes[process.name] = node
        node.say("up", str(process.pid))
        node.loop.call_soon(node.tree.start)


class NoInjector:
    """Faults come from the schedule here, not from a person's questions."""

    def is_held(self, name: str) -> bool:
        return False

    def find_fault(self, asked: ChaosAsked) -> str:
        return find_fault(asked) or "the simulator takes its faults from a schedule"

    def inject(self, asked: ChaosAsked) -> Acknowledged:
        raise AssertionError("never reached: find_fault refuses everything")
