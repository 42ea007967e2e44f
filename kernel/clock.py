"""The one place that reads time."""

import time
from typing import Protocol


class Clock(Protocol):
    """Time as everything in the system sees it."""

    def now_ns(self) -> int:
        """Nanoseconds UTC since the epoch; may step when the host's clock is set."""

    def monotonic_ns(self) -> int:
        """Nanoseconds that never go back; comparable between processes of one host, not across a reboot."""


class SystemClock:
    """The host's clock."""

    now_ns = staticmethod(time.time_ns)  # it is read for every message: a method of ours would cost more than that
    monotonic_ns = staticmethod(time.monotonic_ns)


class ManualClock:
    """A clock that moves only when told to, for tests and simulation."""

    def __init__(self, now_ns: int = 1_700_000_000_000_000_000) -> None:
        self._start_ns = now_ns
        self.elapsed_ns = 0
        """What `monotonic_ns` answers."""

    def now_ns(self) -> int:
        return self._start_ns + self.elapsed_ns

    def monotonic_ns(self) -> int:
        return self.elapsed_ns

    def advance(self, seconds: float) -> None:
        assert seconds >= 0, "a clock does not go back"
        self.elapsed_ns += round(seconds * 1e9)

    def advance_to(self, monotonic_ns: int) -> None:
        """Nothing happens where that is past."""
        self.elapsed_ns = max(self.elapsed_ns, monotonic_ns)
