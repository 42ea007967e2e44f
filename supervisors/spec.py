"""What a supervisor is told about its children: data, validated before anything starts (`validation.py`)."""

from math import inf
from typing import Any, Literal

import msgspec

from .backoff import Backoff

Strategy = Literal["one_for_one", "one_for_all", "rest_for_one"]
Restart = Literal["permanent", "transient", "temporary"]
AutoShutdown = Literal["never", "any_significant", "all_significant"]
Exhausted = Literal["escalate", "leave"]

WORKER_SHUTDOWN_S = 5.0
WORKER_START_S = 30.0


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many restarts of one child are borne within `period_s`, beside what its supervisor bears.

    One more, and `exhausted` says what follows: the supervisor gives up (`escalate`), or the child is left down and
    the others go on (`leave`, for children nobody depends on).
    """

    intensity: int
    period_s: float
    exhausted: Exhausted = "escalate"


class ChildSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One child: an actor and its settings, or a supervisor with children of its own, or one of many instances."""

    id: str
    actor: str = ""
    """Dotted path of an actor class, `module:Class`."""
    settings: dict[str, Any] = {}
    """Arguments of its constructor."""
    restart: Restart = "permanent"
    """Permanent children always come back, transient ones only after a failure, temporary ones never."""
    significant: bool = False
    """Its own end counts for the supervisor's `auto_shutdown`."""
    shutdown_s: float | None = None
    """How long it may take to stop before it is killed: 0 kills at once, infinity waits. Default: 5 s, and for a
    supervisor as long as its children take."""
    start_s: float | None = None
    """How long its start may take before it is killed. Default: 30 s, and for a supervisor no bound of its own."""
    runtime: str = ""
    """`cell` or `threads`; default: where its supervisor is."""
    keep_mailbox: int = 0
    """How many queued messages survive a failure, for the next incarnation."""
    poison_after: int = 2
    """Where the mailbox is kept: a message that crashed it this often is set aside as a dead letter."""
    budget: Budget | None = None
    held_back: str = ""
    """Why it does not start with the others, as if its budget were spent already: it waits for `RestartChild`."""
    flags: "Flags | None" = None
    """Makes it a supervisor of `children`."""
    children: tuple["ChildSpec", ...] = ()
    dynamic: "Dynamic | None" = None
    """Makes it a supervisor of any number of instances of one template."""

    @property
    def is_supervisor(self) -> bool:
        return self.flags is not None or self.dynamic is not None

    @property
    def shutdown_limit_s(self) -> float:
        if self.shutdown_s is not None:
            return self.shutdown_s
        return inf if self.is_supervisor else WORKER_SHUTDOWN_S

    @property
    def start_limit_s(self) -> float:
        if self.start_s is not None:
            return self.start_s
        return inf if self.is_supervisor else WORKER_START_S


class Flags(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a supervisor answers failures: `intensity` restarts within `period_s` are borne, one more and it gives up."""

    strategy: Strategy = "one_for_one"
    intensity: int = 10
    period_s: float = 30.0
    backoff: Backoff = Backoff()
    auto_shutdown: AutoShutdown = "never"
    """Whether it ends by itself, in good order, once any or all of its significant children are done."""
    parallel_stop_s: float | None = None
    """Stop all children at once and kill what is left after this long. Default: one by one, last started first."""


class Dynamic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A supervisor whose children come and go at run time, all made after `template`."""

    template: ChildSpec
    intensity: int = 10
    period_s: float = 30.0
    backoff: Backoff = Backoff()
    max_children: int = 100_000

    @property
    def flags(self) -> Flags:
        """Each instance by itself; all told to stop at once, with the template's time for all of them."""
        stop_s = self.template.shutdown_limit_s
        return Flags("one_for_one", self.intensity, self.period_s, self.backoff, parallel_stop_s=stop_s)
