"""Our clock as the venue's would show it: signed requests carry the venue's time, however wrong ours is."""

from ..kernel.clock import Clock

BETTER = 1.5
"""A comparison replaces the one before if it took at most so many times as long; or proves it wrong."""


class VenueClock:
    """Corrected by `note`, again and again: a clock drifts, and a person sets it. Where no difference is proven there
    is no correction. Monotonic time is ours, unchanged."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._took_ns = 0
        self.offset_ns = 0
        """The venue's time less ours."""

    def now_ns(self) -> int:
        return self._clock.now_ns() + self.offset_ns

    def monotonic_ns(self) -> int:
        return self._clock.monotonic_ns()

    def note(self, venue_ms: int, asked_ns: int, took_ns: int) -> float:
        """The venue told its time in an answer `took_ns` after it was asked at `asked_ns` of our clock: it was told at
        some instant between, best guessed in the middle. Returns the seconds by which the clocks differ at least."""
        offset_ns = venue_ms * 1_000_000 - (asked_ns + took_ns // 2)
        doubt_ns = took_ns // 2
        disproves = abs(offset_ns - self.offset_ns) > doubt_ns
        if disproves or took_ns <= self._took_ns * BETTER:
            self.offset_ns = offset_ns if abs(offset_ns) > doubt_ns else 0
            self._took_ns = took_ns
        proven_ns = max(abs(offset_ns) - doubt_ns, 0)
        return (proven_ns if offset_ns > 0 else -proven_ns) / 1e9
