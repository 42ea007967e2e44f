from math import inf, nan

import pytest

from tradigrade.models.drift import COIN, MIN_BARS, WINDOW_BARS, DriftMonitor


def monitor(*losses: float) -> DriftMonitor:
    made = DriftMonitor(margin=0.05)
    for loss in losses:
        made.record(loss)
    return made


def test_a_model_clearly_worse_than_a_coin_alarms_once_enough_was_seen() -> None:
    assert not monitor(*[COIN + 0.1] * (MIN_BARS - 1)).alarm
    assert monitor(*[COIN + 0.1] * MIN_BARS).alarm
    assert not monitor(*[COIN + 0.04] * WINDOW_BARS).alarm


def test_it_ends_at_half_the_margin() -> None:
    drifted = monitor(*[COIN + 0.1] * MIN_BARS)
    for _ in range(WINDOW_BARS):
        drifted.record(COIN + 0.03)
    assert drifted.alarm
    for _ in range(WINDOW_BARS):
        drifted.record(COIN + 0.02)
    assert not drifted.alarm


@pytest.mark.parametrize("loss", [nan, inf])
def test_a_loss_that_is_no_number_alarms(loss: float) -> None:
    assert monitor(*[0.5] * MIN_BARS, loss).alarm
