"""The simulated runtime: no threads, a virtual clock, and a seed that decides who takes the next turn.

The same seed gives the same run, in any process.
"""

import random
from collections.abc import Callable
from typing import Any

from .actor import Actor
from .birth import Birth
from .cell import Cell, CellActor
from .clock import ManualClock
from .envelope import Envelope
from .identity import SeededEntropy
from .incarnation import Incarnation
from .loop import Loop, VirtualLoop
from .system import System, Transport


class SimulatedActor(CellActor):
    """Takes its turns when the seed says so. It stands in for threads too, so it may declare that it blocks."""

    may_block = True
    share = 1
    _cell: "SeededCell"

    def _process(self, envelope: Envelope, actor: Actor) -> None:
        if self._cell.watch is not None:
            self._cell.watch(self, envelope.message)
        super()._process(envelope, actor)


class SeededCell(Cell):
    """A run queue in an order drawn from the seed: every order that threads could show can come up."""

    def __init__(self, loop: Loop, seed: int) -> None:
        super().__init__(loop)
        self._random = random.Random(seed)  # noqa: S311 - reproducible on purpose
        self._waiting: list[CellActor] = []
        self.watch: Callable[[Incarnation, Any], object] | None = None
        """Sees every message just before it is handled."""

    def create(self, system: System, birth: Birth) -> Incarnation:
        return SimulatedActor(system, birth, self)

    def wake(self, actor: CellActor) -> None:
        self._waiting.append(actor)
        self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """One turn for each wake; whose it is does not depend on who was woken."""
        waiting = self._waiting
        if len(waiting) > 1:
            chosen = int(self._random.random() * len(waiting))
            waiting[chosen], waiting[-1] = waiting[-1], waiting[chosen]
        waiting.pop().turn()


class SimulatedSystem(System):
    """A node whose time moves only in `advance`. Whatever the configuration places elsewhere is simulated too."""

    def __init__(self, node: str = "node", seed: int = 1, transport: Transport | None = None) -> None:
        self.virtual = VirtualLoop(ManualClock())
        cell = SeededCell(self.virtual, seed)
        runtimes = {"cell": cell, "threads": cell}
        super().__init__(node, self.virtual, self.virtual.clock, SeededEntropy(seed), transport, runtimes=runtimes)

    def run(self) -> None:
        """Until nobody has anything to do at this instant."""
        self.virtual.run()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.virtual.advance(seconds)
