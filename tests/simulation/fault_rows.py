"""The rows of docs/faults.md: each fault as it is done to a simulated system, and how it is borne."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.simulation.ladder import EXECUTOR, RISK, RUNNER
from tradigrade.kernel.simulation.schedule import Fault
from tradigrade.simulation.damage import Undo, nothing
from tradigrade.simulation.faults import KINDS
from tradigrade.simulation.world import World
from tradigrade.storage.halt import HALT_NAME, HaltLatch
from tradigrade.transports.control import PauseStrategy, ResumeStrategy

AT_S = 20.0
GUARD, TRADER = "guard/guard", "trader"
GROUPS = ("processes", "actors that crash", "actors that hang", "actors that are slow", "the host", "the venue", "people")


class Row(NamedTuple):
    """`begin` does it and returns what ends it, `for_s` later. `bears` says why nothing is lost."""

    group: str
    name: str
    bears: str
    begin: Callable[[World], Undo | None]
    for_s: float = 0.0
    kind: str = ""
    """Of `faults.py`; empty where the row has a way of its own."""
    target: str = ""


def _row(group: str, name: str, bears: str, kind: str, target: str = "", for_s: float = 0.0, amount: float = 0.0) -> Row:
    """Done as the simulator's schedules do it."""
    fault = Fault(AT_S, kind, target, for_s, amount)
    return Row(group, name, bears, lambda world: KINDS[kind].apply(world, fault), for_s, kind, target)


# -- processes --------------------------------------------------------------------------------------------------------

NODES = {
    "exchange": "the venue's books outlive it; the trader asks about all in doubt",
    "trader": "the journal has every intent; the next one takes the lease under a new epoch",
    "guard": "the latch is a file: the next one reads it",
    "learner": "its last models are published files; the trader steps them itself",
    "console": "it only shows",
}
STOP_S = 6.0


def _end_fork_server(world: World) -> Undo:
    launcher = world.launcher
    launcher.loop.run(lambda: launcher.spawner.kill(launcher.root, "forkserver"))
    return nothing


def _processes() -> Iterator[Row]:
    for node, bears in NODES.items():
        yield _row("processes", f"`{node}` is killed (`kill -9`)", bears, "kill", node)
    for node, bears in NODES.items():
        yield _row("processes", f"`{node}` stands still (`kill -STOP`) for {STOP_S:g} s", bears, "stop", node, STOP_S)
    yield Row("processes", "`forkserver` is killed", "running nodes are not its; the spare forks the next", _end_fork_server)
    words = "nodes come to rest and end within 3 s; a person or a service manager starts it again, here after 3 s"
    yield _row("processes", "the launcher is killed", words, "kill-launcher")
    words = "trading does not need it: it only restarts what dies"
    yield _row("processes", "the launcher stands still for 5 s", words, "stop-launcher", "", 5.0)


# -- actors -----------------------------------------------------------------------------------------------------------

BEARS = {
    EXECUTOR: "its group comes back with it from the journal, and reconciles",
    RISK: "no approval without it; its group comes back with it",
    "trader/trading/account/ledger": "positions are folded anew from the journal",
    "trader/trading/journal": "all that trades stands on it and comes back with it",
    "trader/trading/venue": "what was in flight is unknown until the venue tells",
    "trader/feeds/binance": "a fresh snapshot and what follows it",
    "trader/portfolio": "it only shows; folded anew from the journal",
    "trader/reporter": "reports say the whole state: the next one makes up for those lost",
    "trader/learning": "samples are lost for a moment; models stay",
    RUNNER: "its targets are recomputed at the next bar; others go on",
    "exchange/venue": "its books outlive it",
    "console/console": "every snapshot is whole: the next one fills it again",
    "learner/trainer": "it resumes from its saved states",
    GUARD: "the latch is a file: the next one reads it",
}
SLOW_S, SLOW_FOR_S = 0.2, 5.0


def _actors() -> Iterator[Row]:
    for path, bears in BEARS.items():
        yield _row("actors that crash", f"`{path}` crashes", bears, "crash", path)
    yield _row("actors that crash", f"`{EXECUTOR}` ends without its stop hook", BEARS[EXECUTOR], "kill-actor", EXECUTOR)
    for path, bears in BEARS.items():
        yield _row("actors that hang", f"`{path}` hangs", bears, "hang", path)
    for path in BEARS:
        name = f"`{path}` takes {SLOW_S:g} s longer for each message, for {SLOW_FOR_S:g} s"
        yield _row("actors that are slow", name, "mailboxes are bounded and conflate; what is late is refused", "slow", path, SLOW_FOR_S, SLOW_S)


def _crash(path: str, times: int, every_s: float) -> Callable[[World], Undo]:
    """Again and again, whoever is there."""

    def once(world: World) -> None:
        node = world.nodes.get(TRADER)
        actor = None if node is None else node.system.actors.get(path)
        if actor is not None:
            actor.crash("again and again")

    def begin(world: World) -> Undo:
        for number in range(times):
            world.loop.call_later(number * every_s, lambda: once(world))
        return nothing

    return begin


def _left_down(world: World) -> Undo:
    _crash(RUNNER, 7, 0.3)(world)
    return lambda: world.nodes[TRADER].kill()


def _risk_gives_up(world: World) -> Undo:
    _crash(RISK, 10, 2.0)(world)
    return lambda: world.release_halt("the test is done")


def _again() -> Iterator[Row]:
    words = "it is left down and may only shrink its position; the others go on. A restart of the trader starts it again: here after 5 s"
    yield Row("actors that crash", f"`{RUNNER}` crashes 7 times in 2 s", words, _left_down, 5.0)
    words = "the account is carried on with care until a minute went by without so many restarts"
    yield Row("actors that crash", f"`{RISK}` crashes 6 times in 3 s", words, _crash(RISK, 6, 0.5), 2.5)
    words = "halted, and the guard cancels; a person releases: here after 25 s"
    yield Row("actors that crash", f"`{RISK}` crashes until its supervisor gives up", words, _risk_gives_up, 25.0)


# -- the host ---------------------------------------------------------------------------------------------------------

PAIRS = {
    "launcher trader": "the launcher replaces a trader that it does not hear",
    "trader console": "the console says that it does not hear it",
    "trader learner": "the fallback model trades meanwhile",
    "launcher exchange": "the launcher replaces a node that it does not hear",
    "launcher console": "the launcher replaces a node that it does not hear",
}
CUT_S = 15.0


def _disk_nearly_full(world: World) -> Undo:
    ports = world.nodes[TRADER].system.ports
    ports["free_bytes"] = lambda: 50_000_000
    return lambda: ports.pop("free_bytes")


def _host() -> Iterator[Row]:
    words = "what was not synced is torn or lost: venue orders of ours that are not in the journal are adopted. The host is back after 3 s"
    yield _row("the host", "power is lost", words, "power-loss")
    words = "between nodes all but reports is acknowledged or asked again; orders never cross"
    yield _row("the host", "the network between nodes loses and doubles 30 % of frames for 10 s", words, "lossy", "", 10.0, 0.3)
    for pair, bears in PAIRS.items():
        one, other = pair.split()
        yield _row("the host", f"`{one}` and `{other}` do not hear each other for {CUT_S:g} s", bears, "partition", pair, CUT_S)
    words = "no intent, no order: nothing leaves that is not written"
    yield _row("the host", "the disk is full for 5 s", words, "disk-full", "", 5.0)
    words = "only what shrinks a position, until it is on disk"
    yield _row("the host", "syncs of the disk fail for 5 s", words, "sync-fails", "", 5.0)
    words = "cannot be noticed: a power loss meanwhile is repaired by what the venue tells"
    yield _row("the host", "the disk lies about syncs for 5 s", words, "sync-lies", "", 5.0)
    yield Row("the host", "the disk is nearly full for 5 s", "only what shrinks a position", _disk_nearly_full, 5.0)
    words = "the venue's clock decides; approvals and requests of another time are refused"
    for jump_s in (2.0, -2.0):
        yield _row("the host", f"the clock jumps by {jump_s:+g} s for 10 s", words, "clock-jump", "", 10.0, jump_s)
    yield _row("the host", "the clock drifts by 2 % for 30 s", words, "clock-drift", "", 30.0, 20_000.0)
    words = "nothing leaves at all, cancels included, until the lease is free: then a new epoch"
    yield _row("the host", "the account's lease is stolen for 5 s", words, "lease-stolen", "", 5.0)


# -- the venue --------------------------------------------------------------------------------------------------------

CHANCES = {
    "place_lost": ("an order's request is lost", "unknown, and never sent again; proven missing once the venue's clock is past its receive window"),
    "place_unanswered": ("an order's answer is lost", "unknown until the venue tells what became of it"),
    "place_late": ("an order's answer comes after the time-out", "unknown until the venue tells what became of it"),
    "place_refused": ("the venue refuses an order", "a refusal is final; the strategy wants anew at its next bar"),
    "place_delayed": ("an order's request is late by up to 4 s", "behind its receive window the venue refuses it"),
    "cancel_lost": ("a cancel's request is lost", "cancelled again"),
    "cancel_unanswered": ("a cancel's answer is lost", "the account's stream or evidence tells"),
    "cancel_refused": ("the venue refuses a cancel", "evidence tells; cancelled again"),
    "look_failed": ("no look at the account gets through", "asked again until it does; all in doubt stays reserved"),
    "look_partial": ("a look at the account is answered in part", "taken as none; asked again"),
    "event_lost": ("words of the account's stream are lost", "the next comparison finds and books them"),
    "event_duplicated": ("words of the account's stream come twice", "a trade counts once, by its id"),
    "event_delayed": ("the account's stream is late by up to 4 s", "answers and comparisons tell the same"),
    "event_reordered": ("words of the account's stream overtake each other", "the table of states allows for it"),
    "diff_lost": ("changes of the book are lost", "a gap in the numbers: a fresh snapshot"),
    "frame_crossed": ("the book is crossed", "no order until it is not"),
    "frame_malformed": ("frames do not read", "refused and counted; a fresh snapshot where it was a change"),
    "snapshot_lost": ("the market's connection breaks, and snapshots of the book are lost", "asked for again"),
}
EVENTS = {
    "account_cut": ("the account's connection breaks", "connects anew, then compares"),
    "market_cut": ("the market's connection breaks", "connects anew; a fresh snapshot"),
    "market_silent": ("the market's streams fall silent, connected, for 4 s", "no order on a market that old"),
    "ban": ("the venue bans us for 5 s", "waits as long as it is told"),
}
EVENT_FOR_S = {"account_cut": 1.0, "market_cut": 1.0, "market_silent": 4.0, "ban": 5.0}
"""Until the next turn of the market it has not happened; what it begins may last longer."""
CHANCE_FOR_S = 6.0
LOOKS_FOR_S = 12.0
"""Without doubt the account is compared every five seconds."""


def _unreachable(world: World) -> Undo:
    world.venue.unreachable(4.0)
    return nothing


def _gap_without_snapshots(world: World) -> Undo:
    """Snapshots are asked for after a gap only."""
    world.venue.cut_market()
    world.venue.faults.snapshot_lost = 1.0
    return lambda: setattr(world.venue.faults, "snapshot_lost", 0.0)


def _venue() -> Iterator[Row]:
    for target, (name, bears) in CHANCES.items():
        for_s = LOOKS_FOR_S if target.startswith("look") else CHANCE_FOR_S
        row = _row("the venue", f"{name}, each one for {for_s:g} s", bears, "venue-chance", target, for_s, 1.0)
        yield row._replace(begin=_gap_without_snapshots) if target == "snapshot_lost" else row
    for target, (name, bears) in EVENTS.items():
        yield _row("the venue", name, bears, "venue-event", target, EVENT_FOR_S[target])
    yield Row("the venue", "the venue cannot be reached for 4 s", "connects anew, then compares", _unreachable, 4.0)


# -- people -----------------------------------------------------------------------------------------------------------


def _halt(world: World) -> Undo:
    latch = HaltLatch(world.disk, world.journal_path.with_name(HALT_NAME))
    latch.halt("halted by a person", "a person", world.clock.now_ns())
    return lambda: world.release_halt("the test is done")


def _ask_risk(world: World, question: Any) -> None:
    node = world.nodes[TRADER]
    node.loop.run(lambda: node.system.ask(RISK, question, 1.0))


def _pause(world: World) -> Undo:
    _ask_risk(world, PauseStrategy("exerciser", "BTC/USDT", "the test wants it"))
    return lambda: _ask_risk(world, ResumeStrategy("exerciser", "BTC/USDT"))


def _people() -> Iterator[Row]:
    words = "all but protective stops is cancelled; a person releases: here after 5 s"
    yield Row("people", "a person halts", words, _halt, 5.0)
    words = "only what shrinks its position; a person resumes it: here after 5 s"
    yield Row("people", "a person pauses a strategy", words, _pause, 5.0)


ROWS = (*_processes(), *_actors(), *_again(), *_host(), *_venue(), *_people())

NO_ROW = {
    "fault-points": "a crash or a kill in the middle of a step: those of the tables above, at another moment",
}
"""Kinds of fault without a row, and why."""

PATIENT = "a minute without so many restarts must go by"
"""Rows that take longer than all others, on purpose."""

NO_CAUSE = {
    "FEED_UNHEARD": "before the first market data only",
    "STOPPING": "a stop in good order is no fault",
    "FLATTENING": "a stop in good order is no fault",
    "DAILY_LOSS": "ends with the day, not by a repair",
    "MODEL_STALE": "needs ten minutes of a model that is not renewed",
    "MODEL_DRIFT": "needs a model that was good, and is not",
}
"""Causes of the ladder that no row reaches, and why."""
