"""The LSTM as the trader steps it: numpy only, one step a bar, its state kept between bars."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as read_tensors
from safetensors.numpy import save as write_tensors

from .faults import WeightsCorrupt
from .losses import clip_probability

FloatArray = NDArray[np.float64]

NORMALISED_BOUND = 5.0
"""Normalised features are clipped to ±this, in training and in serving."""


@dataclass(frozen=True, eq=False)
class LstmWeights:
    """One LSTM layer of H units over F features with a logistic head; gates in the order input, forget, cell, output.

    Shapes: mean and scale (F), input_weights (4H, F), hidden_weights (4H, H), bias (4H), head_weights (H),
    head_bias (1). `mean` and `scale` (positive) normalise the features and belong to the weights. Raises
    `WeightsCorrupt` where a shape is another or a number is not finite.
    """

    mean: FloatArray
    scale: FloatArray
    input_weights: FloatArray
    hidden_weights: FloatArray
    bias: FloatArray
    head_weights: FloatArray
    head_bias: FloatArray

    def __post_init__(self) -> None:
        size, hidden = self.mean.size, self.head_weights.size
        for name, shape in _shapes(size, hidden).items():
            array: FloatArray = getattr(self, name)
            if array.shape != shape or not array.size:
                raise WeightsCorrupt(f"LSTM {name}: expected shape {shape}, found {array.shape}; publish it again")
            if not np.isfinite(array).all():
                raise WeightsCorrupt(f"LSTM {name}: expected finite numbers, found NaN or infinity; publish it again")
        if not (self.scale > 0.0).all():
            raise WeightsCorrupt("LSTM scale: expected positive numbers, found zero or less; publish it again")

    @property
    def features(self) -> int:
        return self.mean.size

    @property
    def hidden(self) -> int:
        return self.head_weights.size


class LstmState(NamedTuple):
    """What the network remembers of one symbol; both of shape (H)."""

    hidden: FloatArray
    cell: FloatArray


def initial_state(weights: LstmWeights) -> LstmState:
    """The network's state before the first bar: zeros, as in training."""
    return LstmState(np.zeros(weights.hidden), np.zeros(weights.hidden))


def step(weights: LstmWeights, state: LstmState, features: Sequence[float]) -> tuple[float, LstmState]:
    """The probability of a rise after this bar, in (0, 1), and the next state (Hochreiter, Schmidhuber, 1997).

    `features` are raw (F), as `FeatureBuilder.close` gives them. Equals torch's `LSTM` within float32 rounding.
    """
    scores = (np.asarray(features, dtype=np.float64) - weights.mean) / weights.scale
    inputs = np.minimum(np.maximum(scores, -NORMALISED_BOUND), NORMALISED_BOUND)
    gates = weights.input_weights @ inputs + weights.hidden_weights @ state.hidden + weights.bias
    size = weights.hidden
    admit, keep, emit = (_sigmoid(gates[n * size : (n + 1) * size]) for n in (0, 1, 3))
    cell = keep * state.cell + admit * np.tanh(gates[2 * size : 3 * size])
    hidden = emit * np.tanh(cell)
    logit = weights.head_weights @ hidden + weights.head_bias[0]
    return clip_probability(float(_sigmoid(logit))), LstmState(hidden, cell)


def encode(weights: LstmWeights) -> bytes:
    """The weights as a safetensors file, float64."""
    return write_tensors({field.name: np.ascontiguousarray(getattr(weights, field.name)) for field in fields(weights)})


def decode(data: bytes) -> LstmWeights:
    """The weights of a safetensors file; `WeightsCorrupt` unless it holds exactly these tensors, well-shaped."""
    try:
        tensors = read_tensors(data)
    except SafetensorError as fault:
        raise WeightsCorrupt(f"LSTM: expected a safetensors file, found {fault}; publish it again") from fault
    names = [field.name for field in fields(LstmWeights)]
    if sorted(tensors) != sorted(names) or any(tensor.dtype != np.float64 for tensor in tensors.values()):
        raise WeightsCorrupt(f"LSTM: expected float64 tensors {names}, found {sorted(tensors)}; publish it again")
    return LstmWeights(**tensors)


def _shapes(size: int, hidden: int) -> dict[str, tuple[int, ...]]:
    return {
        "mean": (size,),
        "scale": (size,),
        "input_weights": (4 * hidden, size),
        "hidden_weights": (4 * hidden, hidden),
        "bias": (4 * hidden,),
        "head_weights": (hidden,),
        "head_bias": (1,),
    }


def _sigmoid(values: FloatArray) -> FloatArray:
    """By tanh, which cannot overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * values))
