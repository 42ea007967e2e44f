"""The event loop a cell runs on: asyncio's own methods, and a virtual loop that owns its clock."""

import itertools
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Protocol

from .clock import ManualClock

Callback = Callable[[], object]


class Timer(Protocol):
    def cancel(self) -> None: ...


class Loop(Protocol):
    """What a cell needs of a loop; every `asyncio.AbstractEventLoop` has it."""

    def call_soon(self, callback: Callback) -> object: ...

    def call_soon_threadsafe(self, callback: Callback) -> object: ...

    def call_later(self, delay: float, callback: Callback) -> Timer: ...


class _VirtualTimer:
    __slots__ = ("callback",)

    def __init__(self, callback: Callback) -> None:
        self.callback: Callback | None = callback

    def cancel(self) -> None:
        self.callback = None


class VirtualLoop:
    """A loop without threads or waiting: time moves only in `advance`, callbacks run in a fixed order."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self._ready: deque[Callback] = deque()
        self._timers: list[tuple[int, int, _VirtualTimer]] = []
        self._order = itertools.count()

    def call_soon(self, callback: Callback) -> None:
        self._ready.append(callback)

    call_soon_threadsafe = call_soon

    def call_later(self, delay: float, callback: Callback) -> _VirtualTimer:
        timer = _VirtualTimer(callback)
        due_ns = self.clock.monotonic_ns() + (round(delay * 1e9) if delay > 0.0 else 0)
        heappush(self._timers, (due_ns, next(self._order), timer))
        return timer

    def run(self, limit: int = 1_000_000) -> None:
        """Run until nothing is ready. More than `limit` callbacks is a livelock and an error."""
        ready = self._ready
        for _ in range(limit):
            if not ready:
                return
            ready.popleft()()
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
        timers, move_clock = self._timers, self.clock.advance_to
        end_ns = self.clock.monotonic_ns() + round(seconds * 1e9)
        settle()
        while timers and timers[0][0] <= end_ns:
            due_ns, _, timer = heappop(timers)
            if timer.callback is not None:
                move_clock(due_ns)
                timer.callback()
                settle()
        move_clock(end_ns)


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
