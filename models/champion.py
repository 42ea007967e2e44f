"""Which model may speak: the one whose recent predictions were better, over the same bars."""

from collections import deque
from typing import Any

from .faults import StateRefused
from .losses import read_floats

WINDOW_BARS = 200
MIN_COUNT = 20
MARGIN = 0.005


class Scoreboard:
    """The log-losses of recent bars by model, and the champion among the models.

    The baseline is champion first. Another model takes over once its mean log-loss beats the champion's by `margin`
    over the recent bars that both predicted, at least `min_count` of them; the margin keeps two equals from
    alternating. A model's record outlives its versions: what counts is what it said when it said it.
    """

    def __init__(
        self, baseline: str, window_bars: int = WINDOW_BARS, min_count: int = MIN_COUNT, margin: float = MARGIN
    ) -> None:
        self.champion = baseline
        self._min_count = min_count
        self._margin = margin
        self._bars: deque[dict[str, float]] = deque(maxlen=window_bars)

    def record(self, losses: dict[str, float]) -> None:
        """The log-losses of one settled bar, by model; then the champion is chosen anew."""
        self._bars.append(dict(losses))
        leads = {model: self._lead(model) for model in losses if model != self.champion}
        best = max(leads, key=lambda model: (leads[model], model), default=self.champion)
        if leads.get(best, 0.0) > self._margin:
            self.champion = best

    def _lead(self, model: str) -> float:
        """By how much `model` beats the champion over their common bars; 0 while there are too few."""
        leads = [bar[self.champion] - bar[model] for bar in self._bars if model in bar and self.champion in bar]
        return sum(leads) / len(leads) if len(leads) >= self._min_count else 0.0

    def losses(self) -> dict[str, float]:
        """Recent mean log-loss of every model that predicted; 0.693 is a coin."""
        models = sorted(set().union(*self._bars))
        return {model: _mean([bar[model] for bar in self._bars if model in bar]) for model in models}

    def state(self) -> dict[str, Any]:
        """JSON-able."""
        return {"champion": self.champion, "bars": [dict(bar) for bar in self._bars]}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes up a `state`. Raises `StateRefused`, and changes nothing, where it does not fit."""
        champion, bars = state.get("champion"), state.get("bars")
        if not isinstance(champion, str) or not isinstance(bars, list) or not all(isinstance(b, dict) for b in bars):
            raise StateRefused(f"scoreboard: expected a champion and losses by bar, found {state!r:.80}; begin anew")
        read = [dict(zip(bar, read_floats(list(bar.values()), "scoreboard losses"), strict=True)) for bar in bars]
        self.champion, self._bars = champion, deque(read, maxlen=self._bars.maxlen)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
