from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import save

from tradigrade.models.faults import WeightsCorrupt
from tradigrade.models.lstm import LstmWeights, decode, encode, initial_state, step

FEATURES, HIDDEN = 3, 4


def weights(seed: int = 1) -> LstmWeights:
    draw = np.random.default_rng(seed).standard_normal
    return LstmWeights(
        mean=draw(FEATURES),
        scale=np.abs(draw(FEATURES)) + 0.1,
        input_weights=draw((4 * HIDDEN, FEATURES)),
        hidden_weights=draw((4 * HIDDEN, HIDDEN)),
        bias=draw(4 * HIDDEN),
        head_weights=draw(HIDDEN),
        head_bias=draw(1),
    )


def walk(model: LstmWeights, bars: int) -> list[float]:
    state, made = initial_state(model), []
    for features in np.random.default_rng(2).standard_normal((bars, FEATURES)):
        probability, state = step(model, state, tuple(features))
        made.append(probability)
    return made


def test_what_is_decoded_predicts_as_what_was_encoded() -> None:
    assert walk(decode(encode(weights())), 10) == walk(weights(), 10)


def test_a_step_remembers_and_leaves_its_state_alone() -> None:
    model, features = weights(), (0.1, 0.2, 0.3)
    before = initial_state(model)
    first, after = step(model, before, features)
    second, _ = step(model, after, features)
    assert first != second
    assert step(model, before, features)[0] == first
    assert not before.hidden.any()
    assert not before.cell.any()


@pytest.mark.parametrize("value", [1e9, -1e9, 0.0])
def test_probabilities_stay_inside_zero_and_one(value: float) -> None:
    model = replace(weights(), head_weights=np.full(HIDDEN, 1e6))
    probability, state = step(model, initial_state(model), (value,) * FEATURES)
    assert 0.0 < probability < 1.0
    assert np.isfinite(state.cell).all()


@pytest.mark.parametrize(
    ("field", "damage"),
    [
        ("mean", lambda a: a[:-1]),
        ("scale", lambda a: a * 0.0),
        ("scale", lambda a: -a),
        ("input_weights", lambda a: a.T),
        ("hidden_weights", lambda a: np.full_like(a, np.nan)),
        ("bias", lambda a: np.full_like(a, np.inf)),
        ("head_weights", lambda a: a[:0]),
        ("head_bias", lambda a: a[0]),
    ],
)
def test_weights_of_another_shape_or_not_finite_are_refused(
    field: str, damage: Callable[[np.ndarray], np.ndarray]
) -> None:
    good = weights()
    with pytest.raises(WeightsCorrupt, match="LSTM"):
        replace(good, **{field: damage(getattr(good, field))})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no safetensors at all",
        encode(weights())[:-8],
        save({"mean": np.zeros(3)}),
        save({"unknown": np.zeros(3)}),
    ],
)
def test_bytes_that_are_no_weights_are_refused(data: bytes) -> None:
    with pytest.raises(WeightsCorrupt, match="expected"):
        decode(data)


def test_single_precision_weights_are_refused() -> None:
    tensors = {name: getattr(weights(), name).astype(np.float32) for name in LstmWeights.__dataclass_fields__}
    with pytest.raises(WeightsCorrupt, match="float64"):
        decode(save(tensors))
