"""Looks at a simulated system that is hurt once: who noticed, how low it went, and since when it is well again."""

from collections.abc import Iterator
from typing import Any

import msgspec

from tests.simulation.fault_row import AT_S, Row
from tradigrade.config.market_settings import UniverseSettings
from tradigrade.config.settings import LearningSettings, Settings, StrategySettings
from tradigrade.kernel.lifecycle import Phase
from tradigrade.simulation.by_hand import PREFIX as BY_HAND
from tradigrade.simulation.log import Line
from tradigrade.simulation.run import complaints
from tradigrade.simulation.world import World
from tradigrade.supervisors.reports import SupervisorReport
from tradigrade.trading.ladder import ACCOUNT, SYSTEM
from tradigrade.trading.messages import AccountReconciled, FeedChanged, RungChanged
from tradigrade.trading.order_events import OrderRejected, OrderUnknown
from tradigrade.trading.rungs import Rung

SEED = 1
STEP_S = 0.02
"""How often is looked whether all is well: what passes between two looks is not seen."""
QUIET_S = 2.0
GIVE_UP_S = 90.0
LINGERS_S = 0.1
"""The books may differ from the venue's while words are under way."""
RECENT = 30
FAILED = ("child_terminated", "stalled", "start_error", "left_down", "gave_up")

SETTINGS = Settings(
    strategies=(
        StrategySettings(path="tradigrade.trading.strategies.exerciser:Exerciser"),
        StrategySettings(path="tradigrade.trading.strategies.learned:Learned"),
    ),
    bar_s=0.5,
    learning=LearningSettings(enabled=False),
    universe=UniverseSettings(refresh_s=5.0),
)


class Sign(msgspec.Struct, frozen=True):
    """Something in the system noticed, so long after the fault began."""

    after_s: float
    words: str


class RungReached(msgspec.Struct, frozen=True):
    """`scope` is the widest that stood on it, `causes` why it came there."""

    rung: str
    scope: str
    causes: tuple[str, ...]


class Seen(msgspec.Struct, frozen=True):
    """What a row's run came to. Times are since the fault began."""

    name: str
    signs: tuple[Sign, ...]
    rungs: tuple[RungReached, ...]
    """Lowest first; empty where everything stayed NORMAL."""
    causes: tuple[str, ...]
    """All that were heard of."""
    restarted: tuple[str, ...]
    unwell_until_s: float | None
    """0 where it was well all the time, None where it did not come well again."""
    fired: int
    """Faults of the venue."""
    broken: tuple[str, ...]
    complaints: tuple[str, ...]


class Watch:
    """Trades, is hurt by one row, and is looked at until it is well again."""

    def __init__(self) -> None:
        self._forget()
        self._differs_since_s: dict[str, float] = {}
        self.world = World(SEED, SETTINGS, wire=False, tell=self._hear, read_along=self._read)
        self.world.advance(AT_S)
        self.world.watch_launcher()
        assert not (found := self._look()), f"not well before any fault: {found}"
        self._forget()

    def run(self, row: Row) -> Seen:
        world, before = self.world, self._living()
        fired = world.venue.fired.total()
        undo = row.begin(world)
        assert undo is not None, f"{row.name}: there is nothing to hurt"
        self._pass(row.for_s)
        undo()
        well = self._come_well(row.for_s)
        return Seen(
            row.name,
            tuple(self.signs),
            tuple(self._rungs_reached()),
            tuple(sorted(self.causes)),
            tuple(self._restarted(before)),
            round(self.unwell_until_s, 2) if well else None,
            world.venue.fired.total() - fired,
            tuple(map(str, world.witness.broken)),
            () if well else tuple(self._look()),
        )

    @property
    def since_s(self) -> float:
        return self.world.clock.monotonic_ns() / 1e9 - AT_S

    def _pass(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.world.advance(STEP_S)
            self.world.watch_launcher()
            if self._look():
                self.unwell_until_s, self._orders_then = self.since_s, self._orders()

    def _come_well(self, ended_s: float) -> bool:
        """True once all was well for a while, and orders were made meanwhile."""
        self._orders_then = self._orders()
        while self.since_s < ended_s + GIVE_UP_S:
            self._pass(STEP_S)
            quiet_s = self.since_s - max(self.unwell_until_s, ended_s)
            if quiet_s >= QUIET_S and self._orders() > self._orders_then:
                return True
        return False

    def _orders(self) -> int:
        return len(self.world.venue.engine.state.books.orders)

    # -- what is not well ---------------------------------------------------------------------------------------------

    def _look(self) -> list[str]:
        return [*complaints(self.world), *self._idle(), *self._lasting_differences()]

    def _idle(self) -> Iterator[str]:
        for node in self.world.nodes.values():
            if node.loop.state != "running":
                yield f"{node.name} stands still"
            for path, actor in node.system.actors.items():
                if actor.held or actor.phase is not Phase.RUNNING:
                    yield f"{path} hangs, starts or ends"

    def _lasting_differences(self) -> Iterator[str]:
        now_s, before = self.since_s, self._differs_since_s
        self._differs_since_s = {each: before.get(each, now_s) for each in self._differences()}
        yield from (each for each, since_s in self._differs_since_s.items() if now_s - since_s > LINGERS_S)

    def _differences(self) -> Iterator[str]:
        """Between the trader's books and the venue's own."""
        trader = self.world.nodes.get("trader")
        portfolio: Any = None if trader is None else trader.system.actors.get("trader/portfolio")
        if portfolio is None or portfolio.behaviour is None:
            return
        books, venue = portfolio.behaviour.books, self.world.venue.engine.state
        ours = {order.intent.client_id for order in books.open_orders()}
        theirs = {order.client_id for order in venue.open if not order.client_id.startswith(BY_HAND)}
        for client_id in sorted(ours ^ theirs):
            yield f"{client_id} is open for one of two"
        for fill in venue.books.fills[-RECENT:]:
            if not books.knows_trade("BTC/USDT", str(fill.trade_id)):
                yield f"trade {fill.trade_id} is not booked"

    # -- who was started again ----------------------------------------------------------------------------------------

    def _living(self) -> dict[str, Any]:
        """By path: the launcher, nodes, and the actors that live in them."""
        nodes = self.world.nodes.values()
        actors = {path: actor for node in nodes for path, actor in node.system.actors.items()}
        return actors | {node.name: node for node in nodes} | {"launcher": self.world.launcher}

    def _restarted(self, before: dict[str, Any]) -> Iterator[str]:
        """The launcher alone where it was, a node for all its actors, else the actors by their last names."""
        after = self._living()
        again = [path for path, each in after.items() if before.get(path) is not each]
        if "launcher" in again:
            yield "launcher"
            return
        nodes = {path for path in again if "/" not in path}
        yield from sorted(nodes)
        yield from (path.rpartition("/")[2] for path in again if path.partition("/")[0] not in nodes)

    # -- what is heard ------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self.signs: list[Sign] = []
        self.rungs: dict[tuple[str, str], tuple[str, ...]] = {}
        self.causes: set[str] = set()
        self.unwell_until_s = 0.0
        self._orders_then = 0

    def _sign(self, words: str) -> None:
        """Many hear of the same: the first time counts."""
        if all(sign.words != words for sign in self.signs):
            self.signs.append(Sign(round(self.since_s, 2), words))

    def _read(self, line: Line) -> None:
        if "the launcher is gone" in line.text:
            self._sign("its nodes' lifelines end")

    def _hear(self, _: int, path: str, message: Any) -> None:
        match message:
            case RungChanged():
                self.causes.update(message.causes)
                if message.rung != "NORMAL":
                    self.rungs.setdefault((message.scope, message.rung), message.causes)
                    self._sign(message.reason)
            case SupervisorReport() if message.kind in FAILED:
                self._sign(_failure(message))
            case FeedChanged(live=False) | OrderUnknown() | OrderRejected():
                self._sign(message.reason)
            case AccountReconciled(equal=False, differences=differences) if differences:
                self._sign(differences[0])

    def _rungs_reached(self) -> Iterator[RungReached]:
        for rung in sorted({rung for _, rung in self.rungs}, key=lambda rung: -Rung[rung]):
            scopes = (scope for scope, each in self.rungs if each == rung)
            scope = min(scopes, key=lambda scope: (scope not in {SYSTEM, ACCOUNT}, " " in scope))
            yield RungReached(rung, scope, self.rungs[scope, rung])


def _failure(report: SupervisorReport) -> str:
    if report.reason == "killed":
        return "its lifeline ends" if report.supervisor == "launcher/nodes" else "its supervisor is told"
    return "its supervisor is told" if report.reason.startswith("injected") else report.reason
