"""A system of one's own: an event loop in a background thread, for scripts, notebooks and whoever uses actors alone."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .clock import SystemClock
from .identity import SystemEntropy
from .system import System

JOIN_TIMEOUT_S = 5.0


@contextmanager
def host(node: str = "local") -> Iterator[System]:
    """A system whose cell runs on a thread of its own; told and asked from the calling thread (`Reply.wait`).

    When the block ends every actor left is killed and the thread is gone.
    """
    loop = new_loop()
    made: list[System] = []
    ready = threading.Event()

    def serve() -> None:
        made.append(System(node, loop, SystemClock(), SystemEntropy()))
        loop.call_soon(ready.set)
        loop.run_forever()
        loop.close()

    thread = threading.Thread(target=serve, name=f"cell {node}", daemon=True)
    thread.start()
    ready.wait()
    try:
        yield made[0]
    finally:
        loop.call_soon_threadsafe(_end, made[0], loop)
        thread.join(JOIN_TIMEOUT_S)


def new_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where it is installed: a message costs a third of what it costs on asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def _end(system: System, loop: asyncio.AbstractEventLoop) -> None:
    for path in reversed(list(system.actors)):
        system.kill(path)
    loop.call_soon(loop.stop)
