"""Writes the table of docs/faults.md: `python -m tests.simulation.fault_table [--write]`.

Each row of `fault_rows.py` is a simulated run of its own with that fault alone; all that the table says of it, but the
words of how it is borne, was seen in that run, by its virtual clock.
"""

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tests.simulation.fault_rows import ROWS, Row
from tradigrade.config.settings import LearningSettings, Settings, StrategySettings
from tradigrade.kernel.lifecycle import Phase
from tradigrade.simulation.log import Line
from tradigrade.simulation.run import complaints
from tradigrade.simulation.world import World
from tradigrade.supervisors.reports import SupervisorReport
from tradigrade.trading.messages import AccountReconciled, FeedChanged, RungChanged
from tradigrade.trading.order_events import OrderRejected, OrderUnknown
from tradigrade.trading.rungs import Rung

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"

SEED = 1
BEGIN_S = 20.0
STEP_S = 0.02
QUIET_S = 2.0
GIVE_UP_S = 90.0
LINGERS_S = 0.1
"""The books may differ from the venue's for as long as words are under way."""
FAILED = ("child_terminated", "stalled", "start_error", "left_down", "gave_up")
WORDS_LIMIT = 100

SETTINGS: dict[str, Any] = {
    "strategies": (
        StrategySettings(path="tradigrade.trading.strategies.exerciser:Exerciser"),
        StrategySettings(path="tradigrade.trading.strategies.learned:Learned"),
    ),
    "bar_s": 0.5,
    "learning": LearningSettings(enabled=False),
}


class Sign(NamedTuple):
    """Something in the system noticed, so long after the fault began."""

    after_s: float
    words: str


class Seen(NamedTuple):
    """What a row's run came to. `repaired_s` is None where it was not well again in time."""

    row: Row
    signs: tuple[Sign, ...]
    rung: str
    scope: str
    restarted: tuple[str, ...]
    repaired_s: float | None
    causes: frozenset[str]
    fired: int
    broken: tuple[str, ...]


class Watch:
    """One run: trades, is hurt, and is looked at until it is well again."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.signs: list[Sign] = []
        self.rungs: dict[tuple[str, str], str] = {}
        self.causes: set[str] = set()
        self._differs_since_s: dict[str, float] = {}
        self.world = World(SEED, Settings(**(SETTINGS | row.settings)), wire=False, tell=self._tell, read_along=self._read)
        self.world.advance(BEGIN_S)
        self.signs.clear()
        self.rungs.clear()
        self.causes.clear()
        found = list(self._unwell())
        assert not found, f"{row.name}: not well before the fault: {found}"

    @property
    def now_s(self) -> float:
        return self.world.clock.monotonic_ns() / 1e9

    def run(self) -> Seen:
        world, row = self.world, self.row
        before, fired = self._living(), sum(world.venue.fired.values())
        undo = row.begin(world)
        assert undo is not None, f"{row.name}: nothing to hurt"
        self._pass(row.for_s)
        undo()
        repaired_s = self._come_well()
        return Seen(
            row,
            tuple(self.signs),
            *self._lowest(),
            tuple(self._restarted(before)),
            repaired_s,
            frozenset(self.causes),
            sum(world.venue.fired.values()) - fired,
            tuple(map(str, world.witness.broken)),
        )

    def _pass(self, seconds: float) -> None:
        """What is not well is looked at all the time: a difference counts from its beginning."""
        for _ in range(round(seconds / STEP_S)):
            self.world.advance(STEP_S)
            list(self._unwell())

    def _come_well(self) -> float | None:
        """From the fault's end, or its beginning where it has none, until the last moment at which something was not
        well; orders were made since."""
        began_s, last_s, orders = self.now_s, self.now_s, self._orders()
        self._note(list(self._unwell()))
        while self.now_s < began_s + GIVE_UP_S:
            self.world.advance(STEP_S)
            found = list(self._unwell())
            self._note(found)
            if found:
                last_s, orders = self.now_s, self._orders()
            elif self.now_s - last_s >= self.row.quiet_s and self._orders() > orders:
                return round(last_s - began_s, 2)
        return None

    def _note(self, found: list[str]) -> None:
        self.found = found

    # -- what is not well ---------------------------------------------------------------------------------------------

    def _unwell(self) -> Iterator[str]:
        yield from complaints(self.world)
        for node in self.world.nodes.values():
            if node.loop.state != "running":
                yield f"{node.name} stands still"
            for path, actor in node.system.actors.items():
                if actor.held or actor.delay_s or actor.phase is not Phase.RUNNING:
                    yield f"{path} is held, slow or not running"
        differences = list(self._differences())
        self._differs_since_s = {each: self._differs_since_s.get(each, self.now_s) for each in differences}
        yield from (each for each in differences if self.now_s - self._differs_since_s[each] > LINGERS_S)

    def _differences(self) -> Iterator[str]:
        """Between the trader's books and the venue's own."""
        trader = self.world.nodes.get("trader")
        portfolio = None if trader is None else trader.system.actors.get("trader/portfolio")
        if portfolio is None or portfolio.behaviour is None:
            return
        books: Any = portfolio.behaviour.books  # type: ignore[attr-defined]
        state = self.world.venue.engine.state
        ours = {order.intent.client_id for order in books.open_orders()}
        for client_id in ours ^ {order.client_id for order in state.open}:
            yield f"{client_id} is open for one alone"
        for fill in state.books.fills[-30:]:
            if not books.knows_trade("BTC/USDT", str(fill.trade_id)):
                yield f"trade {fill.trade_id} is not booked"

    def _orders(self) -> int:
        return len(self.world.venue.engine.state.books.orders)

    # -- who lives ----------------------------------------------------------------------------------------------------

    def _living(self) -> dict[str, dict[str, Any]]:
        nodes = {node.name: {node.owner: node} | dict(node.system.actors.items()) for node in self.world.nodes.values()}
        return nodes | {"launcher": {"": self.world.launcher}}

    def _restarted(self, before: dict[str, dict[str, Any]]) -> Iterator[str]:
        """Whole nodes first; of a node that lives on, its actors."""
        after = self._living()
        for name, node in after.items():
            if before[name].keys().isdisjoint(node.keys() - {""}) and name != "launcher":
                yield f"node {name}"
            elif name == "launcher":
                if node[""] is not before[name][""]:
                    yield "the launcher"
            else:
                yield from (path for path, actor in node.items() if before[name].get(path) is not actor)

    # -- what is heard ------------------------------------------------------------------------------------------------

    def _sign(self, words: str) -> None:
        self.signs.append(Sign(round(self.now_s - BEGIN_S, 2), words))

    def _read(self, line: Line) -> None:
        if "the launcher is gone" in line.text:
            self._sign("the lifeline to the launcher ends")

    def _tell(self, _: int, path: str, message: Any) -> None:
        match message:
            case RungChanged():
                self.causes.update(message.causes)
                if message.rung != "NORMAL":
                    self.rungs.setdefault((message.scope, message.rung), message.reason)
                    self._sign(message.reason)
            case SupervisorReport() if message.kind in FAILED:
                self._sign(message.reason)
            case FeedChanged(live=False):
                self._sign(message.reason)
            case AccountReconciled(equal=False, differences=differences) if differences:
                self._sign(differences[0])
            case OrderUnknown() | OrderRejected():
                self._sign(message.reason)

    def _lowest(self) -> tuple[str, str]:
        """The lowest rung, and the widest scope on it."""
        if not self.rungs:
            return "", ""
        lowest = max(self.rungs, key=lambda each: Rung[each[1]])[1]
        scopes = [scope for scope, rung in self.rungs if rung == lowest]
        return lowest, min(scopes, key=lambda scope: (scope != "account", " " in scope))


@cache
def seen(row: Row) -> Seen:
    return Watch(row).run()


def main() -> None:
    import time
    for row in ROWS:
        if len(sys.argv) > 1 and sys.argv[1] not in row.name + row.group: continue
        t=time.process_time()
        w = Watch(row)
        o = w.run()
        print(f"{row.name:70.70} | {o.signs[:2]} | {o.rung} {o.scope} | {o.restarted} | {o.repaired_s} | fired {o.fired} {sorted(o.causes)} {o.broken} {w.found if o.repaired_s is None else ''} {time.process_time()-t:.2f}", flush=True)


if __name__ == "__main__":
    main()
