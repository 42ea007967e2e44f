"""Looks at the running system again and again, and keeps what was seen last."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from ..kernel.errors import KernelError
from ..status import Link
from ..supervisors.process_table import FORK_SERVERS
from ..trading.views import TradingSnapshot
from ..transports.control import TradingAsked, VenueBooks, VenueBooksAsked
from ..tree import Item, read_tree
from .cause import VENUE
from .probe import Process, children, identify
from .watch import Sight

PORTFOLIO = "trader/portfolio"
TREE_PERIOD_S = 0.05
TRADING_PERIOD_S = 0.1
TRADING_TIMEOUT_S = 0.5
TRADING_FRESH_S = 1.0
"""The trader's own word counts for this long."""


class Eye:
    """`sight` is the newest; `seen` is called with each. It remembers every process that it ever saw in the tree."""

    def __init__(self, link: Link, seen: Callable[[Sight], None]) -> None:
        self.sight: Sight | None = None
        self.processes: dict[Process, str] = {}
        self._link = link
        self._seen = seen
        self._trading: TradingSnapshot | None = None
        self._trading_ns = 0

    async def look_forever(self) -> None:
        """Ends only by an error: `NothingRuns` when the system ends."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look_at_tree())
            group.create_task(self._look_at_trading())

    async def venue_books(self) -> VenueBooks | None:
        """None while the venue does not answer."""
        try:
            books: VenueBooks = await self._link.ask(VenueBooksAsked(), VENUE, TRADING_TIMEOUT_S)
        except KernelError:
            return None
        return books

    def left_behind(self) -> tuple[dict[Process, str], list[int]]:
        """Processes that were replaced and live, and children of launcher and fork servers that the tree lacks."""
        assert self.sight is not None
        current = {node["pid"]: node["name"] for node in self.sight.tree["children"]}
        left = {process: name for process, name in self.processes.items() if process.pid not in current}
        living = {process: name for process, name in left.items() if identify(process.pid) == process}
        parents = {self._link.launcher_pid, *(pid for pid, name in current.items() if name in FORK_SERVERS)}
        return living, sorted(children(parents) - set(current) - {process.pid for process in living})

    async def _look_at_tree(self) -> None:
        while True:
            with suppress(KernelError):
                self._note(await read_tree(self._link))
            await asyncio.sleep(TREE_PERIOD_S)

    async def _look_at_trading(self) -> None:
        while True:
            asked_ns = self._link.clock.monotonic_ns()
            with suppress(KernelError):
                self._trading = await self._link.ask(TradingAsked(), PORTFOLIO, TRADING_TIMEOUT_S)
                self._trading_ns = asked_ns
            await asyncio.sleep(TRADING_PERIOD_S)

    def _note(self, tree: Item) -> None:
        now_ns = self._link.clock.monotonic_ns()
        fresh = now_ns - self._trading_ns < TRADING_FRESH_S * 1e9
        self.sight = Sight(now_ns, tree, self._trading if fresh else None, self._trading_ns if fresh else now_ns)
        for node in tree["children"]:
            if node["pid"] and (process := identify(node["pid"])) is not None:
                self.processes[process] = node["name"]
        self._seen(self.sight)
