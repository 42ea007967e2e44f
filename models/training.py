"""Trains the LSTM that `lstm.step` serves, a slice at a time. Only the learner imports this: it needs torch."""

from collections import deque
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import binary_cross_entropy_with_logits

from ..trading.messages import SampleTaken
from .faults import StateRefused
from .lstm import NORMALISED_BOUND, LstmWeights
from .samples import TrainingSet, gather

BATCH = 16
SEQUENCE_BARS = 32
RATE = 1e-3
WEIGHT_DECAY = 0.1
DROP_OUT = 0.4
"""Share of the inputs hidden from each step: a few hundred noisy bars are soon learned by heart."""
MIN_LABELS = 16
"""Fewer labels than this, in training or held out, and there is nothing to train or to judge."""

_STATE_VERSION = 1


class _Network(torch.nn.Module):
    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.lstm = torch.nn.LSTM(features, hidden, batch_first=True)
        self.head = torch.nn.Linear(hidden, 1)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Logits (batch, bars) of normalised features (batch, bars, features), from a state of zeros."""
        outputs, _ = self.lstm(inputs)
        logits: torch.Tensor = self.head(outputs)
        return logits.squeeze(-1)


class LstmTrainer:
    """Learns one symbol's LSTM from its last `window_bars` samples.

    The newest fifth of the window is held out: `held_out_log_loss` judges on it, no slice learns from it, and labels
    that reach into it are left out of training. Deterministic by `seed` and what is added, on one thread; `state` and
    `restore` continue exactly.
    """

    def __init__(self, features: int, hidden: int, seed: int, window_bars: int, *, horizon_bars: int = 1) -> None:
        torch.set_num_threads(1)
        self.features = features
        self.hidden = hidden
        self.horizon_bars = horizon_bars
        self.trained_bars = 0
        """Samples added, over all restarts."""
        self._samples: deque[SampleTaken] = deque(maxlen=window_bars)
        self._seed = seed
        self._slices = 0
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._network = _Network(features, hidden)
        self._optimizer = torch.optim.AdamW(self._network.parameters(), lr=RATE, weight_decay=WEIGHT_DECAY)

    def add(self, sample: SampleTaken) -> None:
        """Remembers `sample`; one that is not newer than the last was delivered twice and is passed over."""
        if len(sample.features) != self.features:
            raise ValueError(f"{sample.symbol}: expected {self.features} features, got {len(sample.features)}")
        if self._samples and sample.bar_ns <= self._samples[-1].bar_ns:
            return
        self._samples.append(sample)
        self.trained_bars += 1

    def train_slice(self) -> float | None:
        """One step of truncated back-propagation through time on `BATCH` stretches of `SEQUENCE_BARS` bars.

        Bounded to tens of milliseconds whatever the window. Returns the batch's mean log-loss before the step, None
        while there are too few labels.
        """
        data = self._data()
        if data.train_labels < MIN_LABELS:
            return None
        length = min(SEQUENCE_BARS, data.train_bars)
        self._slices += 1
        random = np.random.default_rng([self._seed, self._slices])
        starts = random.integers(0, data.train_bars - length + 1, size=BATCH)
        rows = starts[:, None] + np.arange(length)
        weights = data.known[rows]
        if not weights.any():
            return None
        inputs = self._inputs(data)[rows]
        inputs *= (random.random(inputs.shape) >= DROP_OUT) / (1.0 - DROP_OUT)
        loss = self._loss(inputs, data.labels[rows], weights)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
        self._optimizer.step()
        return loss.item()

    def held_out_log_loss(self) -> float | None:
        """Mean log-loss over the held-out bars, the network walked through the whole window; None with too few."""
        data = self._data()
        weights = data.held_out
        if weights.sum() < MIN_LABELS:
            return None
        with torch.inference_mode():
            return self._loss(self._inputs(data)[None], data.labels[None], weights[None]).item()

    def weights(self) -> LstmWeights:
        """The network as it is now, with the normalisation of the window, for `lstm.step`."""
        mean, scale = self._data().normalisation()
        arrays = {name: tensor.to(torch.float64).numpy() for name, tensor in self._network.state_dict().items()}
        return LstmWeights(
            mean=mean,
            scale=scale,
            input_weights=arrays["lstm.weight_ih_l0"],
            hidden_weights=arrays["lstm.weight_hh_l0"],
            bias=arrays["lstm.bias_ih_l0"] + arrays["lstm.bias_hh_l0"],
            head_weights=arrays["head.weight"].reshape(-1),
            head_bias=arrays["head.bias"],
        )

    def _data(self) -> TrainingSet:
        return gather(self._samples, self.features, self.horizon_bars)

    def _inputs(self, data: TrainingSet) -> NDArray[np.float64]:
        mean, scale = data.normalisation()
        return np.clip((data.features - mean) / scale, -NORMALISED_BOUND, NORMALISED_BOUND)

    def _loss(self, inputs: NDArray[np.float64], labels: NDArray[np.float64], known: NDArray[np.bool_]) -> torch.Tensor:
        logits = self._network(torch.as_tensor(inputs, dtype=torch.float32))
        weight = torch.as_tensor(known, dtype=torch.float32)
        targets = torch.as_tensor(labels, dtype=torch.float32)
        return binary_cross_entropy_with_logits(logits, targets, weight, reduction="sum") / weight.sum()

    def state(self) -> dict[str, Any]:
        """Network, optimiser, place in the random sequence and window, JSON-able."""
        optimizer = self._optimizer.state_dict()["state"]
        return {
            "version": _STATE_VERSION,
            "shape": [self.features, self.hidden, self.horizon_bars],
            "trained_bars": self.trained_bars,
            "network": {name: tensor.tolist() for name, tensor in self._network.state_dict().items()},
            "optimizer": {str(n): {k: v.tolist() for k, v in moments.items()} for n, moments in optimizer.items()},
            "slices": self._slices,
            "samples": [[s.symbol, s.bar_ns, s.close, list(s.features)] for s in self._samples],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Takes up a `state`. Raises `StateRefused` where it is of another version or shape, or damaged: then make a
        new trainer, for this one may have taken up part of it."""
        expected = [self.features, self.hidden, self.horizon_bars]
        if state.get("version") != _STATE_VERSION or state.get("shape") != expected:
            raise StateRefused(f"trainer: expected version {_STATE_VERSION} of shape {expected}, found {state!r:.80}")
        try:
            self._take_up(state)
        except (KeyError, TypeError, ValueError, RuntimeError) as fault:
            raise StateRefused(f"trainer: expected a whole state, found one that fails with {fault!r:.200}") from fault

    def _take_up(self, state: dict[str, Any]) -> None:
        self._network.load_state_dict({name: torch.tensor(values) for name, values in state["network"].items()})
        groups = self._optimizer.state_dict()["param_groups"]
        moments = {int(n): {k: torch.tensor(v) for k, v in kept.items()} for n, kept in state["optimizer"].items()}
        self._optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self._slices = int(state["slices"])
        self._samples.clear()
        for symbol, bar_ns, close, features in state["samples"]:
            self.add(SampleTaken(symbol=symbol, bar_ns=bar_ns, close=close, features=tuple(features)))
        self.trained_bars = int(state["trained_bars"])
