"""Process-wide settings that keep the interpreter free for a cell.

One busy Python thread beside a cell holds the interpreter's lock for a whole switch interval each time it gets it, and
a full garbage collection holds everything up for as long as there are objects. Neither can be forbidden, both can be
made small: threads hand over after 0.1 ms, and full collections happen when `collect` says so.
"""

import gc
import sys

from .clock import Clock

SWITCH_INTERVAL_S = 1e-4
THRESHOLDS = (20_000, 50, 1_000_000)
"""Objects before a young collection, young ones before a middle one, middle ones before a full one: never."""


def tune() -> None:
    """Apply the settings. What lives now is not looked at by any later collection: call it when all is loaded."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.set_threshold(*THRESHOLDS)
    gc.collect()
    gc.freeze()


def complaints() -> list[str]:
    """What of the settings does not hold, and what was expected; empty where all do."""
    found = []
    if sys.getswitchinterval() > 2 * SWITCH_INTERVAL_S:
        found.append(f"switch interval: expected {SWITCH_INTERVAL_S} s, found {sys.getswitchinterval()} s")
    if gc.get_threshold() != THRESHOLDS:
        found.append(f"garbage collection thresholds: expected {THRESHOLDS}, found {gc.get_threshold()}")
    if gc.get_freeze_count() == 0:
        found.append("frozen objects: expected what was loaded at the start, found none")
    return found


def collect(clock: Clock) -> float:
    """A full collection, at a moment of the caller's choosing; the seconds it took."""
    started_ns = clock.monotonic_ns()
    gc.collect()
    return (clock.monotonic_ns() - started_ns) / 1e9
