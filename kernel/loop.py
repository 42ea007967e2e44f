"""The event loop a cell runs on: asyncio's own methods, and a virtual loop that owns its clock."""

import itertools
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Protocol

from .clock import ManualClock

Callback = Callable[[], object]


class Timer(Protocol):
    def cancel(self) -> None: ...


class Loop(Protocol):
    """What a cell needs of a loop; every `asyncio.AbstractEventLoop` has it."""

    def call_soon(self, callback: Callback) -> object: ...

    def call_soon_threadsafe(self, callback: Callback) -> object: ...

    def call_later(self, delay: float, callback: Callback) -> Timer: ...


class _VirtualTimer(list[Any]):
    """Its place in the order of timers, and what it calls: when it is due, its number, and a callback or None. A list
    is made and compared without a call of ours."""

    def cancel(self) -> None:
        self[2] = None


class VirtualLoop:
    """A loop without threads or waiting: time moves only in `advance`, callbacks run in a fixed order."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self._ready: deque[Callback] = deque()
        self.call_soon = self.call_soon_threadsafe = self._ready.append
        self._timers: list[_VirtualTimer] = []
        self._order = itertools.count()

    def call_later(self, delay: float, callback: Callback) -> _VirtualTimer:
        due_ns = self.clock.elapsed_ns + (round(delay * 1e9) if delay > 0.0 else 0)
        timer = _VirtualTimer((due_ns, next(self._order), callback))
        heappush(self._timers, timer)
        return timer

    def run(self, limit: int = 1_000_000) -> None:
        """Run until nothing is ready. More than `limit` callbacks is a livelock and an error."""
        ready, take = self._ready, self._ready.popleft
        for _ in range(limit):
            if not ready:
                return
            take()()
        raise RuntimeError(f"the loop is still busy after {limit} callbacks: some actors tell each other for ever")

    @property
    def busy(self) -> bool:
        """Whether anything is ready to run."""
        return bool(self._ready)

    def advance(self, seconds: float, settle: Callback | None = None) -> None:
        """Let time pass: every timer due within it fires, at its own instant, in order.

        `settle` is called after each instead of `run`, where more than this loop must come to rest.
        """
        settle = settle or self.run
        timers, clock = self._timers, self.clock
        end_ns = clock.elapsed_ns + round(seconds * 1e9)
        settle()
        while timers and timers[0][0] <= end_ns:
            due_ns, _, callback = heappop(timers)
            if callback is not None:
                clock.advance_to(due_ns)
                callback()
                settle()
        clock.advance_to(end_ns)


class ForeignTimer:
    """A timer of a loop, set and cancelled from another thread than the loop's own."""

    def __init__(self, loop: Loop, delay_s: float, callback: Callback) -> None:
        self._loop = loop
        self._callback: Callback | None = callback
        self._timer: Timer | None = None
        loop.call_soon_threadsafe(lambda: self._arm(delay_s))

    def cancel(self) -> None:
        """From any thread; the callback does not run any more unless it runs already."""
        self._callback = None
        self._loop.call_soon_threadsafe(self._disarm)

    def _arm(self, delay_s: float) -> None:
        if self._callback is not None:
            self._timer = self._loop.call_later(delay_s, self._fire)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _fire(self) -> None:
        callback = self._callback
        if callback is not None:
            callback()
