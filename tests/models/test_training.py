import json
import math
import random
import time

import numpy as np
import pytest

from tradigrade.models.faults import StateRefused
from tradigrade.models.lstm import NORMALISED_BOUND, initial_state, step
from tradigrade.trading.messages import SampleTaken

torch = pytest.importorskip("torch", reason="training needs torch, the extra 'learn'")

from tradigrade.models.training import LstmTrainer  # noqa: E402

FEATURES, HIDDEN = 2, 8


def samples(count: int, seed: int = 1) -> list[SampleTaken]:
    """The close after next rises where the first feature is positive: only a memory of one bar can tell."""
    draw, close, last, made = random.Random(seed), 100.0, 0.0, []
    for n in range(count):
        features = (draw.gauss(0.0, 1.0), draw.gauss(50.0, 10.0))
        made.append(SampleTaken("BTC/USDT", (n + 1) * 1000, close, features))
        close += math.copysign(0.01, last)
        last = features[0]
    return made


def trainer(count: int = 400) -> LstmTrainer:
    made = LstmTrainer(FEATURES, HIDDEN, seed=5, window_bars=300)
    for sample in samples(count):
        made.add(sample)
    return made


def test_it_learns_a_pattern_that_needs_memory_better_than_the_coin() -> None:
    learner = trainer()
    before = learner.held_out_log_loss()
    for _ in range(600):
        learner.train_slice()
    after = learner.held_out_log_loss()
    assert before is not None
    assert before > 0.65
    assert after is not None
    assert after < 0.5


def test_the_served_step_equals_the_trained_network() -> None:
    learner = trainer()
    for _ in range(5):
        learner.train_slice()
    weights = learner.weights()
    features = np.array([sample.features for sample in samples(60, seed=9)])
    inputs = np.clip((features - weights.mean) / weights.scale, -NORMALISED_BOUND, NORMALISED_BOUND)
    with torch.inference_mode():
        expected = torch.sigmoid(learner._network(torch.tensor(inputs[None], dtype=torch.float32)))[0].tolist()
    state, served = initial_state(weights), []
    for row in features:
        probability, state = step(weights, state, tuple(row))
        served.append(probability)
    assert served == pytest.approx(expected, abs=1e-6)
    assert max(served) - min(served) > 0.01


def test_the_same_seed_learns_the_same() -> None:
    first, second = trainer(), trainer()
    torch.manual_seed(99)  # what others draw changes nothing
    assert [first.train_slice() for _ in range(3)] == [second.train_slice() for _ in range(3)]


def test_making_a_trainer_leaves_the_global_random_state_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3).tolist()
    torch.manual_seed(1)
    trainer(1)
    assert torch.rand(3).tolist() == expected


def test_a_restored_trainer_continues_exactly() -> None:
    first = trainer()
    for _ in range(4):
        first.train_slice()
    second = LstmTrainer(FEATURES, HIDDEN, seed=5, window_bars=300)
    second.restore(json.loads(json.dumps(first.state())))
    assert [second.train_slice() for _ in range(3)] == [first.train_slice() for _ in range(3)]
    assert second.state() == first.state()
    assert second.trained_bars == 400


def test_too_few_labels_train_nothing() -> None:
    learner = trainer(10)
    assert (learner.train_slice(), learner.held_out_log_loss()) == (None, None)
    assert learner.weights().features == FEATURES


def test_a_market_that_stands_still_trains_nothing() -> None:
    learner = LstmTrainer(FEATURES, HIDDEN, seed=5, window_bars=300)
    for n in range(300):
        learner.add(SampleTaken("BTC/USDT", n, 100.0, (0.0, 0.0)))
    assert learner.train_slice() is None


def test_the_window_is_bounded_and_a_sample_counts_once() -> None:
    learner = trainer(400)
    for sample in samples(400)[-5:]:
        learner.add(sample)
    assert (learner.trained_bars, len(learner.state()["samples"])) == (400, 300)


def test_a_slice_is_a_bounded_piece_of_work() -> None:
    learner = trainer()
    learner.train_slice()
    begun = time.process_time()
    for _ in range(10):
        learner.train_slice()
    assert (time.process_time() - begun) / 10 < 0.1


def test_a_sample_of_other_features_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 2 features, got 1"):
        trainer(0).add(SampleTaken("BTC/USDT", 1, 1.0, (0.0,)))


@pytest.mark.parametrize(
    "damage",
    [
        {"version": 0},
        {"shape": [3, 8, 1]},
        {"network": {}},
        {"samples": [[1]]},
        {"optimizer": {"0": {"step": "x"}}},
        {"slices": None},
    ],
)
def test_a_state_that_does_not_fit_is_refused(damage: dict[str, object]) -> None:
    learner = trainer(50)
    learner.train_slice()
    with pytest.raises(StateRefused, match="trainer"):
        trainer(0).restore({**learner.state(), **damage})
