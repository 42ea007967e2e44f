"""The event loop a cell runs on: asyncio's own methods, and a virtual loop that owns its clock."""

import heapq
import itertools
from collections import deque
from collections.abc import Callable
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
        due_ns = self.clock.monotonic_ns() + round(max(delay, 0.0) * 1e9)
        heapq.heappush(self._timers, (due_ns, next(self._order), timer))
        return timer

    def run(self, limit: int = 1_000_000) -> None:
        """Run until nothing is ready. More than `limit` callbacks is a livelock and an error."""
        for _ in range(limit):
            if not self._ready:
                return
            self._ready.popleft()()
        raise RuntimeError(f"the loop is still busy after {limit} callbacks: some actors tell each other for ever")

    def advance(self, seconds: float) -> None:
        """Let time pass: every timer due within it fires, at its own instant, in order."""
        end_ns = self.clock.monotonic_ns() + round(seconds * 1e9)
        self.run()
        while self._timers and self._timers[0][0] <= end_ns:
            due_ns, _, timer = heapq.heappop(self._timers)
            self.clock.advance(max(0, due_ns - self.clock.monotonic_ns()) / 1e9)
            if timer.callback is not None:
                timer.callback()
            self.run()
        self.clock.advance((end_ns - self.clock.monotonic_ns()) / 1e9)
