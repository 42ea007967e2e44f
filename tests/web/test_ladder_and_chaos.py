"""What the console makes of the ladder and of a chaos run."""

import json
from typing import Any

from tests.web.samples import NOW, S, chaos, feed_all, move, process, standing, step, system, trading
from tradigrade.trading.messages import RiskAlert
from tradigrade.web.chaos_view import STEPS_MAX
from tradigrade.web.ladder_view import ROWS_KEPT, STANDINGS_MAX
from tradigrade.web.state import ConsoleState
from tradigrade.web.view import TEXT_MAX


def fed(**changes: Any) -> ConsoleState:
    state = ConsoleState()
    feed_all(state, NOW)
    state.apply(trading(**changes), NOW)
    return state


# -- the ladder -------------------------------------------------------------------------------------------------------


def test_every_scope_is_shown_with_its_rung_its_reason_and_since_when() -> None:
    state = fed(standings=(standing("account", "REDUCING", "daily loss"),))
    assert state.view(NOW)["ladder"]["standings"] == [
        {"scope": "account", "rung": "REDUCING", "reason": "daily loss", "since_ms": (NOW - 90 * S) // 10**6}
    ]


def test_of_a_silent_trader_no_scope_is_known_to_stand_anywhere() -> None:
    assert {each["rung"] for each in fed().view(NOW + 5 * S)["ladder"]["standings"]} == {"UNKNOWN"}


def test_moves_are_kept_over_a_restart_of_the_trader_and_none_is_told_twice() -> None:
    state = fed(moves=(move(2), move(1)))
    state.apply(trading(moves=(move(3), move(2), move(1))), NOW)
    state.apply(trading(moves=()), NOW)
    state.apply(trading(moves=(move(4),)), NOW)
    at_ms = [each["at_ms"] for each in state.view(NOW)["ladder"]["moves"]]
    assert at_ms == [(NOW - (100 - number) * S) // 10**6 for number in (4, 3, 2, 1)]


def test_a_trader_without_a_ladder_leaves_it_empty() -> None:
    assert fed(standings=(), moves=()).view(NOW)["ladder"]["standings"] == []
    assert ConsoleState().view(NOW)["ladder"] == {"standings": [], "moves": []}


def test_the_ladder_is_bounded() -> None:
    state, many = fed(), tuple(standing(f"s{n}", reason="x" * 1000) for n in range(STANDINGS_MAX + 9))
    for number in range(0, 2 * ROWS_KEPT, 50):
        moves = tuple(move(n) for n in range(number + 50, number, -1))
        state.apply(trading(moves=moves, standings=many), NOW)
    ladder = state.view(NOW)["ladder"]
    assert (len(ladder["standings"]), len(ladder["moves"])) == (STANDINGS_MAX, ROWS_KEPT)
    assert len(ladder["standings"][0]["reason"]) == TEXT_MAX


# -- chaos ------------------------------------------------------------------------------------------------------------


def seen(after_s: float = 0.0, **changes: Any) -> dict[str, Any]:
    state = fed()
    state.apply(chaos(**changes), NOW)
    view: dict[str, Any] = state.view(NOW + round(after_s * S))["chaos"]
    json.dumps(view, allow_nan=False)
    return view


def test_without_a_run_there_is_nothing_to_show() -> None:
    assert fed().view(NOW)["chaos"] is None


def test_a_run_is_shown_with_its_newest_fault_first() -> None:
    view = seen()
    assert (view["state"], view["seed"], view["done"], view["planned"]) == ("running", 4711, 13, 26)
    newest, before = view["steps"][:2]
    assert (newest["number"], newest["verdict"], newest["recovered_ms"]) == (13, "open", None)
    assert (before["kind"], before["rung"], before["noticed_ms"]) == ("clock wrong", "CANCEL_ONLY", 32.0)
    assert [each["holds"] for each in view["invariants"]] == [True, False, None]
    assert view["times"][0]["p99_ms"] == 2900.0


def test_a_run_that_falls_silent_before_its_end_is_lost_and_one_that_ended_stays() -> None:
    assert seen(2.0)["state"] == "running"
    assert seen(10.0)["state"] == "lost"
    assert seen(10.0, state="healing")["state"] == "lost"
    assert seen(3600.0, state="finished")["state"] == "finished"


def test_the_newest_word_replaces_what_was_told_before() -> None:
    state = fed()
    state.apply(chaos(), NOW)
    state.apply(chaos(state="finished", steps=(step(1),)), NOW)
    assert len(state.view(NOW)["chaos"]["steps"]) == 1


def test_a_run_is_bounded() -> None:
    view = seen(steps=tuple(step(n, text="x" * 1000) for n in range(1, STEPS_MAX + 50)), times=chaos().times * 100)
    assert (len(view["steps"]), view["steps"][0]["number"]) == (STEPS_MAX, STEPS_MAX + 49)
    assert len(view["steps"][0]["text"]) == TEXT_MAX
    assert len(view["times"]) <= 64


def test_a_chaos_run_changes_nothing_of_what_is_healthy() -> None:
    state = fed()
    faults = state.faults(NOW)
    state.apply(chaos(), NOW)
    assert state.faults(NOW) == faults == []
    state.apply(system(trader={"state": "restarting"}), NOW)
    assert any(fault.startswith("node trader") for fault in state.faults(NOW))
    assert process("trader").state == "running"


# -- alerts -----------------------------------------------------------------------------------------------------------


def test_alerts_are_shown_newest_first_kept_over_a_restart_of_the_trader_and_bounded() -> None:
    told = [RiskAlert("FEE_TOO_HIGH", "x" * 1000, NOW + number) for number in range(2 * ROWS_KEPT)]
    state = fed(alerts=(told[1], told[0]))
    state.apply(trading(alerts=()), NOW)
    state.apply(trading(alerts=(told[2], told[1])), NOW)
    view = state.view(NOW)["alerts"]
    assert [(each["code"], len(each["detail"])) for each in view] == [("FEE_TOO_HIGH", TEXT_MAX)] * 3
    assert view[0]["at_ms"] == NOW // 10**6
    for number in range(0, 2 * ROWS_KEPT, 50):
        state.apply(trading(alerts=tuple(reversed(told[number : number + 50]))), NOW)
    assert len(state.view(NOW)["alerts"]) == ROWS_KEPT
