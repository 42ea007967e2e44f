"""The log-loss of a probability, and numbers read back from saved states. A coin scores ln 2 = 0.693."""

from math import isfinite, log

from .faults import StateRefused

SURE = 1e-3
"""No model is believed further than this from 0 or 1, so one bar costs at most -ln(SURE) = 6.9."""


def clip_probability(probability: float) -> float:
    """`probability` within [SURE, 1 - SURE]."""
    return min(max(probability, SURE), 1.0 - SURE)


def log_loss(probability: float, label: float) -> float:
    """-ln of the probability given to what happened, for a label of 0 or 1."""
    probability = clip_probability(probability)
    return -log(probability if label > 0.5 else 1.0 - probability)


def read_floats(state: object, what: str, length: int | None = None) -> list[float]:
    """`state` as finite floats, `length` of them where given; otherwise `StateRefused` naming `what`."""
    if not isinstance(state, list) or (length is not None and len(state) != length):
        found = len(state) if isinstance(state, list) else type(state).__name__
        raise StateRefused(f"{what}: expected a list of {length or 'any number of'} floats, found {found}; begin anew")
    if not all(isinstance(value, (int, float)) and isfinite(value) for value in state):
        raise StateRefused(f"{what}: expected finite floats, found {state!r:.80}; begin anew")
    return [float(value) for value in state]
