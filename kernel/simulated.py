"""The simulated runtime: no threads, a virtual clock, and a seed that decides who takes the next turn.

The same seed gives the same run, in any process.
"""

import random
from collections.abc import Callable
from typing import Any

from .birth import Birth
from .cell import BATCH, Cell, CellActor
from .clock import ManualClock
from .identity import SeededEntropy
from .incarnation import Incarnation
from .loop import Loop, VirtualLoop
from .system import System, Transport


class SimulatedActor(CellActor):
    """Takes its turns when the seed says so. It stands in for threads too, so it may declare that it blocks."""

    may_block = True
    _cell: "SeededCell"

    def turn(self) -> None:
        """One message."""
        self._queued = False
        actor, mailbox = self._actor, self.mailbox
        if actor is None or self.ended or self.held or (envelope := mailbox.get() or mailbox.get_idle()) is None:
            return
        if self._door:
            self._admit()
        if (watch := self._cell.watch) is not None:
            watch(self, envelope.message)
        self._process(envelope, actor)
        if not self._queued and (mailbox.user or mailbox.control or mailbox.idle):
            self._queue()

    def _await_idleness(self) -> None:
        """Whether others are idle is up to the seed."""
        if not self._queued:
            self._queue()


class SeededCell(Cell):
    """A run queue in an order drawn from the seed: every order that threads could show can come up."""

    def __init__(self, loop: Loop, seed: int) -> None:
        super().__init__(loop)
        self._draw = random.Random(seed).random  # noqa: S311 - reproducible on purpose
        self._waiting: list[CellActor] = []
        self.watch: Callable[[Incarnation, Any], object] | None = None
        """Sees every message just before it is handled."""

    def create(self, system: System, birth: Birth) -> Incarnation:
        return SimulatedActor(system, birth, self)

    def wake(self, actor: CellActor) -> None:
        self._waiting.append(actor)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._run)

    def end(self) -> None:
        """In the middle of a turn: no other follows it."""
        self._waiting.clear()

    def _run(self) -> None:
        waiting = self._waiting
        try:
            for _ in range(BATCH):
                if len(waiting) > 1:
                    chosen = int(self._draw() * len(waiting))
                    waiting[chosen], waiting[-1] = waiting[-1], waiting[chosen]
                elif not waiting:
                    return
                waiting.pop().turn()
        finally:  # as in a cell: whatever a turn raises, the others have theirs
            self._scheduled = bool(waiting)
            if waiting:
                self._loop.call_soon(self._run)


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
