"""Times things, and puts the times beside a reference measured in the same run: machines differ, ratios less so."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Action = Callable[[], object]
Result = dict[str, str | int | float]

ROUNDS = 10
"""How often two measurements take turns, so that a machine that slows down meanwhile slows both."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The distribution of the time of one call in µs, and the calls per second of the time they took together."""

    n: int
    p50_us: float
    p99_us: float
    per_s: float


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest of the ordered values that at least `share` (0 to 1) of them do not exceed (nearest rank)."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summarise(samples_ns: Sequence[float], calls_per_sample: int = 1) -> Timing:
    """The timing of samples in ns, at least one; a sample of several calls counts as so many calls of its mean.

    Raises ValueError where there is no sample.
    """
    if not samples_ns:
        raise ValueError("expected at least one sample to summarise, found none")
    ordered = sorted(sample / calls_per_sample for sample in samples_ns)
    n, total_ns = len(ordered) * calls_per_sample, sum(samples_ns)
    per_s = n * 1e9 / total_ns if total_ns else 0.0
    return Timing(n, percentile(ordered, 0.5) / 1e3, percentile(ordered, 0.99) / 1e3, per_s)


def time_calls(action: Action, n: int, *, batch: int = 1, warm_up: int = 10) -> Timing:
    """The timing of at least `n` calls, one after the other, after `warm_up` calls that do not count.

    Reading the clock costs some 100 ns: what takes less than a few µs is timed in batches of `batch` calls.
    """
    return summarise(sample_calls(action, n, batch=batch, warm_up=warm_up), batch)


def sample_calls(action: Action, n: int, *, batch: int = 1, warm_up: int = 0) -> list[int]:
    """The ns each batch of calls took, for at least `n` calls."""
    for _ in range(warm_up):
        action()
    return [_time_batch(action, batch) for _ in range(-(-n // batch))]


def compare(name: str, action: Action, reference: str, reference_action: Action, n: int, *, batch: int = 1) -> Result:
    """The result of `action`, with the ratio to `reference_action`; the two take turns in the same run."""
    own: list[int] = []
    other: list[int] = []
    for _ in range(ROUNDS):
        own += sample_calls(action, max(1, n // ROUNDS), batch=batch, warm_up=1)
        other += sample_calls(reference_action, max(1, n // ROUNDS), batch=batch, warm_up=1)
    return result(name, summarise(own, batch), reference, summarise(other, batch))


def result(name: str, timing: Timing, reference: str = "", against: Timing | None = None) -> Result:
    """One line of the bench. `ratio` is the reference's median by our own: above 1 means better than the reference."""
    line: Result = {"name": name, "n": timing.n, "p50_us": _round(timing.p50_us), "p99_us": _round(timing.p99_us)}
    line["per_s"] = _round(timing.per_s)
    if against is None or not timing.p50_us:
        return line
    return line | {"ratio": _round(against.p50_us / timing.p50_us), "reference": reference}


def _time_batch(action: Action, batch: int) -> int:
    start_ns = time.perf_counter_ns()
    for _ in range(batch):
        action()
    return time.perf_counter_ns() - start_ns


def _round(value: float) -> float:
    """Four digits say as much as a measurement does."""
    return float(f"{value:.4g}")
