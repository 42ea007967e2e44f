"""Short blocking calls, such as a sync to disk, beside the loop: how each ended comes back to the loop."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from ..kernel.loop import Loop
from .journal import JournalFault

Action = Callable[[], object]
Done = Callable[[str], object]
"""Hears what an action raised, in words; empty where it did not."""


class Background(Protocol):
    """Runs actions one at a time, in order. `done` is called on the loop's thread."""

    def __call__(self, action: Action, done: Done) -> None: ...


class OneThread:
    """A thread of its own. An error that is none of the disk's is raised on the loop, whose handler tells it."""

    def __init__(self, loop: Loop, name: str = "disk") -> None:
        self._loop = loop
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)

    def __call__(self, action: Action, done: Done) -> None:
        def finish(future: Future[str]) -> None:
            self._loop.call_soon_threadsafe(lambda: done(future.result()))

        self._pool.submit(_attempt, action).add_done_callback(finish)


def run_at_once(action: Action, done: Done) -> None:
    """Without a thread: for where nothing takes time."""
    done(_attempt(action))


def _attempt(action: Action) -> str:
    try:
        action()
    except (JournalFault, OSError) as error:
        return str(error) or type(error).__name__
    return ""
