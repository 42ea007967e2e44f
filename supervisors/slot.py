"""One child as its supervisor's core knows it: what it should be, and what it is."""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from ..kernel.signals import KILLED, SHUTDOWN, is_clean
from .requests import ChildState, ChildStatus
from .spec import ChildSpec, Restart

Phase = Literal["down", "starting", "running", "stopping", "waiting"]

ALIVE: frozenset[Phase] = frozenset({"starting", "running", "stopping"})


@dataclass
class Slot:
    """`wanted` and `bounce` say what it should be, `phase` what it is."""

    spec: ChildSpec
    phase: Phase = "down"
    wanted: bool = True
    bounce: bool = False
    """Alive, and must stop before it starts again: its group restarts."""
    trial: bool = False
    """Somebody asked for this start: where it fails they are told, and nobody tries again."""
    retried: bool = False
    """It waits since a start of it failed, not since it failed itself."""
    added: bool = False
    """Its first start: where it fails the specification is forgotten."""
    incarnation: int = 0
    ticket: int = 0
    """Of the wait that is under way; the end of any other wait means nothing."""
    restarts: int = 0
    restarts_ns: deque[int] = field(default_factory=deque)
    failures: int = 0
    started_ns: int = 0
    reason: str = ""
    fault: str = ""
    """Why it is made to end, where that counts as its own failure."""
    start_askers: list[int] = field(default_factory=list)
    stop_askers: list[int] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        return self.phase in ALIVE

    @property
    def must_stop(self) -> bool:
        return self.phase in ("starting", "running") and (self.bounce or not self.wanted)

    @property
    def must_start(self) -> bool:
        return self.phase == "down" and self.wanted

    @property
    def state(self) -> ChildState:
        match self.phase:
            case "down":
                return "undefined"
            case "waiting":
                return "restarting"
            case "starting":
                return "restarting" if self.restarts and not self.trial else "starting"
            case _:
                return self.phase

    def status(self) -> ChildStatus:
        spec = self.spec
        return ChildStatus(spec.id, self.state, spec.is_supervisor, self.incarnation, self.restarts, self.reason)

    def stopped_as_told(self, reason: str) -> bool:
        """Whether this is how it ends when its supervisor stops it."""
        if self.spec.shutdown_limit_s == 0:
            return reason == KILLED
        return reason == SHUTDOWN or (is_clean(reason) and self.spec.restart != "permanent")


def should_restart(restart: Restart, reason: str) -> bool:
    """OTP's table of reason and restart type."""
    match restart:
        case "permanent":
            return True
        case "transient":
            return not is_clean(reason)
        case "temporary":
            return False
