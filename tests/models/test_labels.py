import pytest

from tradigrade.models.labels import Labeller


def walk(horizon_bars: int, closes: list[float]) -> list[tuple[int, float] | None]:
    """Samples are the numbers of their bars."""
    labeller: Labeller[int] = Labeller(horizon_bars)
    settled = []
    for n, close in enumerate(closes):
        settled.append(labeller.settle(close))
        labeller.hold(n, close)
    return settled


@pytest.mark.parametrize(
    ("horizon_bars", "closes", "expected"),
    [
        (1, [1, 2, 1, 1], [None, (0, 1.0), (1, 0.0), None]),
        (2, [1, 2, 3, 1, 3], [None, None, (0, 1.0), (1, 0.0), None]),
        (3, [5, 5, 5], [None, None, None]),
    ],
)
def test_a_label_is_known_after_the_horizon_and_equal_closes_give_none(
    horizon_bars: int, closes: list[float], expected: list[tuple[int, float] | None]
) -> None:
    assert walk(horizon_bars, closes) == expected


def test_a_cleared_labeller_waits_a_whole_horizon_again() -> None:
    labeller: Labeller[str] = Labeller(1)
    labeller.hold("before the gap", 1.0)
    labeller.clear()
    assert labeller.settle(2.0) is None


def test_holding_beyond_the_horizon_is_a_broken_law() -> None:
    labeller: Labeller[str] = Labeller(1)
    labeller.hold("first", 1.0)
    with pytest.raises(AssertionError, match="hold without settle"):
        labeller.hold("second", 1.0)


def test_a_horizon_is_at_least_one_bar() -> None:
    with pytest.raises(ValueError, match="horizon_bars must be at least 1, got 0"):
        Labeller(0)
