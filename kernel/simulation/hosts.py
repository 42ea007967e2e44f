"""What one simulated process has of its host: a loop that can be stopped and ended, a clock that may be wrong."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Literal

from ..clock import Clock
from ..loop import Callback, Timer, VirtualLoop

HELD_LIMIT = 100_000
"""Callbacks kept for a process that is stopped; more than that is an error of the simulation."""


class NodeLoop:
    """A process's own view of the shared virtual loop. `stop` and `resume` are what SIGSTOP and SIGCONT do; after `end`
    nothing of it runs any more, whatever it had scheduled."""

    def __init__(self, shared: VirtualLoop, failed: Callable[[BaseException], object]) -> None:
        """`failed` is told what a callback raised: the loop goes on, as a real one does."""
        self.shared = shared
        self._soon, self._later = shared.call_soon, shared.call_later
        self._failed = failed
        self.state: Literal["running", "stopped", "ended"] = "running"
        self.stopped_ns = -(10**18)
        """When it last was stopped or went on, on the monotonic clock."""
        self._held: deque[Callback] = deque()

    def call_soon(self, callback: Callback) -> None:
        self._soon(partial(self.run, callback))

    call_soon_threadsafe = call_soon

    def call_later(self, delay: float, callback: Callback) -> Timer:
        return self._later(delay, partial(self.run, callback))

    def run(self, callback: Callback) -> None:
        """Now, or when the process goes on; never once it has ended."""
        if self.state == "running":
            try:
                callback()
            except BaseException as error:  # noqa: BLE001 - told, as a real loop's exception handler is
                self._failed(error)
        elif self.state == "stopped":
            assert len(self._held) < HELD_LIMIT, f"more than {HELD_LIMIT} callbacks wait for a process that is stopped"
            self._held.append(callback)

    def stop(self) -> None:
        if self.state == "running":
            self.state, self.stopped_ns = "stopped", self.shared.clock.monotonic_ns()

    def resume(self) -> None:
        if self.state == "stopped":
            self.state, self.stopped_ns = "running", self.shared.clock.monotonic_ns()
            held, self._held = self._held, deque()
            for callback in held:
                self.shared.call_soon(partial(self.run, callback))

    def end(self) -> None:
        self.state = "ended"
        self._held.clear()


class NodeClock:
    """A host's clock: UTC may be off by `offset_ns` and go wrong by `drift_ppm`; the monotonic one is right."""

    def __init__(self, true: Clock, offset_ns: int = 0, drift_ppm: float = 0.0) -> None:
        self._true = true
        self.monotonic_ns, self._true_ns = true.monotonic_ns, true.now_ns
        self.offset_ns = offset_ns
        self._drift_ppm = drift_ppm
        self._drifts_since_ns = true.monotonic_ns()

    def now_ns(self) -> int:
        now_ns = self._true_ns() + self.offset_ns
        return now_ns + self._drifted_ns() if self._drift_ppm else now_ns

    def drift(self, ppm: float) -> None:
        """From now on; what it was off by until now stays."""
        self.offset_ns += self._drifted_ns()
        self._drift_ppm, self._drifts_since_ns = ppm, self._true.monotonic_ns()

    def set_right(self) -> None:
        """As a time server does."""
        self.offset_ns, self._drift_ppm = 0, 0.0

    def _drifted_ns(self) -> int:
        return int((self._true.monotonic_ns() - self._drifts_since_ns) * self._drift_ppm / 1e6)


Deliver = Callable[[object], object]


def arriving(loop: NodeLoop, deliver: Deliver) -> Deliver:
    """What hands words from outside to a process: they wait at its sockets while it is stopped."""
    return lambda word: loop.run(partial(deliver, word))
