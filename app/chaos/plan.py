"""Which faults, when, and where: a plan drawn from a seed. Pure; the same seed and targets give the same plan."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Literal, NamedTuple

from ..injection import OUTSIDE
from ..supervisors.process_table import FORK_SERVERS
from ..transports.control import Action
from ..tree import Item, walk

Scope = Literal["node", "fork server", "actor", "disk", "clock", "venue"]

DISK_NODES = ("exchange", "trader", "learner")
CLOCK_NODES = ("exchange", "trader")
"""Whose disk, and whose clock, matter to trading."""
FIRST_S = 0.3
GAP_S = (0.5, 1.5)
"""How long all is left alone after a fault should be over."""
OVERLAP_SHARE = 0.15
OVERLAP_AFTER_S = (0.1, 0.4)
ENDS_MAX = 3
"""How often one target is made to end within `PERIOD_S`: its supervisor is not to lose patience with it."""
PERIOD_S = 60.0


class Kind(NamedTuple):
    """One kind of fault. Ranges are in seconds, drawn evenly; `heavy` takes a part down that trading needs."""

    name: str
    action: Action | Literal["venue"]
    scope: Scope
    weight: int
    heavy: bool
    settles_s: float
    """How long it usually takes to be over, its own time apart."""
    for_s: tuple[float, float] | None = None
    by_s: tuple[float, float] | None = None


KINDS = (
    Kind("kill node", "kill", "node", 5, True, 1.0),
    Kind("crash node", "crash", "node", 2, True, 1.0),
    Kind("hang node until noticed", "hang", "node", 1, True, 4.0),
    Kind("hang node", "hang", "node", 2, True, 0.5, for_s=(0.3, 2.0)),
    Kind("slow node", "slow", "node", 1, True, 0.5, for_s=(1.0, 2.0), by_s=(0.02, 0.1)),
    Kind("kill fork server", "kill", "fork server", 1, False, 0.5),
    Kind("hang fork server", "hang", "fork server", 1, False, 0.5, for_s=(0.3, 1.0)),
    Kind("kill actor", "kill", "actor", 4, False, 0.5),
    Kind("crash actor", "crash", "actor", 4, False, 0.5),
    Kind("hang actor", "hang", "actor", 3, False, 0.5, for_s=(0.3, 2.0)),
    Kind("slow actor", "slow", "actor", 2, False, 0.5, for_s=(0.5, 1.5), by_s=(0.002, 0.02)),
    Kind("disk full", "disk-full", "disk", 3, True, 1.0, for_s=(0.5, 2.0)),
    Kind("disk slow", "disk-slow", "disk", 2, True, 0.5, for_s=(0.5, 2.0), by_s=(0.001, 0.02)),
    Kind("sync fails", "sync-fails", "disk", 2, True, 0.5, for_s=(0.5, 2.0)),
    Kind("clock wrong", "clock", "clock", 3, True, 1.0, for_s=(0.5, 2.0), by_s=(0.3, 5.0)),
    Kind("venue fault", "venue", "venue", 5, False, 1.0, for_s=(0.5, 2.0)),
)
ENDS = ("kill", "crash", "hang")
"""Actions after which the target may be restarted."""


@dataclass(frozen=True)
class Targets:
    """What there is in a running system, each by its path."""

    nodes: tuple[str, ...]
    fork_servers: tuple[str, ...]
    actors: tuple[str, ...]
    venue: str
    venue_faults: tuple[str, ...]

    def of(self, scope: Scope) -> tuple[str, ...]:
        match scope:
            case "node":
                return self.nodes
            case "fork server":
                return self.fork_servers
            case "actor":
                return self.actors
            case "disk":
                return tuple(node for node in self.nodes if node in DISK_NODES)
            case "clock":
                return tuple(node for node in self.nodes if node in CLOCK_NODES)
            case "venue":
                return (self.venue,) if self.venue_faults else ()


@dataclass(frozen=True)
class Step:
    """One fault of a plan. It waits for all before it to be over, unless it overlaps the one before on purpose."""

    number: int
    at_s: float
    kind: Kind
    target: str
    for_s: float | None = None
    by_s: float | None = None
    fault: str = ""
    """Of the venue."""
    overlaps: bool = False

    @property
    def node(self) -> str:
        return self.target.partition("/")[0]


def find_targets(tree: Item, venue: str, venue_faults: tuple[str, ...]) -> Targets:
    """Everything in the tree that may be hit: never the launcher, never a node's own end of its lifeline."""
    nodes = [node for node in tree["children"] if node["name"] not in FORK_SERVERS]
    actors = (item for node in nodes for item in walk(node) if item["kind"] == "actor" and item["name"] != OUTSIDE)
    return Targets(
        nodes=tuple(sorted(node["path"] for node in nodes)),
        fork_servers=tuple(sorted(node["path"] for node in tree["children"] if node["name"] in FORK_SERVERS)),
        actors=tuple(sorted(item["path"] for item in actors)),
        venue=venue,
        venue_faults=tuple(sorted(venue_faults)),
    )


def plan(seed: int, targets: Targets, minutes: float) -> tuple[Step, ...]:
    """At most one fault at a time, now and then two on purpose, and every fault over by the end."""
    return tuple(_draw(Random(seed), targets, minutes * 60.0))  # noqa: S311 - no secret: it is to be repeated


def _draw(random: Random, targets: Targets, end_s: float) -> Iterator[Step]:
    done: list[Step] = []
    at_s, last_end_s = FIRST_S, 0.0
    while True:
        overlaps = bool(done) and not done[-1].overlaps and random.random() < OVERLAP_SHARE
        if overlaps:
            at_s = done[-1].at_s + random.uniform(*OVERLAP_AFTER_S)
        elif done:
            at_s = last_end_s + random.uniform(*GAP_S)
        step = _draw_step(random, targets, done, round(at_s, 3), overlaps=overlaps)
        if step is None or _end_s(step) > end_s:
            return
        yield step
        done.append(step)
        last_end_s = max(last_end_s, _end_s(step))


def _end_s(step: Step) -> float:
    return step.at_s + (step.for_s or 0.0) + step.kind.settles_s


def _draw_step(random: Random, targets: Targets, done: list[Step], at_s: float, *, overlaps: bool) -> Step | None:
    """A kind is less likely the more often it was drawn: a short plan is a varied one too."""
    drawn = Counter(step.kind for step in done)
    known = {kind: _candidates(kind, targets, done, at_s, overlaps=overlaps) for kind in KINDS}
    kinds = [kind for kind, candidates in known.items() if candidates]
    if not kinds:
        return None
    kind = random.choices(kinds, [each.weight / (1 + drawn[each]) for each in kinds])[0]
    return Step(
        number=len(done) + 1,
        at_s=at_s,
        kind=kind,
        target=random.choice(known[kind]),
        for_s=None if kind.for_s is None else round(random.uniform(*kind.for_s), 2),
        by_s=None if kind.by_s is None else round(random.uniform(*kind.by_s), 3) * _sign(random, kind),
        fault=random.choice(targets.venue_faults) if kind.scope == "venue" else "",
        overlaps=overlaps,
    )


def _sign(random: Random, kind: Kind) -> int:
    """A clock may be behind as well as ahead."""
    return random.choice((-1, 1)) if kind.action == "clock" else 1


def _candidates(kind: Kind, targets: Targets, done: list[Step], at_s: float, *, overlaps: bool) -> list[str]:
    """Whom this kind may hit now. What overlaps hits another node: a node that is away can be asked for nothing."""
    busy = done[-1].node if overlaps else ""
    return [
        target
        for target in targets.of(kind.scope)
        if target.partition("/")[0] != busy and not (kind.action in ENDS and _is_tired(target, done, at_s))
    ]


def _is_tired(target: str, done: list[Step], at_s: float) -> bool:
    recent = [step for step in done if step.target == target and at_s - step.at_s < PERIOD_S]
    return sum(step.kind.action in ENDS for step in recent) >= ENDS_MAX
