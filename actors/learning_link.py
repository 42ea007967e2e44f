"""The trader's line to the learner: samples out, published models in. The learner may be gone; trading goes on."""

from typing import Any

from ..kernel.actor import Actor
from ..trading.messages import ModelPublished, SampleTaken
from . import topics

SAMPLE_TTL_S = 60.0


class LearningLink(Actor):
    """Forwards what models saw to the trainer, and publishes what it trained."""

    def __init__(self, trainer: str) -> None:
        self.trainer = trainer

    def start(self) -> None:
        self.context.subscribe(topics.SAMPLES)

    def receive(self, message: Any) -> Any:
        match message:
            case SampleTaken():
                self.context.tell(self.trainer, message, ttl_s=SAMPLE_TTL_S)
            case ModelPublished():
                self.context.publish(topics.MODELS, message)
