"""A strategy's part that watches its models: what ails them is a cause of the ladder."""

from ..config.risk_settings import LadderSettings
from ..kernel.actor import Context
from ..models.runner import LINEAR, ModelRunner
from ..trading.messages import CauseNoted, LearnerState
from . import topics


class ModelWatch:
    """Owned by the runner of a strategy that needs a model; `scope` is that strategy's on the ladder."""

    def __init__(self, context: Context, scope: str, ladder: LadderSettings) -> None:
        self._context = context
        self._scope = scope
        self._ladder = ladder
        self._learner = LearnerState(True, "")
        self._renewed_ns = context.system.clock.monotonic_ns()
        self._told: dict[str, str] = {}

    def hear(self, state: LearnerState) -> None:
        self._learner = state

    def renewed(self) -> None:
        """A published model is served from now on."""
        self._renewed_ns = self._context.system.clock.monotonic_ns()

    def look(self, models: ModelRunner) -> None:
        """Tell what changed."""
        for cause, words in self._causes(models).items():
            if cause not in self._told or bool(words) != bool(self._told[cause]):
                self._context.publish(topics.CAUSES, CauseNoted(self._scope, cause, bool(words), words))
            self._told[cause] = words

    def tell(self) -> None:
        for cause, words in self._told.items():
            self._context.publish(topics.CAUSES, CauseNoted(self._scope, cause, bool(words), words))

    def _causes(self, models: ModelRunner) -> dict[str, str]:
        age_s = (self._context.system.clock.monotonic_ns() - self._renewed_ns) / 1e9
        stale = models.chosen != LINEAR and age_s > self._ladder.model_stale_s
        stale_words = f"{models.chosen} was not renewed for {self._ladder.model_stale_s:g} s"
        drift_words = f"{models.chosen} predicts worse than a coin by {self._ladder.drift_margin:g}"
        return {
            "LEARNER_SILENT": "" if self._learner.heard else self._learner.reason,
            "MODEL_STALE": stale_words if stale else "",
            "MODEL_DRIFT": drift_words if models.drifting else "",
        }
