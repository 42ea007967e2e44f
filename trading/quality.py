"""How far one symbol's market data can be trusted: a score from 0 to 1, and what takes from it. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

FULL = 1.0
HALF_LIFE_S = 1.0
"""What happened once counts half after so long."""
LATELY_MAX = 10.0
"""More of one kind count as so many: trust that is lost wholly is back after a few seconds all the same."""


class Fault(NamedTuple):
    """What takes from the score: nothing up to `fine`, all of it from `bad` on, evenly between."""

    fine: float
    bad: float
    words: str


FAULTS: dict[str, Fault] = {
    "silence": Fault(1.0, 1.5, "silent for {:.1f} times what is borne"),
    "trades": Fault(1.0, 5.0, "without a trade for {:.1f} times what is borne"),
    "gaps": Fault(0.5, 8.0, "{:.1f} gaps of late"),
    "crossed": Fault(0.5, 4.0, "{:.1f} crossed or locked quotes of late"),
    "quarantined": Fault(0.5, 10.0, "{:.1f} items quarantined of late"),
    "outliers": Fault(1.5, 10.0, "{:.1f} returns far from the usual of late"),
    "skew_s": Fault(1.0, 10.0, "event times {:.1f} s from where they usually are"),
    "apart_bps": Fault(50.0, 300.0, "quotes and book are {:.0f} bps apart"),
    "deviation_bps": Fault(25.0, 200.0, "{:.0f} bps from other venues, beyond the usual"),
    "volume": Fault(30.0, 300.0, "volume {:.0f} deviations from the usual"),
}
"""By name of the figure. Those "of late" are counts that fade with `HALF_LIFE_S`."""


class Score(NamedTuple):
    value: float
    reasons: tuple[str, ...]
    """Names of `FAULTS`, the worst first; `not live` where there is nothing to be judged."""


NOT_LIVE = Score(0.0, ("not live",))


def judge(figures: Mapping[str, float]) -> Score:
    """The score by the figures that are known. A figure that is no number proves nothing good."""
    parts = {name: _part(FAULTS[name], value) for name, value in figures.items()}
    value = FULL
    for part in parts.values():
        value *= 1.0 - part
    return Score(value, tuple(sorted((name for name, part in parts.items() if part > 0.0), key=lambda n: -parts[n])))


def explain(figures: Mapping[str, float], reasons: tuple[str, ...]) -> str:
    """The reasons in words."""
    return "; ".join(FAULTS[name].words.format(figures[name]) if name in figures else name for name in reasons)


def fade(counts: dict[str, float], elapsed_s: float) -> None:
    """Let time pass over counts "of late"; what is next to nothing goes."""
    factor = 0.5 ** (elapsed_s / HALF_LIFE_S)
    for name in tuple(counts):
        counts[name] *= factor
        if counts[name] < 0.01:
            del counts[name]


def _part(fault: Fault, value: float) -> float:
    """How much of the score it takes; NaN takes all."""
    if value <= fault.fine:
        return 0.0
    return (value - fault.fine) / (fault.bad - fault.fine) if value < fault.bad else 1.0
