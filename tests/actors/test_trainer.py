"""What the trainer does where torch is not to be had."""

from tests.kit.cells import VirtualSystem
from tradigrade.actors.trainer import TrainerActor
from tradigrade.config.settings import LearningSettings
from tradigrade.trading.messages import SampleTaken


def test_without_torch_samples_are_counted_and_nothing_is_trained() -> None:
    system = VirtualSystem("learner")
    system.ports = {"torch": False}
    system.spawn("learner/trainer", lambda: TrainerActor(("BTC/USDT",), LearningSettings(), "learner/none"))
    system.run()
    system.tell("learner/trainer", SampleTaken("BTC/USDT", 1, 1.0, (0.0,)))
    system.advance(10.0)
    assert system.metrics.gauges["torch"] == 0.0
    assert system.metrics.counters == {"samples": 1}
