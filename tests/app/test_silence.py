"""Whose turn does not end, and what three, six and more silent traders lead to: pure."""

from tradigrade.kernel.turns import Turn
from tradigrade.silence import SilentKills, TurnWatch

LOOPING = "trader/strategies/loop-btc-usdt"
OURS = "trader/trading/account/executor"
S = 1_000_000_000


def test_a_turn_that_did_not_move_for_long_enough_names_its_actor() -> None:
    watch = TurnWatch()
    for at_s in (0, 1):
        watch.look("trader", Turn(2, 9, LOOPING), at_s * S)
    assert watch.stuck("trader", 2, 1 * S, 1.0) == LOOPING
    assert watch.stuck("trader", 2, 1 * S, 1.5) == ""


def test_one_look_a_turn_that_moved_nobody_in_turn_and_another_incarnation_blame_nobody() -> None:
    watch = TurnWatch()
    watch.look("trader", Turn(2, 9, LOOPING), 5 * S)
    assert watch.stuck("trader", 2, 5 * S, 1.0) == ""
    watch.look("trader", Turn(2, 10, LOOPING), 7 * S)
    assert watch.stuck("trader", 2, 7 * S, 1.0) == ""
    assert watch.stuck("trader", 3, 9 * S, 1.0) == ""
    watch.look("trader", Turn(2, 10, ""), 9 * S)
    assert watch.stuck("trader", 2, 9 * S, 1.0) == ""
    assert watch.stuck("guard", 2, 9 * S, 1.0) == ""


def test_a_strategy_named_three_times_within_ten_minutes_is_held_back() -> None:
    kills = SilentKills()
    assert [kills.note(LOOPING, at_s * S) for at_s in (0, 200, 400)] == ["replace", "replace", "hold_back"]
    assert kills.times(LOOPING) == 3


def test_what_is_long_past_does_not_count() -> None:
    kills = SilentKills()
    assert {kills.note(LOOPING, at_s * S) for at_s in (0, 301, 602, 903)} == {"replace"}


def test_each_strategy_counts_by_itself_and_none_counts_against_the_trader_before_it_was_held_back() -> None:
    kills = SilentKills()
    verdicts = [kills.note(f"{LOOPING}{number}", (3 * time + number) * S) for time in range(3) for number in range(3)]
    assert verdicts == ["replace"] * 6 + ["hold_back"] * 3


def test_the_sixth_silence_within_a_minute_of_which_no_strategy_is_to_blame_leaves_the_trader_down() -> None:
    for named in (OURS, ""):
        kills = SilentKills()
        assert [kills.note(named, 4 * number * S) for number in range(6)] == ["replace"] * 5 + ["leave_down"]
    kills = SilentKills()
    assert {kills.note(OURS, 13 * number * S) for number in range(20)} == {"replace"}


def test_a_strategy_that_cannot_be_held_back_counts_against_the_trader() -> None:
    kills = SilentKills()
    verdicts = [kills.note(LOOPING, 4 * number * S) for number in range(9)]
    assert verdicts == ["replace"] * 2 + ["hold_back"] * 6 + ["leave_down"]


def test_more_than_twenty_within_ten_minutes_are_too_many_whoever_is_named() -> None:
    kills = SilentKills()
    verdicts = [kills.note(f"{LOOPING}{number}", 4 * number * S) for number in range(21)]
    assert verdicts == ["replace"] * 20 + ["leave_down"]


def test_who_starts_the_trader_again_gives_it_all_its_chances() -> None:
    kills = SilentKills()
    for number in range(6):
        kills.note(OURS, 4 * number * S)
    kills.forget()
    assert kills.note(OURS, 25 * S) == "replace"
