"""A run's faults as data: drawn from its seed, written down in one line, and made smaller when a run fails."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import msgspec


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """One thing that happens to the system. What `kind`, `target` and `amount` mean is for who applies it."""

    at_s: float
    kind: str
    target: str = ""
    for_s: float = 0.0
    amount: float = 0.0


Schedule = tuple[Fault, ...]

_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(Schedule).decode


def to_text(schedule: Schedule) -> str:
    """As JSON: what `from_text` reads again."""
    return _encode(schedule).decode()


def from_text(text: str) -> Schedule:
    """`msgspec.DecodeError` for what is no schedule."""
    return _decode(text)


def shrink(schedule: Schedule, fails: Callable[[Schedule], bool], runs: int = 200) -> Schedule:
    """The smallest part of a schedule found within `runs` runs that still fails; delta debugging, as Zeller and
    Hildebrandt describe it ("Simplifying and Isolating Failure-Inducing Input", 2002)."""
    budget = _Budget(runs)
    parts = 2
    while len(schedule) >= 2 and budget.left:
        smaller = _first_failing(_without_each(schedule, parts), fails, budget)
        if smaller is not None:
            schedule, parts = smaller, max(parts - 1, 2)
        elif parts >= len(schedule):
            break
        else:
            parts = min(2 * parts, len(schedule))
    if len(schedule) == 1 and budget.spend() and fails(()):
        return ()
    return schedule


class _Budget:
    def __init__(self, runs: int) -> None:
        self.left = runs

    def spend(self) -> bool:
        self.left -= 1
        return self.left >= 0


def _without_each(schedule: Schedule, parts: int) -> list[Schedule]:
    bounds = [round(index * len(schedule) / parts) for index in range(parts + 1)]
    return [schedule[:first] + schedule[last:] for first, last in pairwise(bounds)]


def _first_failing(
    candidates: Sequence[Schedule], fails: Callable[[Schedule], bool], budget: _Budget
) -> Schedule | None:
    for candidate in candidates:
        if not budget.spend():
            return None
        if fails(candidate):
            return candidate
    return None
