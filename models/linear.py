"""The baseline that always runs: logistic regression, one step of AdaGrad a label."""

from collections import deque
from collections.abc import Sequence
from math import exp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .faults import StateRefused
from .losses import clip_probability, log_loss, read_floats

FloatArray = NDArray[np.float64]

NORMALISED_BOUND = 5.0
LOSS_WINDOW = 200
_MEMORY = 1000
_STATE_VERSION = 1


class OnlineLinear:
    """P(label = 1 | features) of `size` features, learned one label at a time.

    Features are normalised by their own running mean and deviation (over about the last 1,000 labels), clipped to
    ±NORMALISED_BOUND. Weights follow AdaGrad (Duchi, Hazan, Singer, 2011) with an L2 pull towards 0. Deterministic.
    Features and labels must be finite.
    """

    def __init__(self, size: int, rate: float = 0.05, l2: float = 1e-3) -> None:
        self.size = size
        self.learned = 0
        self._rate = rate
        self._l2 = l2
        self._mean: FloatArray = np.zeros(size)
        self._variance: FloatArray = np.zeros(size)
        self._weights: FloatArray = np.zeros(size + 1)
        """The last one is the bias."""
        self._squares: FloatArray = np.zeros(size + 1)
        self._losses: deque[float] = deque(maxlen=LOSS_WINDOW)

    @property
    def recent_log_loss(self) -> float | None:
        """Mean over the last `LOSS_WINDOW` labels, each predicted before it was learned; None before the first."""
        return sum(self._losses) / len(self._losses) if self._losses else None

    def predict(self, features: Sequence[float]) -> float:
        """Probability in (0, 1); 0.5 before anything was learned."""
        return self._probability(self._normalise(np.asarray(features, dtype=np.float64)))

    def learn(self, features: Sequence[float], label: float) -> None:
        """One step towards `label`, 0 or 1."""
        values = np.asarray(features, dtype=np.float64)
        self._losses.append(log_loss(self._probability(self._normalise(values)), label))
        self._observe(values)
        inputs = self._normalise(values)
        gradient = (self._probability(inputs) - label) * inputs + self._l2 * self._weights
        self._squares += gradient * gradient
        self._weights -= self._rate * gradient / np.sqrt(self._squares + 1e-8)

    def _observe(self, values: FloatArray) -> None:
        self.learned += 1
        step = 1.0 / min(self.learned, _MEMORY)
        delta = values - self._mean
        self._mean += step * delta
        self._variance = (1.0 - step) * (self._variance + step * delta * delta)

    def _normalise(self, values: FloatArray) -> FloatArray:
        """`values` in deviations from their mean, and a 1 for the bias; a feature that never moved gives 0."""
        scale = np.sqrt(self._variance)
        moved = scale > 1e-9
        scores = np.where(moved, (values - self._mean) / np.where(moved, scale, 1.0), 0.0)
        return np.append(np.clip(scores, -NORMALISED_BOUND, NORMALISED_BOUND), 1.0)

    def _probability(self, inputs: FloatArray) -> float:
        logit = float(self._weights @ inputs)
        return clip_probability(1.0 / (1.0 + exp(-max(-30.0, min(30.0, logit)))))

    def state(self) -> dict[str, Any]:
        """Everything learned, JSON-able; `restore` of it continues bit by bit the same."""
        return {
            "version": _STATE_VERSION,
            "learned": self.learned,
            "mean": self._mean.tolist(),
            "variance": self._variance.tolist(),
            "weights": self._weights.tolist(),
            "squares": self._squares.tolist(),
            "losses": list(self._losses),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Takes up a `state`. Raises `StateRefused`, and changes nothing, where it does not fit."""
        if state.get("version") != _STATE_VERSION or not isinstance(state.get("learned"), int):
            raise StateRefused(f"linear: expected state version {_STATE_VERSION}, found {state!r:.80}; begin anew")
        size = self.size
        mean, variance = (_array(state, name, size) for name in ("mean", "variance"))
        weights, squares = (_array(state, name, size + 1) for name in ("weights", "squares"))
        losses = deque(read_floats(state.get("losses"), "linear losses"), maxlen=LOSS_WINDOW)
        if min(variance, default=0.0) < 0.0 or min(squares, default=0.0) < 0.0:
            raise StateRefused("linear: expected variances and squares of at least 0, found less; begin anew")
        self.learned, self._losses = state["learned"], losses
        self._mean, self._variance, self._weights, self._squares = mean, variance, weights, squares


def _array(state: dict[str, Any], name: str, length: int) -> FloatArray:
    return np.array(read_floats(state.get(name), f"linear {name}", length), dtype=np.float64)
