import numpy as np

from tradigrade.models.samples import gather
from tradigrade.trading.messages import SampleTaken


def samples(closes: list[float], ends: list[int] | None = None) -> list[SampleTaken]:
    ends = ends or list(range(1, len(closes) + 1))
    return [
        SampleTaken("BTC/USDT", end * 1000, close, (float(end), 7.0)) for end, close in zip(ends, closes, strict=True)
    ]


def test_a_label_is_the_direction_after_the_horizon() -> None:
    data = gather(samples([1, 2, 1, 1, 3, 2, 3, 2, 3, 2]), 2, horizon_bars=1)
    assert data.labels.tolist() == [1, 0, 0.5, 1, 0, 1, 0, 1, 0, 0.5]
    assert data.train_bars == 8
    assert data.known.tolist() == [True, True, False, True, True, True, True, False, False, False]
    assert data.held_out.tolist() == [False] * 8 + [True, False]


def test_no_label_reaches_over_a_gap() -> None:
    data = gather(samples([1, 2, 3, 4, 5, 6], ends=[1, 2, 3, 9, 10, 11]), 2, horizon_bars=2)
    assert data.labels.tolist() == [1, 0.5, 0.5, 1, 0.5, 0.5]


def test_labels_of_training_never_reach_into_the_held_out_bars() -> None:
    closes = [float(n % 7) for n in range(50)]
    for horizon_bars in (1, 3, 9):
        data = gather(samples(closes), 2, horizon_bars)
        assert np.flatnonzero(data.known).max() + horizon_bars < data.train_bars
        assert np.flatnonzero(data.held_out).min() >= data.train_bars


def test_normalisation_is_of_the_training_bars_and_leaves_constants_alone() -> None:
    data = gather(samples([1.0] * 10), 2, horizon_bars=1)
    mean, scale = data.normalisation()
    assert mean.tolist() == [4.5, 7.0]
    assert scale.tolist() == [np.std(range(1, 9)), 1.0]


def test_no_samples_are_an_empty_set() -> None:
    data = gather([], 2, horizon_bars=1)
    assert (data.features.shape, data.train_labels, data.train_bars) == ((0, 2), 0, 0)
    assert [part.tolist() for part in data.normalisation()] == [[0, 0], [1, 1]]
