"""Gathers what the invariants of a chaos run are judged by: files, processes, the venue's own books."""

import asyncio
from pathlib import Path

from msgspec.structs import replace

from ..storage.journal_keys import NO_KEYS, Keys
from ..trading.rungs import Rung
from ..transports.control import ChaosStep, Invariant
from ..tree import Item
from .checks import (
    judge_books,
    judge_orders,
    judge_processes,
    judge_restarts,
    judge_steps,
    judge_tree,
    judge_usage,
    node_pids,
)
from .eye import Eye
from .probe import Usage, find_account, read_orders, read_usage
from .watch import Sight


class Verdict:
    """Judges a running system against how it was at the beginning; `normal` is the rung that it has to come back to."""

    def __init__(self, data_dir: Path, eye: Eye, before: Sight, normal: Rung, keys: Keys = NO_KEYS) -> None:
        self._data_dir = data_dir
        self._account = find_account(data_dir)
        self._keys = keys
        self._eye = eye
        self._before = before.tree
        self._usage = _usage(before.tree)
        self._normal = normal

    async def meanwhile(self) -> tuple[Invariant, ...]:
        """Those that can be told at any time. While faults are put in, books that are not level break nothing yet."""
        orders, books = await self._judge()
        return (*orders, *(replace(each, holds=each.holds or None) for each in books))

    async def _judge(self) -> tuple[tuple[Invariant, ...], tuple[Invariant, ...]]:
        """Of the orders, and of the books."""
        orders = await asyncio.to_thread(read_orders, self._data_dir, self._account, self._keys)
        books = await self._eye.venue_books()
        assert self._eye.sight is not None
        return judge_orders(orders), judge_books(self._eye.sight, books, self._normal)

    async def at_the_end(self, steps: list[ChaosStep]) -> tuple[Invariant, ...]:
        """All of them."""
        orders, books = await self._judge()
        assert self._eye.sight is not None
        tree = self._eye.sight.tree
        return (
            *orders,
            *books,
            judge_steps(steps),
            judge_tree(tree),
            judge_processes(*self._eye.left_behind()),
            judge_usage(self._usage, _usage(tree)),
            judge_restarts(self._before, tree, steps),
        )


def _usage(tree: Item) -> dict[str, Usage]:
    found = {name: read_usage(pid) for name, pid in node_pids(tree).items()}
    return {name: usage for name, usage in found.items() if usage is not None}
