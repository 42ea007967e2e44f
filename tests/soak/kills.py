"""Random kills of real nodes under trading: after each of them nothing is lost or doubled, and the books are level.

One fault at a time: `kill -9`, or `kill -STOP` until the launcher takes the node for dead. The next one comes only when
the account works again and its books equal the venue's own.
"""

import asyncio
import os
import random
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tradigrade.chaos.checks import judge_usage, node_pids
from tradigrade.chaos.eye import Eye
from tradigrade.chaos.probe import Usage, read_usage
from tradigrade.chaos.report import quantile
from tradigrade.chaos.verdict import Verdict
from tradigrade.status import Link, connect
from tradigrade.supervisors.process_table import FORK_SERVERS
from tradigrade.trading.rungs import Rung
from tradigrade.transports.control import Invariant

DECK = ("trader", "trader", "exchange", "guard", "learner", "console", *FORK_SERVERS)
"""Each round of strikes hits every one of these once, in an order of its own."""
STOP_SHARE = 0.15
PAUSE_S = (0.5, 3.0)
STRIKES_MAX, PERIOD_S = 3, 60.0
"""So often is one node struck in that time: after the fifth restart of the account only what shrinks a position leaves,
and the launcher bears 30 of all nodes."""
REPAIR_S = 20.0
LEVEL_S = 20.0
LOOK_S = 0.02
REPAIR_LIMIT_MS = 2000.0
"""What 99 of 100 repairs have to be under."""


class Strike(NamedTuple):
    """A fault to put in."""

    node: str
    action: str


class Repair(NamedTuple):
    """What followed, in milliseconds since the launcher noticed: the process was up, and working again."""

    strike: Strike
    noticed_ms: float
    """Since the strike, until the launcher counted the restart."""
    up_ms: float
    ready_ms: float
    level_ms: float
    """Since the strike, until the books were seen to equal the venue's and nothing to be lost or doubled."""


class Struck(NamedTuple):
    """All of a run."""

    repairs: tuple[Repair, ...]
    before: dict[str, Usage]
    after: dict[str, Usage]
    """Of the launcher and of every node, by name."""
    processes: Invariant


def draw(seed: int, count: int) -> tuple[Strike, ...]:
    """The same seed draws the same. A fork server is only killed: that it stands still shows at the next fork."""
    chance = random.Random(seed)
    strikes: list[Strike] = []
    while len(strikes) < count:
        for node in chance.sample(DECK, len(DECK)):
            stops = node not in FORK_SERVERS and chance.random() < STOP_SHARE
            strikes.append(Strike(node, "stop" if stops else "kill"))
    return tuple(strikes[:count])


def strike_all(data_dir: Path, strikes: Sequence[Strike], seed: int, tell: Any = print) -> Struck:
    """Strike the system that runs on `data_dir`; AssertionError at the first thing that does not hold."""
    return asyncio.run(_strike_all(data_dir, strikes, random.Random(seed), tell))


async def _strike_all(data_dir: Path, strikes: Sequence[Strike], chance: random.Random, tell: Any) -> Struck:
    async with connect(data_dir) as link:
        eye = Eye(link, lambda _: None)
        looking = asyncio.create_task(eye.look_forever())
        try:
            striker = _Striker(link, eye, data_dir)
            await striker.until_level()
            before = striker.usage()
            repairs = []
            for strike in strikes:
                await striker.keep_budget(strike.node)
                await asyncio.sleep(chance.uniform(*PAUSE_S))
                repairs.append(await striker.strike(strike))
                tell(_line(repairs[-1]))
            await striker.until_level()
            return Struck(tuple(repairs), before, striker.usage(), striker.left_behind())
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)


class _Striker:
    """Strikes one node at a time, and sees to it that all comes well again."""

    def __init__(self, link: Link, eye: Eye, data_dir: Path) -> None:
        self._link = link
        self._eye = eye
        self._data_dir = data_dir
        self._verdict: Verdict | None = None
        self._at_s: dict[str, list[float]] = {name: [] for name in DECK}

    async def strike(self, strike: Strike) -> Repair:
        before = self._node(strike.node)
        at_s = self._now_s()
        self._at_s[strike.node].append(at_s)
        os.kill(before["pid"], signal.SIGSTOP if strike.action == "stop" else signal.SIGKILL)
        noticed_s, after = await self._until_back(strike, before["incarnation"])
        await self.until_level()
        level_ms = (self._now_s() - at_s) * 1e3
        return Repair(strike, (noticed_s - at_s) * 1e3, after["up_ms"], after["ready_ms"], level_ms)

    async def _until_back(self, strike: Strike, incarnation: int) -> tuple[float, dict[str, Any]]:
        """When another incarnation, or its absence, was seen first, and its node once it works."""
        noticed_s, end_s = 0.0, self._now_s() + REPAIR_S
        while True:
            node = self._node(strike.node)
            if not noticed_s and (node["incarnation"] > incarnation or node["state"] not in ("running", "stalled")):
                noticed_s = self._now_s()
            if node["incarnation"] > incarnation and node["state"] == "running" and node["ready_ms"] is not None:
                return noticed_s, node
            assert self._now_s() < end_s, f"{strike.node} is not back {REPAIR_S:g} s after its {strike.action}: {node}"
            await asyncio.sleep(LOOK_S)

    async def until_level(self) -> None:
        """Until in one look everything holds: no order sent twice, unintended or lost, none in doubt, books equal."""
        end_s = self._now_s() + LEVEL_S
        while True:
            wrong = [each for each in await self._judge() if not each.holds]
            if not wrong:
                return
            assert self._now_s() < end_s, f"not so within {LEVEL_S:g} s: {self._words(wrong)}"
            await asyncio.sleep(LOOK_S)

    def _words(self, wrong: Sequence[Invariant]) -> str:
        trading = None if self._eye.sight is None else self._eye.sight.trading
        reason = "the trader does not answer" if trading is None else trading.rung_reason
        return "; ".join([*(f"{each.name}: {each.text}" for each in wrong), reason])

    async def _judge(self) -> tuple[Invariant, ...]:
        if self._eye.sight is None or self._eye.sight.trading is None:
            return (Invariant("the system answers", None, "not yet"),)
        if self._verdict is None:
            self._verdict = Verdict(self._data_dir, self._eye, self._eye.sight, Rung.FALLBACK)
        return await self._verdict.meanwhile()

    async def keep_budget(self, name: str) -> None:
        """Wait until one more restart of that node is borne."""
        recent = self._at_s[name][-STRIKES_MAX:]
        if len(recent) == STRIKES_MAX:
            await asyncio.sleep(max(0.0, recent[0] + PERIOD_S - self._now_s()))

    def usage(self) -> dict[str, Usage]:
        assert self._eye.sight is not None
        pids = {"launcher": self._link.launcher_pid, **node_pids(self._eye.sight.tree)}
        found = {name: read_usage(pid) for name, pid in pids.items()}
        return {name: usage for name, usage in found.items() if usage is not None}

    def left_behind(self) -> Invariant:
        living, strangers = self._eye.left_behind()
        found = [*(f"{name} ({process.pid})" for process, name in living.items()), *map(str, strangers)]
        return Invariant("no process left behind", not found, ", ".join(found) or "none")

    def _node(self, name: str) -> dict[str, Any]:
        assert self._eye.sight is not None
        return next(node for node in self._eye.sight.tree["children"] if node["name"] == name)

    def _now_s(self) -> float:
        return self._link.clock.monotonic_ns() / 1e9


# -- telling ----------------------------------------------------------------------------------------------------------


def _line(repair: Repair) -> str:
    strike = repair.strike
    return (
        f"{strike.node:10} {strike.action:4}  noticed {repair.noticed_ms:6.0f} ms, up {repair.up_ms:5.0f} ms, "
        f"working {repair.ready_ms:5.0f} ms, level {repair.level_ms:6.0f} ms"
    )


def times_table(repairs: Sequence[Repair]) -> list[str]:
    """Of all nodes, then of each: p50, p99 and the longest."""
    names = sorted({repair.strike.node for repair in repairs})
    parts = [("all", list(repairs)), *((name, [r for r in repairs if r.strike.node == name]) for name in names)]
    head = f"{'':10} {'repairs':>7}  {'process up, ms':>22}  {'working again, ms':>22}\n"
    return [head + f"{'':18}" + f"  {'p50':>6}  {'p99':>6}  {'max':>6}" * 2, *(_row(*part) for part in parts)]


def _row(name: str, repairs: Sequence[Repair]) -> str:
    times = (sorted(repair.up_ms for repair in repairs), sorted(repair.ready_ms for repair in repairs))
    cells = "".join(f"  {quantile(each, 0.5):6.0f}  {quantile(each, 0.99):6.0f}  {each[-1]:6.0f}" for each in times)
    return f"{name:10} {len(repairs):7}{cells}"


def slowest_ms(repairs: Sequence[Repair]) -> float:
    """The p99 of working again."""
    return quantile(sorted(repair.ready_ms for repair in repairs), 0.99)


def usage_table(struck: Struck) -> list[str]:
    """What launcher and nodes held at the beginning and at the end."""
    rows = [
        f"{name:10} {before.memory_mb:6.0f} → {struck.after[name].memory_mb:4.0f} MB  "
        f"{before.threads:3} → {struck.after[name].threads:3} threads  "
        f"{before.files:4} → {struck.after[name].files:4} files"
        for name, before in struck.before.items()
        if name in struck.after
    ]
    return [*rows, f"{struck.processes.name}: {struck.processes.text}"]


def leaks(struck: Struck) -> list[str]:
    """What grew beyond its bound, and who was left behind."""
    return [each.text for each in (judge_usage(struck.before, struck.after), struck.processes) if not each.holds]
