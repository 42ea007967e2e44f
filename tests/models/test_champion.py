import json

import pytest

from tradigrade.models.champion import Scoreboard
from tradigrade.models.faults import StateRefused


def board(*bars: dict[str, float], min_count: int = 3, margin: float = 0.01, window_bars: int = 10) -> Scoreboard:
    made = Scoreboard("linear", window_bars=window_bars, min_count=min_count, margin=margin)
    for bar in bars:
        made.record(bar)
    return made


def both(linear: float, lstm: float) -> dict[str, float]:
    return {"linear": linear, "lstm": lstm}


@pytest.mark.parametrize(
    ("bars", "champion"),
    [
        ([], "linear"),
        ([both(0.7, 0.5)] * 2, "linear"),  # too few
        ([both(0.7, 0.5)] * 3, "lstm"),
        ([both(0.7, 0.695)] * 9, "linear"),  # within the margin
        ([both(0.7, 0.5)] * 3 + [both(0.5, 0.6)] * 4, "lstm"),  # still ahead over the window
        ([both(0.7, 0.5)] * 3 + [both(0.3, 0.6)] * 9, "linear"),
        ([{"linear": 0.1}] * 5 + [both(0.7, 0.5)] * 3, "lstm"),  # over common bars only
        ([both(0.7, 0.5)] * 3 + [{"linear": 0.1}] * 10, "lstm"),  # a silent champion is not judged
    ],
)
def test_the_champion_was_better_over_the_same_bars(bars: list[dict[str, float]], champion: str) -> None:
    assert board(*bars).champion == champion


def test_two_equals_do_not_alternate() -> None:
    scoreboard, champions = board(*[both(0.7, 0.6)] * 10), set()
    for n in range(40):
        scoreboard.record(both(0.6 + n % 2 * 0.005, 0.6 + (n + 1) % 2 * 0.005))
        champions.add(scoreboard.champion)
    assert champions == {"lstm"}


def test_losses_are_means_over_the_window() -> None:
    scoreboard = board({"linear": 9.0}, *[{"linear": 0.5}, both(0.7, 0.4)], window_bars=2)
    assert scoreboard.losses() == pytest.approx({"linear": 0.6, "lstm": 0.4})


def test_a_restored_scoreboard_is_the_same() -> None:
    scoreboard = board(*[both(0.7, 0.5)] * 5)
    other = board()
    other.restore(json.loads(json.dumps(scoreboard.state())))
    assert (other.champion, other.losses(), other.state()) == ("lstm", scoreboard.losses(), scoreboard.state())


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"champion": 3, "bars": []},
        {"champion": "linear", "bars": [[0.5]]},
        {"champion": "linear", "bars": [{"linear": float("inf")}]},
        {"champion": "linear", "bars": [{"linear": "good"}]},
    ],
)
def test_a_state_that_does_not_fit_is_refused(state: dict[str, object]) -> None:
    with pytest.raises(StateRefused, match="scoreboard"):
        board().restore(state)
