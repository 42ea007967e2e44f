"""A window of samples as arrays for training: features, labels, and which of them may teach or judge."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..trading.messages import SampleTaken

HELD_OUT_SHARE = 0.2

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """N bars, oldest first; training takes the first `train_bars`, the rest is held out."""

    features: FloatArray
    """(N, F), raw."""
    labels: FloatArray
    """(N), 1 where the close rose; 0.5 where there is no label."""
    known: BoolArray
    """(N), labels a training may use: none reaches into the held-out bars."""
    held_out: BoolArray
    """(N), labels only judgement may use."""
    train_bars: int

    @property
    def train_labels(self) -> int:
        return int(self.known.sum())

    def normalisation(self) -> tuple[FloatArray, FloatArray]:
        """Mean and scale (F) of the training bars; a feature that does not move has scale 1."""
        rows = self.features[: max(self.train_bars, 1)]
        if not len(rows):
            return np.zeros(self.features.shape[1]), np.ones(self.features.shape[1])
        scale = rows.std(axis=0)
        return rows.mean(axis=0), np.where(scale > 1e-9, scale, 1.0)


def gather(samples: Sequence[SampleTaken], features: int, horizon_bars: int) -> TrainingSet:
    """`samples`, oldest first, as arrays. A label needs the bar exactly `horizon_bars` later: none reaches over a gap
    in `bar_ns`, and equal closes give none (see `labels.label_of`)."""
    count = len(samples)
    closes = np.array([sample.close for sample in samples], dtype=np.float64)
    rises = np.zeros(count)
    if count > horizon_bars:
        rises[:-horizon_bars] = np.sign(closes[horizon_bars:] - closes[:-horizon_bars])
        rises[:-horizon_bars] *= _unbroken(samples, horizon_bars)
    labelled = rises != 0.0
    train_bars = count - round(count * HELD_OUT_SHARE)
    bars = np.arange(count)
    return TrainingSet(
        features=np.array([sample.features for sample in samples], dtype=np.float64).reshape(count, features),
        labels=(rises + 1.0) / 2.0,
        known=labelled & (bars + horizon_bars < train_bars),
        held_out=labelled & (bars >= train_bars),
        train_bars=train_bars,
    )


def _unbroken(samples: Sequence[SampleTaken], horizon_bars: int) -> BoolArray:
    """(N - horizon_bars), whether the sample `horizon_bars` on is just that many bars later."""
    ends_ns = np.array([sample.bar_ns for sample in samples], dtype=np.int64)
    bar_ns = np.diff(ends_ns).min()
    return np.asarray(ends_ns[horizon_bars:] - ends_ns[:-horizon_bars] == horizon_bars * bar_ns)
