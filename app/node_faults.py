"""Faults of what a whole node stands on: its disk and its clock. Each ends by itself."""

from typing import Any

from .kernel.faulty import FaultyDisk, OffsetClock
from .kernel.system import System
from .transports.control import Acknowledged, ChaosAsked, Failed

NODE_ACTIONS = ("disk-full", "disk-slow", "sync-fails", "clock")
NODE_FAULT_S = 5.0
"""How long one lasts where that is not said."""


class NodeFaults:
    """Puts them into one node. A new fault takes the place of an earlier one of its kind."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._current: dict[str, ChaosAsked] = {}

    def inject(self, asked: ChaosAsked) -> Acknowledged | Failed:
        """Do what was found to be without fault in itself."""
        disk, clock = self._stands_on()
        if not isinstance(disk, FaultyDisk) or not isinstance(clock, OffsetClock):
            return Failed(f"{self._system.node} has no disk and no clock that could be made to fail")
        self._current[asked.action] = asked
        done = Acknowledged(int(self._system.ports.get("incarnation", 1)), self._system.clock.monotonic_ns())
        _switch(disk, clock, asked)
        self._system.call_later(lasting_s(asked), lambda: self._end(disk, clock, asked))
        return done

    def heal(self) -> None:
        """End all that last."""
        disk, clock = self._stands_on()
        for asked in tuple(self._current.values()):
            self._end(disk, clock, asked)

    def _stands_on(self) -> tuple[Any, Any]:
        """The node's disk and clock themselves: what reads them may be wrapped."""
        ports = self._system.ports
        return ports.get("disk"), ports.get("clock", self._system.clock)

    def _end(self, disk: Any, clock: Any, asked: ChaosAsked) -> None:
        if self._current.get(asked.action) is asked:
            del self._current[asked.action]
            _switch(disk, clock, asked, on=False)


def lasting_s(asked: ChaosAsked) -> float:
    return NODE_FAULT_S if asked.for_s is None else asked.for_s


def _switch(disk: FaultyDisk, clock: OffsetClock, asked: ChaosAsked, *, on: bool = True) -> None:
    match asked.action:
        case "disk-full":
            disk.full = on
        case "sync-fails":
            disk.sync_fails = on
        case "disk-slow":
            disk.slow_s = asked.by_s if on else 0.0
        case "clock":
            clock.set_wrong(round(asked.by_s * 1e9) if on else 0)
