import json
import random

import pytest

from tradigrade.models.faults import StateRefused
from tradigrade.models.linear import OnlineLinear
from tradigrade.models.losses import log_loss


def rows(count: int, seed: int = 1) -> list[tuple[tuple[float, float, float], float]]:
    """The label is the sign of the first feature, nine times in ten; the second is noise of another scale."""
    draw = random.Random(seed)
    made = []
    for _ in range(count):
        signal = draw.gauss(3.0, 1.0)
        label = float((signal > 3.0) == (draw.random() < 0.9))
        made.append(((signal, draw.gauss(-500.0, 100.0), 7.0), label))
    return made


def test_an_unlearned_model_is_a_coin() -> None:
    model = OnlineLinear(3)
    assert model.predict((1.0, 2.0, 3.0)) == 0.5
    assert model.recent_log_loss is None


def test_it_learns_what_predicts_and_ignores_noise_and_constants() -> None:
    model = OnlineLinear(3)
    for features, label in rows(600):
        model.learn(features, label)
    fresh = rows(300, seed=2)
    assert sum(log_loss(model.predict(f), label) for f, label in fresh) / len(fresh) < 0.5
    assert model.recent_log_loss is not None
    assert model.recent_log_loss < 0.5
    assert model.learned == 600


def test_noise_teaches_little_more_than_a_coin() -> None:
    draw, model = random.Random(3), OnlineLinear(4)
    for _ in range(500):
        model.learn([draw.gauss(0.0, 1.0) for _ in range(4)], float(draw.random() < 0.5))
    assert model.recent_log_loss == pytest.approx(0.693, abs=0.05)


@pytest.mark.parametrize("value", [0.0, 1e12, -1e12, 1e-12])
def test_probabilities_stay_inside_zero_and_one(value: float) -> None:
    model = OnlineLinear(3)
    for features, label in rows(200):
        model.learn(features, label)
    assert 0.0 < model.predict((value, value, value)) < 1.0


def test_a_restored_state_continues_bit_by_bit_the_same() -> None:
    first, second = OnlineLinear(3), OnlineLinear(3)
    for features, label in rows(300):
        first.learn(features, label)
    second.restore(json.loads(json.dumps(first.state())))
    for features, label in rows(50, seed=4):
        assert first.predict(features) == second.predict(features)
        first.learn(features, label)
        second.learn(features, label)
    assert first.state() == second.state()


@pytest.mark.parametrize(
    "damage",
    [
        {"version": 2},
        {"learned": None},
        {"weights": [0.0]},
        {"mean": [0.0, float("nan"), 0.0]},
        {"variance": [-1.0, 0.0, 0.0]},
        {"squares": "none"},
        {"losses": None},
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(damage: dict[str, object]) -> None:
    model = OnlineLinear(3)
    for features, label in rows(20):
        model.learn(features, label)
    before = model.state()
    with pytest.raises(StateRefused):
        model.restore({**before, **damage})
    assert model.state() == before
