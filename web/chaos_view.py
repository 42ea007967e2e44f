"""A chaos run as plain JSON values: pure functions, each bounded."""

from ..transports.control import ChaosProgress, ChaosStep, ChaosTimes, Invariant
from .view import View, clip, finite, milliseconds

STEPS_MAX = 200
KINDS_MAX = 64
INVARIANTS_MAX = 64


def chaos_view(progress: ChaosProgress, *, silent: bool) -> View:
    """The newest fault first. A run that is not finished and is `silent` counts as lost."""
    lost = silent and progress.state != "finished"
    return {
        "state": "lost" if lost else progress.state,
        "seed": progress.seed,
        "minutes": finite(progress.minutes),
        "started_ms": milliseconds(progress.started_ns),
        "planned": progress.planned,
        "done": max((step.number for step in progress.steps), default=0),
        "steps": [_step_view(step) for step in reversed(progress.steps[-STEPS_MAX:])],
        "times": [_times_view(times) for times in progress.times[:KINDS_MAX]],
        "invariants": [_invariant_view(each) for each in progress.invariants[:INVARIANTS_MAX]],
    }


def _step_view(step: ChaosStep) -> View:
    return {
        "number": step.number,
        "kind": clip(step.kind),
        "target": clip(step.target),
        "what": clip(step.what),
        "at_ms": milliseconds(step.at_ns),
        "verdict": step.verdict,
        "noticed_ms": finite(step.noticed_ms),
        "recovered_ms": finite(step.recovered_ms),
        "rung": clip(step.rung),
        "text": clip(step.text),
    }


def _times_view(times: ChaosTimes) -> View:
    return {
        "kind": clip(times.kind),
        "count": times.count,
        "recovered": times.recovered,
        "p50_ms": finite(times.p50_ms),
        "p99_ms": finite(times.p99_ms),
        "max_ms": finite(times.max_ms),
    }


def _invariant_view(invariant: Invariant) -> View:
    return {"name": clip(invariant.name), "holds": invariant.holds, "text": clip(invariant.text)}
