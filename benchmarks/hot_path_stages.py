"""Where an order's time goes on its way: processor time of each actor's turn, in the run of `hot_path` over plain
sockets. It tells what a change brought also on a machine that others load, where `hot_path` itself tells little.

The longest turns of the whole trader, which orders may have to wait for, go to standard error.
"""

import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from tradigrade.config.run import Run
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.cell import CellActor
from tradigrade.kernel.envelope import Envelope
from tradigrade.ports import read_credentials

from .hot_path import call, make_run, serving
from .hot_path_doors import Doors
from .hot_path_frames import SYMBOLS, TRIGGERS, serve_frames
from .hot_path_trader import measure_trader
from .hot_path_venue import serve_venue
from .measure import Result, result, summarise

STAGES = {
    "strategy": ("trader/strategies/", "MarketDataUpdate"),
    "risk": ("trader/trading/account/risk", "SignalGenerated"),
    "executor": ("trader/trading/account/executor", "OrderApproved"),
    "session": ("trader/trading/venue", "OrderIntended"),
}
"""Whose turn on which message each is, in an order's own order. A strategy's are those updates that took longest, as
many as there are orders: the others led to none."""
NAMES = tuple(f"hot_path.stages.{stage}" for stage in STAGES)
WARM_UP = TRIGGERS // 5
LONGEST = 12

Turns = dict[tuple[str, str], list[int]]


class Kind(NamedTuple):
    """All turns of one actor on one type of message, in µs."""

    path: str
    message: str
    n: int
    p50_us: float
    longest_us: float


def run() -> Iterator[Result]:
    with make_run(SYMBOLS) as a_run:
        credentials = read_credentials(a_run)
        with serving(serve_venue, None, credentials) as venue, serving(serve_frames, None) as frames:
            turns = call(measure_turns, a_run, Doors(frames, venue, None))
    for name, (place, message) in zip(NAMES, STAGES.values(), strict=True):
        found = [
            taken
            for (path, kind), each in turns.items()
            if path.startswith(place) and kind == message
            for taken in each
        ]
        orders = sorted(found)[-TRIGGERS:] if name.endswith("strategy") else found
        line = result(name, summarise(orders[WARM_UP:]))
        del line["per_s"]
        yield line
    for kind in find_longest(turns):
        print("{:34} {:24} n={:<6} p50 {:6.0f} µs, longest {:6.0f} µs".format(*kind), file=sys.stderr)


def measure_turns(run: Run, doors: Doors) -> Turns:
    """Processor time in ns of every message handled, by path and type."""
    turns, handle, read_ns = defaultdict[tuple[str, str], list[int]](list), CellActor._process, time.thread_time_ns

    def handle_timed(self: CellActor, envelope: Envelope, actor: Actor) -> None:
        key, started_ns = (self.path, type(envelope.message).__name__), read_ns()
        handle(self, envelope, actor)
        turns[key].append(read_ns() - started_ns)

    replaced: Any = CellActor
    replaced._process = handle_timed
    measure_trader(run, doors)
    return dict(turns)


def find_longest(turns: Turns) -> list[Kind]:
    kinds = [
        Kind(path.removeprefix("trader/"), message, len(each), sorted(each)[len(each) // 2] / 1e3, max(each) / 1e3)
        for (path, message), each in turns.items()
        if len(each) > 1
    ]
    return sorted(kinds, key=lambda kind: -kind.longest_us)[:LONGEST]
