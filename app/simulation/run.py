"""One seed from begin to end: a time in which anything may fail, then a time in which all must come well again."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from ..actors.portfolio import Portfolio
from ..kernel.simulation.ledger import MessagesLost, check_conservation
from ..kernel.simulation.schedule import Schedule
from ..storage.account_journal import AccountJournal
from ..storage.journal import JournalFault
from ..storage.journal_reader import read_journal
from ..trading.books import ADOPTED, Books
from ..trading.laws import LawBroken, check_books, check_conclusions, check_funds, check_owners, check_signals
from ..trading.messages import ZERO
from ..trading.order_events import OrderIntended
from ..trading.order_ids import client_id_prefix
from ..trading.rungs import Rung
from ..transports.control import LadderAsked
from .choice import Own, choose_settings
from .faults import Nemesis, draw_schedule
from .log import Line
from .outcome import Outcome
from .venue import facts, protect
from .witness import RISK
from .world import World

SAFETY_S = 60.0
LIVENESS_S = 90.0
"""More than the ladder itself may take: restarts are held against a system for a minute, and then some."""
ORDERS_MIN = 50
"""Who trades little trades on until then: fewer orders would prove too little."""
QUIET_S = 2.0
"""All must be well for this long before it counts."""
STOP_S = 15.0
STEP_S = 0.25
ASK_TIMEOUT_S = 1.0
FLAT_MARGIN = 2
"""Times the smallest order: what is left may have been worth less than one when it was to be sold."""
TRADING = "trader/trading/"
PROTECT_S = 4.0
"""When a person buys a little and guards it with a stop: no cancel may ever take that."""


class Seed:
    """A run that may be looked at while it goes on."""

    def __init__(
        self,
        seed: int,
        schedule: Schedule | None = None,
        *,
        own: Own | None = None,
        tell: Callable[[int, str, Any], object] | None = None,
        read_along: Callable[[Line], object] = lambda _: None,
    ) -> None:
        from random import Random

        drawn = Random(f"{seed}/run")  # noqa: S311 - reproducible on purpose
        settings = choose_settings(own, drawn)
        self._own = own
        self.schedule = draw_schedule(drawn, SAFETY_S) if schedule is None else schedule
        self.world = World(seed, settings, tell=tell, read_along=read_along)
        self.nemesis = Nemesis(self.world, self.schedule)
        if own is None:
            self.world.loop.call_later(PROTECT_S, lambda: protect(self.world.venue))
        self.broken: list[str] = []
        self.healed_after_s: float | None = None

    def run(self) -> Outcome:
        world = self.world
        self._pass_time(SAFETY_S)
        self.nemesis.heal()
        world.release_halt("healed")
        world.lines.add("", "phase", "everything is healed: all must come well again")
        self._come_well()
        self._stop()
        self._judge()
        return self._outcome()

    # -- phases -------------------------------------------------------------------------------------------------------

    def _pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.world.advance(STEP_S)
            self.world.watch_launcher()
            self._ask()
            self._check_questions()
            if self.world.witness.broken:
                return

    def _ask(self) -> None:
        """Somebody looks at the console: whatever fails meanwhile, every question of theirs must come to an end."""
        console = self.world.nodes.get("console")
        if console is not None:
            console.loop.run(lambda: console.system.ask(RISK, LadderAsked(), ASK_TIMEOUT_S))

    def _check_questions(self) -> None:
        try:
            for node in self.world.nodes.values():
                if node.loop.state == "running" and not node.was_stopped:
                    node.system.check_questions()
        except MessagesLost as error:
            self.world.witness.broken.append(error)

    def _come_well(self) -> None:
        world, began_s = self.world, self.world.clock.monotonic_ns() / 1e9
        well_since_s, found = None, ["nothing was looked at"]
        orders = None
        while (now_s := world.clock.monotonic_ns() / 1e9) < began_s + LIVENESS_S:
            self._pass_time(STEP_S)
            found = list(complaints(world, Rung.NORMAL if self._own is None else Rung.FALLBACK))
            well_since_s = None if found else (well_since_s or now_s)
            orders = None if found else (orders if orders is not None else self._orders())
            quiet = not found and now_s - (well_since_s or now_s) >= QUIET_S
            if quiet and (self._own is not None or self._orders() > max(orders or 0, ORDERS_MIN - 1)):
                self.healed_after_s = round((well_since_s or now_s) - began_s, 3)
                return
        words = "; ".join(found) or f"{self._orders()} orders are made, {orders} before all was well"
        self.broken.append(f"liveness: not well {LIVENESS_S:g} s after the last fault: {words}")

    def _stop(self) -> None:
        """In order, as Ctrl-C does."""
        world = self.world
        world.stopping = True
        if world.launcher.alive:
            world.launcher.loop.run(lambda: world.launcher.stop("the end of the run"))
        for _ in range(round(STOP_S / STEP_S)):
            world.advance(STEP_S)
            if not world.nodes and world.launcher.reason:
                return
        left = ", ".join(sorted(world.nodes)) or "the launcher"
        self.broken.append(f"liveness: {left} did not stop within {STOP_S:g} s")

    # -- judging ------------------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        world = self.world
        self.broken += map(str, world.witness.broken)
        truth = facts(world.venue)
        records = self._records()
        prefix = client_id_prefix(world.settings.account.name)
        checks: tuple[Callable[[], object], ...] = (
            lambda: check_signals(records),
            lambda: check_conclusions(records, truth.orders),
            lambda: check_books(self._books(), truth.balances, truth.orders, truth.trades, prefix=prefix),
            lambda: check_funds(self._books(), truth.transferred),
            lambda: check_owners(self._books(), records, truth.trades, world.witness.owners, but=self._not_told()),
            lambda: world.witness.groups.check_end(world.venue.orders()),
            self._check_flat,
            self._check_messages,
        )
        for check in checks:
            try:
                check()
            except (LawBroken, MessagesLost, JournalFault) as error:
                self.broken.append(str(error))

    def _not_told(self) -> set[tuple[str, str]]:
        """A disk that lied may have lost what was taken from a strategy, and the snapshot after it kept it."""
        return self.world.witness.transferred if self.world.disk.fired["loses_sync"] else set()

    def _check_flat(self) -> None:
        """Who said so holds nothing in the end; what a person holds, and took away, is theirs."""
        world = self.world
        if not world.flattens or self.broken:
            return
        books, markets = self._books(), world.venue.engine.markets
        for (strategy, symbol), held in books.strategy_positions.items():
            market = markets[symbol.replace("/", "")]
            left = min(held, books.balances.get(market.instrument.base, ZERO)) * (market.last_price or ZERO)
            if strategy != ADOPTED and left > FLAT_MARGIN * market.instrument.min_notional:
                raise LawBroken(6, f"{strategy} still holds {held} {symbol} after a stop that flattens")

    def _check_messages(self) -> None:
        for process in self.world.booted:
            check_conservation(process.born)
        counts = self.world.network.counts
        arrived = counts["delivered"] + counts["nobody"] + counts["dropped"] + counts["cut"]
        if counts["sent"] != arrived + self.world.network.under_way():
            raise MessagesLost(f"network: {counts['sent']} frames sent, {arrived} accounted for")

    def _books(self) -> Books:
        journal = AccountJournal(self.world.disk, self.world.journal_path)
        journal.open()
        return journal.books()

    def _records(self) -> list[Any]:
        """Of all files of the journal, oldest first. A disk that lied of its syncs may have lost the end of one."""
        world = self.world
        damaged = (lambda _: None) if world.disk.fired["loses_sync"] else None
        try:
            return [record for _, record in read_journal(world.disk, world.journal_path, damaged=damaged)]
        except JournalFault as fault:
            words = f"law 2 is broken: {fault}"
            self.broken += [] if words in self.broken else [words]
            return []

    def _orders(self) -> int:
        return sum(isinstance(record, OrderIntended) for record in self._records())

    def _outcome(self) -> Outcome:
        world = self.world
        trace = world.witness.trace
        for path, data in sorted(world.disk.contents().items()):
            trace.add_bytes(str(path), data)
        counts: Counter[str] = Counter(world.counts)
        counts.update({f"point {name}": count for name, count in world.fault_points.fired.items()})
        counts.update({f"venue {name}": count for name, count in world.venue.fired.items()})
        counts.update({f"disk {name}": count for name, count in world.disk.fired.items()})
        counts.update({f"frames {name}": count for name, count in world.network.counts.items()})
        return Outcome(
            world.seed,
            self.schedule,
            tuple(self.broken),
            trace.digest(),
            world.clock.monotonic_ns() / 1e9,
            self.healed_after_s,
            self._orders(),
            dict(counts),
            tuple(map(str, world.lines.kept)) if self.broken else (),
            self._own.path if self._own else "",
        )


def complaints(world: World, lowest: Rung = Rung.NORMAL) -> Iterator[str]:
    """What is not well, in words: the diagnosis where a run does not converge. Down to `lowest` a rung is well."""
    if not world.launcher.alive or world.launcher.reason:
        yield f"the launcher is gone: {world.launcher.reason or 'killed'}"
        return
    for name, process in world.launcher.spawner.processes.items():
        if process.state != "running":
            yield f"{name} is {process.state}: {process.reason or process.last_reason}"
    trader = world.nodes.get("trader")
    if trader is None:
        yield "there is no trader"
        return
    portfolio = trader.system.actors.get("trader/portfolio")
    if portfolio is None or portfolio.behaviour is None:
        yield "there is no portfolio"
        return
    assert isinstance(portfolio.behaviour, Portfolio)
    rungs = portfolio.behaviour.rungs
    if "account" not in rungs:
        yield "nobody knows where the account stands"
    for scope, change in rungs.items():
        if Rung[change.rung] > lowest:
            yield f"{scope} is {change.rung}: {change.reason}"
    for path, actor in trader.system.actors.items():
        if actor.held and path.startswith(TRADING):
            yield f"{path} hangs, and was not replaced yet"
    for order in portfolio.behaviour.books.unknown_orders():
        yield f"{order.intent.client_id} is unknown: {order.reason}"


def run_seed(seed: int, schedule: Schedule | None = None, own: Own | None = None) -> Outcome:
    """The whole run of a seed; with `schedule`, its own faults are replaced by these."""
    return Seed(seed, schedule, own=own).run()
