"""What a sample turned out to be: did the close rise or fall after `horizon_bars`?"""

from collections import deque
from typing import Generic, TypeVar

Sample = TypeVar("Sample")


def label_of(close_then: float, close_now: float) -> float | None:
    """1.0 higher, 0.0 lower, None equal.

    Equal closes give no label: they say nothing of direction, and a market that stands still (a dead feed repeats its
    last close) must teach nothing. Probabilities are therefore those of a rise, given that the price moves.
    """
    if close_now == close_then:
        return None
    return 1.0 if close_now > close_then else 0.0


class Labeller(Generic[Sample]):
    """Holds samples until their label is known, at most `horizon_bars` of them.

    At each bar call `settle` with its close first, then `hold` its own sample: what was learned from the settled
    sample may then serve the new one.
    """

    def __init__(self, horizon_bars: int) -> None:
        if horizon_bars < 1:
            raise ValueError(f"horizon_bars must be at least 1, got {horizon_bars}")
        self.horizon_bars = horizon_bars
        self._held: deque[tuple[Sample, float]] = deque()

    def settle(self, close: float) -> tuple[Sample, float] | None:
        """The sample of `horizon_bars` ago and its label; None while there is none, or where the closes are equal."""
        if len(self._held) < self.horizon_bars:
            return None
        sample, close_then = self._held.popleft()
        label = label_of(close_then, close)
        return None if label is None else (sample, label)

    def hold(self, sample: Sample, close: float) -> None:
        assert len(self._held) < self.horizon_bars, "hold without settle: samples would outlive their horizon"
        self._held.append((sample, close))

    def clear(self) -> None:
        """Forgets what is held: bars are missing, so its labels would be those of another horizon."""
        self._held.clear()
