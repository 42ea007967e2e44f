"""What the trainer does where torch is not to be had, or not yet."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.kit.cells import VirtualSystem
from tradigrade.actors import trainer
from tradigrade.actors.trainer import SLICE_PERIOD_S, SYMBOLS_A_TURN, TrainerActor
from tradigrade.config.settings import LearningSettings
from tradigrade.models.features import FEATURE_NAMES
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


class Nowhere:
    """States and models that are not there."""

    def load(self, name: str) -> None:
        """Nothing was saved."""

    def save(self, name: str, state: Any) -> None:
        """Forgotten."""


class Later:
    """A background that ends its work when it is told to."""

    def __init__(self) -> None:
        self.done: list[Callable[[str], object]] = []

    def __call__(self, action: Callable[[], object], done: Callable[[str], object]) -> None:
        action()
        self.done.append(done)


def learner(later: Later) -> VirtualSystem:
    system = VirtualSystem("learner")
    system.ports = {"torch": True, "thread": later, "trainer_states": Nowhere()}
    system.spawn("learner/trainer", lambda: TrainerActor(("BTC/USDT",), LearningSettings(), "learner/none"))
    system.run()
    return system


def test_it_serves_while_torch_loads_and_then_learns_what_it_heard_meanwhile() -> None:
    pytest.importorskip("torch", reason="training needs torch, the extra 'learn'")
    later = Later()
    system = learner(later)
    assert system.actors["learner/trainer"].started
    size = len(FEATURE_NAMES)
    for number in range(120):
        system.tell("learner/trainer", SampleTaken("BTC/USDT", number, 100.0 + number % 7, (0.1,) * size))
    system.advance(5.0)
    assert "training_slices" not in system.metrics.counters
    later.done[0]("")
    system.advance(5.0)
    assert system.metrics.counters["training_slices"] > 0


def test_a_torch_that_does_not_load_crashes_the_trainer_with_the_reason() -> None:
    pytest.importorskip("torch", reason="training needs torch, the extra 'learn'")
    later = Later()
    system = learner(later)
    later.done[0]("torch does not load: no such library")
    system.run()
    assert "TrainingUnavailable" in system.actors.last_end("learner/trainer")


class Counting:
    """A trainer that only counts."""

    def __init__(self) -> None:
        self.samples = self.slices = self.trained_bars = 0

    def add(self, sample: SampleTaken) -> None:
        self.samples += 1

    def train_slice(self) -> float:
        self.slices += 1
        return 0.7

    def held_out_log_loss(self) -> None:
        """Too few."""

    def state(self) -> dict[str, Any]:
        return {}


def test_of_many_symbols_a_few_are_trained_in_each_turn_and_each_gets_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    symbols, made = tuple(f"C{number}/USDT" for number in range(11)), {}
    monkeypatch.setattr(trainer, "_import_training", lambda: None)
    monkeypatch.setattr(TrainerActor, "_make", lambda _, symbol: made.setdefault(symbol, Counting()))
    later, system = Later(), VirtualSystem("learner")
    system.ports = {"torch": True, "thread": later, "trainer_states": Nowhere()}
    system.spawn("learner/trainer", lambda: TrainerActor(symbols, LearningSettings(), "learner/none"))
    system.run()
    for symbol in symbols:
        for bar in range(3):
            system.tell("learner/trainer", SampleTaken(symbol, bar, 1.0, (0.0,)))
    later.done[0]("")
    system.run()
    worked = []
    for _ in range(3):
        system.advance(SLICE_PERIOD_S)
        worked.append(sum(each.slices for each in made.values()))
    assert worked == [SYMBOLS_A_TURN, 2 * SYMBOLS_A_TURN, 3 * SYMBOLS_A_TURN]
    system.advance(1.0)
    assert [(each.samples, each.slices) for each in made.values()] == [(3, 3)] * len(symbols)
