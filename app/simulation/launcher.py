"""The launcher in the simulator: its monitor and its root supervisor, over simulated processes."""

import json
from typing import TYPE_CHECKING, Any

from ..config.run import Run
from ..config.topology import launcher_tree
from ..kernel.identity import SeededEntropy
from ..kernel.signals import SHUTDOWN
from ..kernel.simulated import SeededCell
from ..kernel.simulation.hosts import NodeLoop
from ..kernel.simulation.ledger import WatchedSystem
from ..monitor import MONITOR, NODES, Monitor
from ..storage.halt import HALT_NAME, HaltLatch
from ..storage.held_back import HELD_BACK_NAME, HeldBack
from ..supervisors.process_table import Process
from ..supervisors.reports import ActorReport
from ..supervisors.supervisor import Supervisor
from .log import NodeLog
from .processes import LIFELINE_S, NoInjector, SimulatedProcesses

if TYPE_CHECKING:
    from .world import World


class SimulatedLauncher:
    """Starts everything when made. `reason` says how it ended, `summary` what the run came to."""

    name = "launcher"

    def __init__(self, world: "World", run: Run) -> None:
        self.run_settings = run
        self.world = world
        self.log = NodeLog(world.lines, self.name)
        self.loop = NodeLoop(world.loop, self._loop_failed)
        self._cell = cell = SeededCell(self.loop, world.draw_seed())
        cell.watch = world.witness.watch(self)
        entropy = SeededEntropy(world.draw_seed())
        runtimes = {"cell": cell, "threads": cell}
        self.system = WatchedSystem(self.name, self.loop, world.host_clock, entropy, runtimes=runtimes)
        world.network.attach(self.system, self.loop)
        self.spawner = SimulatedProcesses(world, self.loop)
        self.spawner.on_change = self._changed
        self.spawner.on_word = self._word
        self.injector = NoInjector()
        disk = world.disk.view(f"launcher-{world.next_pid()}")
        self.latch = HaltLatch(disk, run.data / HALT_NAME)
        self.held_back = HeldBack(disk, run.data / HELD_BACK_NAME)
        self.reason = ""
        self.summary: dict[str, Any] = {}
        self.monitor = Monitor(self)
        self.root = Supervisor(launcher_tree(run), self.spawner)
        self.system.spawn(MONITOR, lambda: self.monitor)
        self.system.spawn(NODES, lambda: self.root, parent=MONITOR)

    @property
    def alive(self) -> bool:
        return self.loop.state != "ended"

    @property
    def born(self) -> list[Any]:
        return self.system.registry.born

    def root_report(self) -> ActorReport:
        return self.root.report()

    def stop(self, reason: str) -> None:
        self.log.info("stopping", reason=reason)
        self.system.stop(NODES, SHUTDOWN)

    def turn(self, node: str) -> None:
        """None: no turn of a simulated actor takes time."""

    def finish(self, reason: str) -> None:
        self.reason = self.reason or reason

    def kill(self) -> None:
        """As SIGKILL does; its nodes notice."""
        self.loop.end()
        self._cell.end()
        self.world.network.detach(self.system)
        for node in self.spawner.nodes.values():
            if node.alive:
                self.world.loop.call_later(LIFELINE_S, lambda node=node: node.loop.run(node.abandoned))  # type: ignore[misc]

    def _loop_failed(self, error: BaseException) -> None:
        self.log.error("the loop reports", error=repr(error))
        self.world.witness.note_stray(error)

    def _changed(self, process: Process) -> None:
        self.log.info("node", name=process.name, state=process.state, pid=process.pid, reason=process.reason)

    def _word(self, _: Process, word: str, detail: str) -> None:
        if word == "summary":
            self.summary = json.loads(detail)
