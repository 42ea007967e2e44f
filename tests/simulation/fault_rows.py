"""The rows of docs/faults.md, and the faults and causes that have none."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.simulation.fault_row import Row, scheduled
from tests.simulation.fault_rows_venue import venue_rows
from tests.simulation.ladder import EXECUTOR, RISK, RUNNER
from tradigrade.simulation.damage import Undo, nothing
from tradigrade.simulation.world import World
from tradigrade.storage.halt import HALT_NAME, HaltLatch
from tradigrade.transports.control import PauseStrategy, ResumeStrategy

GUARD, TRADER = "guard/guard", "trader"


# -- processes --------------------------------------------------------------------------------------------------------

NODES = {
    "exchange": "the venue's books outlive it; the trader asks about all in doubt",
    "trader": "the journal has every intent; the next one takes the lease under a new epoch",
    "guard": "the latch is a file: the next one reads it",
    "learner": "its last models are published files; the trader steps them itself",
    "console": "it only shows",
}
STOP_S = 6.0
OFTEN_S = 15.0


def _end_fork_server(world: World) -> Undo:
    launcher = world.launcher
    launcher.loop.run(lambda: launcher.spawner.kill(launcher.root, "forkserver"))
    return nothing


def _kill_often(world: World) -> Undo:
    for number in range(round(OFTEN_S / 0.5)):
        world.loop.call_later(number * 0.5, lambda: world.nodes[TRADER].kill() if TRADER in world.nodes else None)
    return nothing


def _processes() -> Iterator[Row]:
    for node, bears in NODES.items():
        yield scheduled("processes", f"`{node}` is killed (`kill -9`)", bears, "kill", node)
    for node, bears in NODES.items():
        yield scheduled(
            "processes", f"`{node}` stands still (`kill -STOP`) for {STOP_S:g} s", bears, "stop", node, STOP_S
        )
    yield Row(
        "processes", "`forkserver` is killed", "running nodes are not its; the spare forks the next", _end_fork_server
    )
    words = "each comes back a little later; only what shrinks a position until a minute went by without so many"
    yield Row("processes", f"`trader` is killed every 0.5 s for {OFTEN_S:g} s", words, _kill_often, OFTEN_S)
    words = "nodes come to rest and end within 3 s; a person or a service manager starts it again, here after 3 s"
    yield scheduled("processes", "the launcher is killed", words, "kill-launcher")
    words = "trading does not need it: it only restarts what dies"
    yield scheduled("processes", "the launcher stands still for 5 s", words, "stop-launcher", "", 5.0)


# -- actors -----------------------------------------------------------------------------------------------------------

BEARS = {
    EXECUTOR: "its group comes back with it from the journal, and reconciles",
    RISK: "no approval without it; its group comes back with it",
    "trader/trading/account/ledger": "positions are folded anew from the journal",
    "trader/trading/account/orders": "groups of orders are folded anew from the journal; its group comes back with it",
    "trader/trading/journal": "all that trades stands on it and comes back with it",
    "trader/trading/venue": "what was in flight is unknown until the venue tells",
    "trader/feeds/binance": "a fresh snapshot and what follows it",
    "trader/universe": "it asks what is listed anew; symbols without data do not trade anyhow",
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
SLOW = f"actors that are slow: {SLOW_S:g} s a message more, for {SLOW_FOR_S:g} s"
GROUPS = ("processes", "actors that crash", "actors that hang", SLOW, "the host", "the venue", "people")


def _actors() -> Iterator[Row]:
    for path, bears in BEARS.items():
        yield scheduled("actors that crash", f"`{path}` crashes", bears, "crash", path)
    yield scheduled(
        "actors that crash", f"`{EXECUTOR}` ends without its stop hook", BEARS[EXECUTOR], "kill-actor", EXECUTOR
    )
    for path, bears in BEARS.items():
        yield scheduled("actors that hang", f"`{path}` hangs", bears, "hang", path)
    words = "mailboxes are bounded and conflate; what is late is refused"
    for path in BEARS:
        yield scheduled(SLOW, f"`{path}` is slow", words, "slow", path, SLOW_FOR_S, SLOW_S)


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
    def restart_trader() -> None:
        world.nodes[TRADER].kill()

    _crash(RUNNER, 7, 0.3)(world)
    return restart_trader


OFTEN = f"`{RISK}` crashes 6 times in 3 s"


def _again() -> Iterator[Row]:
    words = "it is left down, with only what shrinks its position; the next trader starts it again, here after 5 s"
    yield Row("actors that crash", f"`{RUNNER}` crashes 7 times in 2 s", words, _left_down, 5.0)
    words = "only what shrinks a position, until a minute went by without so many restarts"
    yield Row("actors that crash", OFTEN, words, _crash(RISK, 6, 0.5), 2.5)
    words = "halted, and the guard cancels; a person releases it, here 5 s after the halt"
    yield Row(
        "actors that crash",
        f"`{RISK}` crashes every 2 s, until its supervisor gives up",
        words,
        _crash(RISK, 10, 2.0),
        18.0,
    )


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
    words = "orders of ours that the journal lost are adopted from the venue. The host is back after 3 s"
    yield scheduled("the host", "power is lost", words, "power-loss")
    words = "only reports and questions cross nodes, never orders: the next report makes up for the lost"
    yield scheduled(
        "the host", "the network between nodes loses and doubles 30 % of frames for 10 s", words, "lossy", "", 10.0, 0.3
    )
    for pair, bears in PAIRS.items():
        one, other = pair.split()
        yield scheduled(
            "the host", f"`{one}` and `{other}` do not hear each other for {CUT_S:g} s", bears, "partition", pair, CUT_S
        )
    words = "no intent, no order: nothing leaves that is not written"
    yield scheduled("the host", "the disk is full for 5 s", words, "disk-full", "", 5.0)
    words = "only what shrinks a position, until it is on disk"
    yield scheduled("the host", "syncs of the disk fail for 5 s", words, "sync-fails", "", 5.0)
    words = "cannot be noticed: a power loss meanwhile is repaired by what the venue tells"
    yield scheduled("the host", "the disk lies about syncs for 5 s", words, "sync-lies", "", 5.0)
    yield Row("the host", "the disk is nearly full for 5 s", "only what shrinks a position", _disk_nearly_full, 5.0)
    words = "the venue's clock decides; approvals and requests of another time are refused"
    for jump_s in (2.0, -2.0):
        yield scheduled("the host", f"the clock jumps by {jump_s:+g} s for 10 s", words, "clock-jump", "", 10.0, jump_s)
    yield scheduled("the host", "the clock drifts by 2 % for 30 s", words, "clock-drift", "", 30.0, 20_000.0)
    words = "nothing leaves at all, cancels included, until the lease is free: then a new epoch"
    yield scheduled("the host", "the account's lease is stolen for 5 s", words, "lease-stolen", "", 5.0)


# -- people -----------------------------------------------------------------------------------------------------------


def _halt(world: World) -> Undo:
    latch = HaltLatch(world.disk, world.journal_path.with_name(HALT_NAME))
    latch.halt("halted by a person", "a person", world.clock.now_ns())
    return lambda: world.release_halt("the test is done")


def _halt_without_executor(world: World) -> Undo:
    world.nodes[TRADER].system.actors[EXECUTOR].hold()
    return _halt(world)


def _ask_risk(world: World, question: Any) -> None:
    node = world.nodes[TRADER]
    node.loop.run(lambda: node.system.ask(RISK, question, 1.0))


def _pause(world: World) -> Undo:
    _ask_risk(world, PauseStrategy("exerciser", "BTC/USDT", "the test wants it"))
    return lambda: _ask_risk(world, ResumeStrategy("exerciser", "BTC/USDT"))


BY_HAND = {
    "buy": ("buys at the venue by hand", "it is booked as nobody's, and counts for the account's limits"),
    "sell": (
        "sells half of what the account holds by hand",
        "it leaves the strategy that held it, which wants anew",
    ),
    "rest": ("rests an order at the venue for 5 s", "it is not ours to touch, and what it locks is not free"),
    "cancel": ("cancels an order of ours at the venue", "it has ended; the strategy wants anew at its next bar"),
}
MOVED = {
    ("quote", 0.5): ("deposits money", "it is no profit"),
    ("quote", -0.5): ("withdraws half of the money that is free", "it is no loss, and halts nothing"),
    ("base", -0.5): ("withdraws half of the coins that are free", "they leave the strategy that held them"),
}


def _when_one_stands(row: Row) -> Row:
    def begin(world: World) -> Undo:
        if row.begin(world) is None:
            world.loop.call_later(0.05, lambda: begin(world))
        return nothing

    return row._replace(begin=begin, for_s=2.0)


def _by_hand() -> Iterator[Row]:
    for deed, (name, bears) in BY_HAND.items():
        row = scheduled("people", f"a person {name}", bears, "by-hand", deed, 5.0 if deed == "rest" else 0.0, 0.5)
        yield _when_one_stands(row) if deed == "cancel" else row
    for (target, amount), (name, bears) in MOVED.items():
        yield scheduled("people", f"a person {name}", bears, "transfer", target, 0.0, amount)


def _people() -> Iterator[Row]:
    words = "all but protective stops is cancelled; a person releases: here after 5 s"
    yield Row("people", "a person halts", words, _halt, 5.0)
    words = "the guard takes the lease and cancels; a person releases: here after 5 s"
    yield Row("people", "a person halts while the executor hangs", words, _halt_without_executor, 5.0)
    words = "only what shrinks its position; a person resumes it: here after 5 s"
    yield Row("people", "a person pauses a strategy", words, _pause, 5.0)


_ALL = (*_processes(), *_actors(), *_again(), *_host(), *venue_rows(), *_people(), *_by_hand())
ROWS = tuple(sorted(_ALL, key=lambda row: GROUPS.index(row.group)))

PATIENT = {OFTEN: "the ladder waits on purpose: whoever failed so often must bear out a minute"}
"""Rows that need longer than any other may, and why."""

NO_ROW = {
    "fault-points": "a crash or a kill in the middle of a step: those of the tables above, at another moment",
    "halt": "it is done by a person's own command in the rows of people",
}
"""Kinds of fault without a row, and why."""

NO_CAUSE = {
    "FLATTENING": "a stop in good order is no fault",
    "DAILY_LOSS": "ends with the day, not by a repair",
    "POST_TRADE": "needs a venue that fills past what was approved",
    "MODEL_STALE": "needs ten minutes of a model that is not renewed",
    "MODEL_DRIFT": "needs a model that was good, and is not",
}
"""Causes of the ladder that no row reaches, and why."""
