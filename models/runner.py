"""All models of one symbol in the trader: they predict, are scored by what came, and the champion speaks."""

from collections import deque
from typing import Any, NamedTuple

from ..trading.messages import BarClosed, MarketDataUpdate, ModelPublished, Prediction, SampleTaken
from . import lstm
from .champion import Scoreboard
from .drift import DriftMonitor
from .faults import StateRefused, WeightsCorrupt
from .features import FEATURE_NAMES, FeatureBuilder
from .labels import Labeller
from .linear import OnlineLinear
from .losses import log_loss

LINEAR, LSTM = "linear", "lstm"

_REPLAYED_BARS = 16
"""Recent bars that fresh weights are walked through, for a state of their own."""


class _Forecast(NamedTuple):
    features: tuple[float, ...]
    probabilities: dict[str, float]


class _Outcome(NamedTuple):
    forecast: _Forecast
    label: float


class ModelRunner:
    """Learns and predicts one symbol, bar by bar; deterministic in what it is fed.

    Feed it in the order of time: every update to `on_market`, and each bar to `on_bar` before any update received at
    or after the bar's end. What a bar's close decides is learned by `learn`, at the latest when the next bar comes: who
    decides now need not wait for it. Learned state survives a restart by `state` and `restore`; the recent past does
    not, so the first bars after a restart are predicted with little history.
    """

    def __init__(self, symbol: str, horizon_bars: int, bar_s: float, drift_margin: float = 0.05) -> None:
        self.symbol = symbol
        self.horizon_s = horizon_bars * bar_s
        self._features = FeatureBuilder(symbol)
        self._labeller: Labeller[_Forecast] = Labeller(horizon_bars)
        self._linear = OnlineLinear(len(FEATURE_NAMES))
        self._scoreboard = Scoreboard(baseline=LINEAR)
        self._drift = DriftMonitor(drift_margin)
        self.fallback = False
        """True: the linear model speaks, whatever the others scored."""
        self._recent: deque[tuple[float, ...]] = deque(maxlen=_REPLAYED_BARS)
        self._bar_end_ns: int | None = None
        self._outcome: _Outcome | None = None
        """What is known and not learned yet."""
        self._published: ModelPublished | None = None
        self._weights: lstm.LstmWeights | None = None
        self._lstm_state: lstm.LstmState | None = None

    @property
    def learned_bars(self) -> int:
        """Labels the linear model learned from, over all restarts."""
        return self._linear.learned

    @property
    def champion(self) -> str:
        """The model that speaks: the better one of those that can, but for the fallback."""
        return LINEAR if self.fallback else self.chosen

    @property
    def chosen(self) -> str:
        """The model that scored better of those that can speak."""
        return LSTM if self._weights is not None and self._scoreboard.champion == LSTM else LINEAR

    @property
    def version(self) -> str:
        """The champion's: the published version, or the count of labels the linear model learned from."""
        return self._published.version if self._published and self.champion == LSTM else str(self.learned_bars)

    def losses(self) -> dict[str, float]:
        """Recent mean log-loss by model, each prediction made before its outcome was known."""
        return self._scoreboard.losses()

    @property
    def drifting(self) -> bool:
        """Whether the chosen model's recent predictions were clearly worse than a coin."""
        return self._drift.alarm

    def on_market(self, update: MarketDataUpdate) -> None:
        self._features.update(update)

    def skip(self, bar: BarClosed) -> None:
        """A bar of data that cannot be trusted: nothing is learned from it or over it, and nothing predicted."""
        self.learn()
        self._labeller.clear()
        self._bar_end_ns = None
        self._features.close(bar)

    def on_bar(self, bar: BarClosed) -> tuple[Prediction, SampleTaken]:
        """Predicts `horizon_s` ahead of this bar's close, with all learned that was known before it; what the close
        itself decides is left for `learn`."""
        self.learn()
        close = float(bar.close)
        self._settle(bar, close)
        features = self._features.close(bar)
        forecast = _Forecast(features, self._predict(features))
        self._labeller.hold(forecast, close)
        prediction = Prediction(
            symbol=self.symbol,
            probability_up=forecast.probabilities[self.champion],
            horizon_s=self.horizon_s,
            model=f"{self.champion}@{self.version}",
            bar_ns=bar.end_ns,
            features=features,
        )
        return prediction, SampleTaken(symbol=self.symbol, bar_ns=bar.end_ns, close=close, features=features)

    def _settle(self, bar: BarClosed, close: float) -> None:
        if self._bar_end_ns != bar.start_ns:
            self._labeller.clear()
        self._bar_end_ns = bar.end_ns
        if (settled := self._labeller.settle(close)) is not None:
            self._outcome = _Outcome(*settled)

    def learn(self) -> None:
        """What the last bar's close decided; once."""
        outcome, self._outcome = self._outcome, None
        if outcome is None:
            return
        forecast, label = outcome
        losses = {name: log_loss(p, label) for name, p in forecast.probabilities.items()}
        self._drift.record(losses.get(self.chosen, losses[LINEAR]))
        self._scoreboard.record(losses)
        self._linear.learn(forecast.features, label)

    def _predict(self, features: tuple[float, ...]) -> dict[str, float]:
        self._recent.append(features)
        probabilities = {LINEAR: self._linear.predict(features)}
        if self._weights is not None and self._lstm_state is not None:
            probabilities[LSTM], self._lstm_state = lstm.step(self._weights, self._lstm_state, features)
        return probabilities

    def load(self, published: ModelPublished, weights: lstm.LstmWeights) -> None:
        """Serves the published weights from the next bar on.

        Raises `WeightsCorrupt`, and goes on with what it had, where they are of other features.
        """
        if weights.features != len(FEATURE_NAMES):
            raise WeightsCorrupt(
                f"{published.path}: expected weights of {len(FEATURE_NAMES)} features, found {weights.features}"
            )
        state = lstm.initial_state(weights)
        for features in self._recent:
            _, state = lstm.step(weights, state, features)
        self._published, self._weights, self._lstm_state = published, weights, state

    def state(self) -> dict[str, Any]:
        """What was learned, JSON-able; published weights are not part of it."""
        self.learn()
        return {
            "features": list(FEATURE_NAMES),
            "horizon_s": self.horizon_s,
            "linear": self._linear.state(),
            "scoreboard": self._scoreboard.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Takes up a `state`. Raises `StateRefused`, and changes nothing, where features or horizon are others."""
        expected = (list(FEATURE_NAMES), self.horizon_s)
        found = (state.get("features"), state.get("horizon_s"))
        if found != expected:
            raise StateRefused(f"{self.symbol}: expected state of {expected}, found {found}; begin anew")
        linear, scoreboard = OnlineLinear(len(FEATURE_NAMES)), Scoreboard(baseline=LINEAR)
        linear.restore(state.get("linear") or {})
        scoreboard.restore(state.get("scoreboard") or {})
        self._linear, self._scoreboard = linear, scoreboard
