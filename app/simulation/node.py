"""One node as a simulated process: the real tree on a loop that can be stopped, and ended in the middle of anything."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..config.run import Run
from ..config.topology import LINGERS_S
from ..kernel.identity import SeededEntropy
from ..kernel.signals import SHUTDOWN
from ..kernel.simulated import SeededCell
from ..kernel.simulation.hosts import NodeLoop
from ..kernel.simulation.ledger import WatchedSystem
from ..node_tree import NodeTree
from .log import NodeLog
from .ports import simulated_ports

if TYPE_CHECKING:
    from .world import World

DEAD_LAUNCHER_EXIT_S = 2.5
"""As a process's: after the launcher died a node may take this long to end in good order."""


class ProcessEnded(BaseException):
    """Unwinds a turn in whose middle its process was killed."""


class SimulatedNode:
    """Alive from its making until `kill` or its own end; `said` hears its lifeline, `ended` that it is gone."""

    def __init__(
        self,
        world: "World",
        name: str,
        run: Run,
        incarnation: int,
        said: Callable[[str, str], object] = lambda *_: None,
        ended: Callable[[], object] = lambda: None,
    ) -> None:
        self.world = world
        self.name = name
        self.owner = f"{name}-{incarnation}-{world.next_pid()}"
        """Its process, as the disk knows it."""
        self._said = said
        self._ended = ended
        self.loop = NodeLoop(world.loop, self._loop_failed)
        self._cell = cell = SeededCell(self.loop, world.draw_seed())
        cell.watch = world.witness.watch(self)
        self.system = WatchedSystem(
            name,
            self.loop,
            world.host_clock,
            SeededEntropy(world.draw_seed()),
            runtimes={"cell": cell, "threads": cell},
        )
        self.system.faults = world.fault_points
        self.disk = world.disk.view(self.owner)
        self.closers: list[Callable[[], object]] = []
        """What the host does when the process is gone: its connections are closed."""
        self.log = NodeLog(world.lines, name)
        self.system.ports = {"incarnation": incarnation, "run": run, **simulated_ports(self, run)}
        world.network.attach(self.system, self.loop)
        self.tree = NodeTree(self.system, run, self)

    @property
    def was_stopped(self) -> bool:
        """Its timers may be late for what it stood still."""
        return self.loop.stopped_ns > self.world.clock.monotonic_ns() - 10_000_000_000

    @property
    def alive(self) -> bool:
        return self.loop.state != "ended"

    @property
    def born(self) -> list[Any]:
        """Every incarnation of every actor there was in it."""
        return self.system.registry.born

    # -- the host of the tree -----------------------------------------------------------------------------------------

    def say(self, word: str, detail: str = "") -> None:
        if self.alive:
            self._said(word, detail)

    def serves(self) -> None:
        self.say("serving")

    def end(self, reason: str) -> None:
        self.say("bye", reason or SHUTDOWN)
        self.kill()

    def _loop_failed(self, error: BaseException) -> None:
        """Something outside every actor raised: never in silence."""
        if isinstance(error, ProcessEnded):
            return
        self.system.metrics.count("crashes")
        self.log.error("the loop reports", error=repr(error))
        self.world.witness.note_stray(error)

    # -- what happens to it -------------------------------------------------------------------------------------------

    def told(self, word: str, detail: str) -> None:
        """By its launcher, on the lifeline."""
        if word == "stop":
            self.loop.run(lambda: self.tree.stop(detail))

    def abandoned(self) -> None:
        """Its launcher is gone."""
        self.log.warning("the launcher is gone: stopping")
        self.loop.call_later(DEAD_LAUNCHER_EXIT_S, self.kill)
        self.loop.call_later(LINGERS_S.get(self.name, 0.0), lambda: self.tree.stop("the launcher died"))

    def kill(self) -> None:
        """As SIGKILL does: nothing of it runs any more, and the host takes back what it held. In the middle of one of
        its own turns, raise `ProcessEnded` after it."""
        if not self.alive:
            return
        self.loop.end()
        self._cell.end()
        self.world.network.detach(self.system)
        self.world.disk.kill(self.owner)
        for close in self.closers:
            close()
        self.world.forget(self)
        self._ended()
