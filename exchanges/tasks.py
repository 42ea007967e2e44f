"""Tasks of a port: bounded in life by their port, and never failing in silence."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec


class PortBroke(msgspec.Struct, frozen=True):
    """A task of the port ended by an error of ours: the actor behind it should crash of it."""

    reason: str


class PortFault(Exception):
    """Raised by an actor that was told `PortBroke`."""


class TaskSet:
    """Runs coroutines on a loop; an unexpected exception in one is told through `broke`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._tasks: set[asyncio.Task[None]] = set()
        self.broke: Callable[[PortBroke], object] = lambda _: None

    def __len__(self) -> int:
        return len(self._tasks)

    def run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.broke(PortBroke(f"{type(error).__name__}: {error}"))
