"""A node without threads, sockets or waiting, and an actor that does what it is told."""

from collections.abc import Callable
from typing import Any

from tradigrade.kernel.actor import Actor
from tradigrade.kernel.cell import CellActor
from tradigrade.kernel.clock import ManualClock
from tradigrade.kernel.identity import SeededEntropy
from tradigrade.kernel.loop import VirtualLoop
from tradigrade.kernel.system import System, Transport


class VirtualSystem(System):
    """A node whose time moves only in `advance`."""

    def __init__(self, node: str = "node", transport: Transport | None = None) -> None:
        self.virtual = VirtualLoop(ManualClock())
        super().__init__(node, self.virtual, self.virtual.clock, SeededEntropy(1), transport)

    def run(self) -> None:
        self.virtual.run()

    def advance(self, seconds: float) -> None:
        self.virtual.advance(seconds)

    def place(self, path: str, actor: Actor | None = None, *, parent: str = "") -> "Puppet":
        """An actor at `path`, a puppet where none is given, started."""
        made = actor or Puppet()
        self.spawn(path, lambda: made, parent=parent)
        self.run()
        return made  # type: ignore[return-value]  # the given actor is returned as it is

    def incarnation(self, path: str) -> CellActor:
        return self.actors[path]


class Puppet(Actor):
    """Answers and notes every message; a message that is a function is called with the actor instead."""

    def __init__(self, log: list[Any] | None = None) -> None:
        self.log: list[Any] = [] if log is None else log

    def receive(self, message: Any) -> Any:
        if isinstance(message, Callable):  # type: ignore[arg-type]
            return message(self)
        self.log.append(message)
        return message

    def stop(self, reason: str) -> None:
        self.log.append(f"stopped: {reason}")


def fail(_: object = None) -> Any:
    """Told to a puppet, it crashes."""
    raise RuntimeError("boom")
