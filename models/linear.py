"""The baseline that always runs: logistic regression, one step of AdaGrad a label."""

from collections import deque
from collections.abc import Sequence
from math import exp, sqrt
from operator import mul
from typing import Any

from .faults import StateRefused
from .losses import clip_probability, log_loss, read_floats

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

    # Plain floats: for a dozen features they are twice as fast as numpy.

    def __init__(self, size: int, rate: float = 0.05, l2: float = 1e-3) -> None:
        self.size = size
        self.learned = 0
        self._rate = rate
        self._l2 = l2
        self._mean = [0.0] * size
        self._variance = [0.0] * size
        self._weights = [0.0] * (size + 1)
        """The last one is the bias."""
        self._squares = [0.0] * (size + 1)
        self._losses: deque[float] = deque(maxlen=LOSS_WINDOW)

    @property
    def recent_log_loss(self) -> float | None:
        """Mean over the last `LOSS_WINDOW` labels, each predicted before it was learned; None before the first."""
        return sum(self._losses) / len(self._losses) if self._losses else None

    def predict(self, features: Sequence[float]) -> float:
        """Probability in (0, 1); 0.5 before anything was learned."""
        return self._probability(self._normalise(features))

    def learn(self, features: Sequence[float], label: float) -> None:
        """One step towards `label`, 0 or 1."""
        self._losses.append(log_loss(self.predict(features), label))
        self._observe(features)
        inputs = self._normalise(features)
        error = self._probability(inputs) - label
        for n, (value, weight) in enumerate(zip(inputs, self._weights, strict=True)):
            gradient = error * value + self._l2 * weight
            self._squares[n] += gradient * gradient
            self._weights[n] -= self._rate * gradient / sqrt(self._squares[n] + 1e-8)

    def _observe(self, features: Sequence[float]) -> None:
        """Exponentially weighted mean and variance; of fewer labels than its memory, the plain ones."""
        self.learned += 1
        step = 1.0 / min(self.learned, _MEMORY)
        for n, value in enumerate(features):
            delta = value - self._mean[n]
            self._mean[n] += step * delta
            self._variance[n] = (1.0 - step) * (self._variance[n] + step * delta * delta)

    def _normalise(self, features: Sequence[float]) -> list[float]:
        """Features in deviations from their mean, and a 1 for the bias; one that never moved gives 0."""
        moments = zip(features, self._mean, self._variance, strict=True)
        scores = [(value - mean) / sqrt(var) if var > 1e-18 else 0.0 for value, mean, var in moments]
        inputs = [each if -NORMALISED_BOUND <= each <= NORMALISED_BOUND else _clip(each) for each in scores]
        inputs.append(1.0)
        return inputs

    def _probability(self, inputs: list[float]) -> float:
        logit = sum(map(mul, self._weights, inputs))
        return clip_probability(1.0 / (1.0 + exp(-max(-30.0, min(30.0, logit)))))

    def state(self) -> dict[str, Any]:
        """Everything learned, JSON-able; `restore` of it continues bit by bit the same."""
        return {
            "version": _STATE_VERSION,
            "learned": self.learned,
            "mean": list(self._mean),
            "variance": list(self._variance),
            "weights": list(self._weights),
            "squares": list(self._squares),
            "losses": list(self._losses),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Takes up a `state`. Raises `StateRefused`, and changes nothing, where it does not fit."""
        if state.get("version") != _STATE_VERSION or not isinstance(state.get("learned"), int):
            raise StateRefused(f"linear: expected state version {_STATE_VERSION}, found {state!r:.80}; begin anew")
        size = self.size
        mean, variance = (read_floats(state.get(name), f"linear {name}", size) for name in ("mean", "variance"))
        weights, squares = (read_floats(state.get(name), f"linear {name}", size + 1) for name in ("weights", "squares"))
        losses = read_floats(state.get("losses"), "linear losses")
        if min(variance, default=0.0) < 0.0 or min(squares) < 0.0:
            raise StateRefused("linear: expected variances and squares of at least 0, found less; begin anew")
        self.learned, self._losses = state["learned"], deque(losses, maxlen=LOSS_WINDOW)
        self._mean, self._variance, self._weights, self._squares = mean, variance, weights, squares


def _clip(score: float) -> float:
    return max(-NORMALISED_BOUND, min(NORMALISED_BOUND, score))
