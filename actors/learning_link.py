"""The trader's line to the learner: samples out, published models in. The learner may be gone; trading goes on, on the
fallback model."""

from typing import Any

from ..kernel.actor import Actor
from ..supervisors.reports import NodeBeat, NodeReport
from ..trading.causes import within
from ..trading.messages import LearnerState, ModelPublished, SampleTaken
from . import topics

SAMPLE_TTL_S = 60.0
CHECK_PERIOD_S = 0.5


class _CheckDue:
    pass


class LearningLink(Actor):
    """Forwards what models saw to the trainer, publishes what it trained, and says whether its node is heard of."""

    def __init__(self, trainer: str, silent_s: float) -> None:
        self.trainer = trainer
        self.silent_s = silent_s

    def start(self) -> None:
        self._heard_ns = self.context.system.clock.monotonic_ns()
        self.context.subscribe(topics.SAMPLES)
        self.context.repeat(CHECK_PERIOD_S, _CheckDue())

    def receive(self, message: Any) -> Any:
        match message:
            case SampleTaken():
                self.context.tell(self.trainer, message, ttl_s=SAMPLE_TTL_S)
            case ModelPublished():
                self._hear()
                self.context.publish(topics.MODELS, message)
            case NodeReport() | NodeBeat():
                self._hear()
            case _CheckDue():
                self.context.publish(topics.LEARNER, self._state())

    def _hear(self) -> None:
        self._heard_ns = self.context.system.clock.monotonic_ns()

    def _state(self) -> LearnerState:
        silent_s = (self.context.system.clock.monotonic_ns() - self._heard_ns) / 1e9
        heard = within(silent_s, self.silent_s)
        return LearnerState(heard, "" if heard else f"the learner was not heard of for {self.silent_s:g} s")
