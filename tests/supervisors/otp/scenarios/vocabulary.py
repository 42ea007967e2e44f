"""Scenarios as data: a tree of children, what happens to it step by step, and nothing about who plays them.

A player prints one line for each thing that happens; `golden.json` holds what OTP's supervisor printed:

- `start a 1`: a started; the number counts the successful starts of that id in the whole scenario. A supervisor starts
  after its children. Nested ids are paths below the root: `inner/a`.
- `fail a`, `ignore a`: an attempt to start a that failed, or that wanted no child.
- `end a REASON`: a ended: normal, shutdown, boom, killed or odd; a nested supervisor with shutdown or gave_up. What
  never started does not end: a nested supervisor whose start fails shows the ends of its children, then `fail inner`.
- `answer start_child ok`: the answer to a request. Others are `ok ignored`, `already_started`, `already_present`,
  `not_found`, `running`, `restarting`, `simple_one_for_one` (not for instances) and `failed` (a start that failed, a
  reconfiguration that was refused).
- `which a=running b=undefined c=restarting inner=running:supervisor`: oldest first; instances sorted by name.
- `count specs=2 active=1 supervisors=0 workers=2`
- `spec a restart=permanent significant=false shutdown=5000 type=worker`
- `ended shutdown`, `ended gave_up`, `ended failed_to_start b`: the root's own end, always the last line.

After each step the player waits until the tree rests. When the steps are over it stops a root that still lives, as by
`("stop",)`; a root that has ended takes no more steps. A dynamic supervisor stops its instances all at once, so the
lines between the beginning of its end and `ended` are sorted.
"""

from dataclasses import dataclass
from typing import Literal

Strategy = Literal["one_for_one", "one_for_all", "rest_for_one"]
Restart = Literal["permanent", "transient", "temporary"]
AutoShutdown = Literal["never", "any_significant", "all_significant"]
Outcome = Literal["ok", "ignore", "error"]
Stop = Literal["clean", "stubborn", "odd"]
Reason = Literal["normal", "shutdown", "boom", "killed"]

STRATEGIES: tuple[Strategy, ...] = ("one_for_one", "one_for_all", "rest_for_one")
RESTARTS: tuple[Restart, ...] = ("permanent", "transient", "temporary")
MODES: tuple[AutoShutdown, ...] = ("any_significant", "all_significant")
REASONS: tuple[Reason, ...] = ("normal", "shutdown", "boom", "killed")


@dataclass(frozen=True)
class Flags:
    """A supervisor's own settings. The long period keeps the wall clock out of every scenario that does not wait."""

    strategy: Strategy = "one_for_one"
    intensity: int = 10
    period_s: int = 60
    auto_shutdown: AutoShutdown = "never"


@dataclass(frozen=True)
class Child:
    """A child, or with `flags` a supervisor with children of its own.

    `starts` is the outcome of the first, second, … attempt to start this id in the whole scenario; the last one repeats
    for ever. `stop` is what the child does when told to stop: it ends with the reason it is told, it does not end until
    it is killed, or it ends with the reason `odd`.
    """

    id: str
    restart: Restart = "permanent"
    significant: bool = False
    shutdown: int | Literal["brutal_kill", "infinity"] = 5000
    starts: tuple[Outcome, ...] = ("ok",)
    stop: Stop = "clean"
    flags: Flags | None = None
    children: tuple["Child", ...] = ()


Exit = tuple[Literal["exit"], str, Reason]
"""A living child without children, named by its path, ends by itself; `killed` is a kill from outside."""
StartChild = tuple[Literal["start_child"], Child] | tuple[Literal["start_child"], Child, str]
"""Of the root, or of the nested supervisor named last. For a dynamic root only id, starts and stop are the child's."""
ById = tuple[Literal["terminate_child", "restart_child", "delete_child", "get_childspec"], str]
"""Sent to the supervisor that the path leads to; for a dynamic root the id stands for the instance's newest process."""
Look = tuple[Literal["which_children", "count_children"]] | tuple[Literal["which_children", "count_children"], str]
"""Of the root, or of the nested supervisor named."""
Request = StartChild | ById | Look
Burst = tuple[Literal["burst"], tuple[Exit | Request, ...]]
"""The root finds all of these in its mailbox at once, in this order: the later ones come before its next retry."""
Reconfigure = tuple[Literal["reconfigure"], Flags, tuple[Child, ...]]
"""The root's flags and specifications are read anew, while the children run."""
Step = Exit | Request | Burst | Reconfigure | tuple[Literal["wait"], int] | tuple[Literal["stop"]]


@dataclass(frozen=True)
class Scenario:
    """A root supervisor with its children, and what happens to it."""

    name: str
    children: tuple[Child, ...]
    steps: tuple[Step, ...] = ()
    flags: Flags = Flags()


@dataclass(frozen=True)
class DynamicScenario:
    """A root supervisor that starts instances of one template (simple_one_for_one)."""

    name: str
    template: Child
    steps: tuple[Step, ...]
    intensity: int = 10
    period_s: int = 60


A, B, C = Child("a"), Child("b"), Child("c")
ABC = (A, B, C)
WHICH: Look = ("which_children",)
COUNT: Look = ("count_children",)
ONE_FOR_ALL = Flags("one_for_all")
REST_FOR_ONE = Flags("rest_for_one")


def boom(*paths: str) -> tuple[Exit, ...]:
    """These children fail, one after the other."""
    return tuple(("exit", path, "boom") for path in paths)


def burst(*steps: Exit | Request) -> Burst:
    return ("burst", steps)


def supervisor(
    name: str, flags: Flags, *children: Child, restart: Restart = "permanent", significant: bool = False
) -> Child:
    return Child(name, restart, significant, shutdown="infinity", flags=flags, children=children)
