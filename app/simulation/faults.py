"""What can happen to a simulated system: each kind of fault, how it is drawn, a schedule of them brought over it."""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from ..kernel.simulation.schedule import Fault, Schedule
from . import by_hand, damage

if TYPE_CHECKING:
    from .world import World

NODES = ("exchange", "trader", "trader", "trader", "learner", "console", "guard")
ACTORS = (
    "trader/trading/account/executor",
    "trader/trading/account/risk",
    "trader/trading/account/ledger",
    "trader/trading/account/orders",
    "trader/trading/journal",
    "trader/trading/venue",
    "trader/feeds/binance",
    "trader/universe",
    "trader/portfolio",
    "trader/reporter",
    "trader/learning",
    "exchange/venue",
    "console/console",
    "learner/trainer",
)
SLOWED = (*ACTORS, ACTORS[0], ACTORS[0])
"""The executor more often than others: approvals expire while they wait for it."""
PAIRS = ("launcher trader", "trader console", "trader learner", "launcher exchange", "launcher console")
VENUE_CHANCES = (
    "place_lost",
    "place_unanswered",
    "place_late",
    "place_refused",
    "place_delayed",
    "cancel_lost",
    "cancel_unanswered",
    "cancel_refused",
    "look_failed",
    "look_partial",
    "event_lost",
    "event_duplicated",
    "event_delayed",
    "event_reordered",
    "diff_lost",
    "frame_crossed",
    "frame_malformed",
    "snapshot_lost",
)
VENUE_EVENTS = ("account_cut", "market_cut", "market_silent", "ban")
STOPPED = ("halted", "delisted")
CURRENCIES = ("base", "quote")
DEEDS = ("buy", "sell", "rest", "cancel")


class Kind(NamedTuple):
    """How one kind is drawn, what doing it does (`damage.py`), and how often it is drawn against others."""

    draw: Callable[[Random, float], Fault]
    apply: Callable[["World", Fault], damage.Undo | None]
    weight: float = 1.0


# -- drawing ----------------------------------------------------------------------------------------------------------


def _drawn(
    kind: str,
    targets: tuple[str, ...] = ("",),
    for_s: tuple[float, float] = (0.0, 0.0),
    amount: tuple[float, float] = (0.0, 0.0),
) -> Callable[[Random, float], Fault]:
    def draw(random: Random, at_s: float) -> Fault:
        target = random.choice(targets)
        return Fault(round(at_s, 3), kind, target, round(random.uniform(*for_s), 3), round(random.uniform(*amount), 4))

    return draw


KINDS: dict[str, Kind] = {
    "kill": Kind(_drawn("kill", NODES), damage.kill, 3),
    "stop": Kind(_drawn("stop", NODES, (0.2, 6.0)), damage.stop),
    "kill-launcher": Kind(_drawn("kill-launcher"), damage.kill_launcher, 0.4),
    "stop-launcher": Kind(_drawn("stop-launcher", for_s=(0.5, 5.0)), damage.stop_launcher, 0.5),
    "power-loss": Kind(_drawn("power-loss", for_s=(0.01, 2.0)), damage.lose_power, 0.6),
    "crash": Kind(_drawn("crash", ACTORS), damage.crash, 3),
    "kill-actor": Kind(_drawn("kill-actor", ACTORS), damage.end_actor),
    "hang": Kind(_drawn("hang", ACTORS), damage.hang),
    "slow": Kind(_drawn("slow", SLOWED, (1.0, 6.0), (0.01, 0.4)), damage.slow),
    "lossy": Kind(_drawn("lossy", for_s=(1.0, 10.0), amount=(0.02, 0.4)), damage.lossy),
    "partition": Kind(_drawn("partition", PAIRS, (0.5, 8.0)), damage.partition),
    "disk-full": Kind(_drawn("disk-full", for_s=(0.2, 5.0)), damage.disk("full")),
    "sync-fails": Kind(_drawn("sync-fails", for_s=(0.2, 5.0)), damage.disk("sync_fails")),
    "sync-lies": Kind(_drawn("sync-lies", for_s=(0.5, 5.0)), damage.disk("loses_sync"), 0.5),
    "clock-jump": Kind(_drawn("clock-jump", for_s=(2.0, 12.0), amount=(-5.0, 5.0)), damage.jump),
    "clock-drift": Kind(_drawn("clock-drift", for_s=(5.0, 30.0), amount=(-20_000.0, 20_000.0)), damage.drift, 0.5),
    "lease-stolen": Kind(_drawn("lease-stolen", for_s=(0.5, 5.0)), damage.steal, 0.6),
    "halt": Kind(_drawn("halt"), damage.halt, 0.5),
    "fault-points": Kind(_drawn("fault-points", for_s=(5.0, 30.0), amount=(0.002, 0.02)), damage.points, 2),
    "venue-chance": Kind(_drawn("venue-chance", VENUE_CHANCES, (2.0, 15.0), (0.05, 0.6)), damage.venue_chance, 6),
    "venue-event": Kind(_drawn("venue-event", VENUE_EVENTS, (0.2, 5.0)), damage.venue_event, 3),
    "symbol": Kind(_drawn("symbol", STOPPED, (2.0, 20.0)), damage.stop_symbol, 1.5),
    "transfer": Kind(_drawn("transfer", CURRENCIES, amount=(-0.5, 0.5)), by_hand.transfer, 2),
    "by-hand": Kind(_drawn("by-hand", DEEDS, (1.0, 8.0), (0.1, 0.6)), by_hand.trade, 3),
}

TARGETS = {
    "venue-chance": VENUE_CHANCES,
    "venue-event": VENUE_EVENTS,
    "symbol": STOPPED,
    "transfer": CURRENCIES,
    "by-hand": DEEDS,
}
"""Of the kinds whose targets are not found in the system itself."""

CALM_S = 5.0
"""Nothing fails before the system had time to begin."""


def draw_schedule(random: Random, safety_s: float) -> Schedule:
    """Swarm testing: each run leaves out about half of the kinds, so that those left meet each other often."""
    kinds = [name for name in KINDS if random.random() < 0.5] or list(KINDS)
    weights = [KINDS[name].weight for name in kinds]
    count = random.randrange(6, 30)
    times = sorted(random.uniform(CALM_S, safety_s) for _ in range(count))
    drawn = random.choices(kinds, weights, k=count)
    return tuple(KINDS[name].draw(random, at_s) for at_s, name in zip(times, drawn, strict=True))


class UnknownFault(Exception):
    """A schedule names a kind that there is not, or a target that this kind cannot strike."""


def check_schedule(schedule: Schedule) -> None:
    """`UnknownFault` for the first that cannot be brought over any system."""
    for fault in schedule:
        if fault.kind not in KINDS:
            raise UnknownFault(f"a fault of kind {fault.kind!r}; there are {', '.join(KINDS)}")
        if fault.kind in TARGETS and fault.target not in TARGETS[fault.kind]:
            raise UnknownFault(f"{fault.kind} {fault.target!r}; there are {', '.join(TARGETS[fault.kind])}")


class Nemesis:
    """Brings a schedule's faults over a world, at their times, and heals them."""

    def __init__(self, world: "World", schedule: Schedule) -> None:
        self._world = world
        self._undo: dict[int, damage.Undo] = {}
        self._number = 0
        for fault in schedule:
            world.loop.call_later(fault.at_s, lambda fault=fault: self._begin(fault))  # type: ignore[misc]

    def _begin(self, fault: Fault) -> None:
        world = self._world
        undo = KINDS[fault.kind].apply(world, fault)
        if undo is None:
            return
        world.counts[f"fault {fault.kind}"] += 1
        world.lines.add("", "fault", f"{fault.kind} {fault.target} for {fault.for_s:g} s, {fault.amount:g}")
        if fault.for_s:
            self._number += 1
            self._undo[self._number] = undo
            world.loop.call_later(fault.for_s, lambda number=self._number: self._end(number))  # type: ignore[misc]

    def _end(self, number: int) -> None:
        if (undo := self._undo.pop(number, None)) is not None:
            undo()

    def heal(self) -> None:
        """Everything of the environment is well from now on; what broke in the system is the system's to repair."""
        for number in list(self._undo):
            self._end(number)
