import json
import math
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.samples import (
    NOW,
    RISK,
    S,
    actor,
    feed_all,
    fill,
    node,
    order,
    refusal,
    symbol,
    system,
    trader,
    trading,
)
from tradigrade.supervisors.reports import HistogramReport
from tradigrade.web.freshness import MalformedReport
from tradigrade.web.state import INCIDENTS_MAX, NODES_MAX, ConsoleState
from tradigrade.web.view import (
    EQUITY_POINTS_MAX,
    LEARNING_POINTS_MAX,
    ROWS_MAX,
    TEXT_MAX,
    decimal_text,
    latency_view,
    nest_actors,
    thin,
)


def fed(at_ns: int = NOW, **changes_of_risk: Any) -> ConsoleState:
    state = ConsoleState()
    feed_all(state, at_ns, **changes_of_risk)
    return state


def node_view(state: ConsoleState, name: str, now_ns: int = NOW) -> dict[str, Any]:
    return next(one for one in state.view(now_ns)["nodes"] if one["name"] == name)


def find(actors: list[dict[str, Any]], path: str) -> dict[str, Any]:
    for one in actors:
        if one["path"] == path:
            return one
        if path.startswith(one["path"] + "/"):
            return find(one["children"], path)
    raise LookupError(path)


# -- the shape --------------------------------------------------------------------------------------------------------


def test_an_empty_state_is_unknown_and_says_what_it_waits_for() -> None:
    view = ConsoleState().view(NOW)
    assert view["rung"] == {"name": "UNKNOWN", "reason": "no snapshot yet"}
    assert view["faults"] == ["launcher: no report yet", "trading: no snapshot yet"]
    assert view["nodes"] == []
    assert view["trading"] is None


def test_an_actor_whose_useful_output_is_overdue_is_a_fault_though_its_node_lives() -> None:
    state = fed()
    stalled = actor("trader/feeds/binance", state="stalled", progress_age_s=7.5)
    state.apply(node("trader", actors=(stalled,)), NOW)
    assert state.faults(NOW) == ["actor trader/feeds/binance: no useful output for 7.5 s"]


def test_a_fed_state_is_without_faults_and_shows_every_node_in_the_launchers_order() -> None:
    view = fed().view(NOW)
    assert view["faults"] == []
    assert [one["name"] for one in view["nodes"]] == ["forkserver", "exchange", "trader", "learner", "console"]
    assert {one["state"] for one in view["nodes"]} == {"running"}


def test_a_view_is_strict_json() -> None:
    text = msgspec.json.encode(fed().view(NOW))
    assert json.loads(text) == json.loads(json.dumps(fed().view(NOW), allow_nan=False))


def test_actors_nest_by_path_below_a_node_that_stands_for_its_root_supervisor() -> None:
    trader_node = node_view(fed(mailbox=7, restarts=2, incarnation=3), "trader")
    assert [one["name"] for one in trader_node["actors"]] == ["feeds", "strategies", "trading"]
    assert trader_node["strategy"] == "one_for_one"
    account = find(trader_node["actors"], "trader/trading/account")
    assert account["supervisor"]
    assert account["strategy"] == "one_for_all"
    risk = find(trader_node["actors"], RISK)
    assert (risk["name"], risk["mailbox"], risk["restarts"], risk["incarnation"]) == ("risk", 7, 2, 3)
    assert risk["progress_age_s"] == pytest.approx(0.04)


def test_an_actor_whose_parents_are_not_reported_hangs_below_the_nearest_that_is() -> None:
    report = node("n", actors=(actor("n/a"), actor("n/a/b/c"), actor("n/x/y")))
    roots = nest_actors(report, stale=False, age_s=0.0)
    assert [one["name"] for one in roots] == ["a", "x/y"]
    assert [one["name"] for one in roots[0]["children"]] == ["b/c"]


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=5).map("/".join), unique=True))
def test_nesting_loses_no_actor_and_doubles_none(paths: list[str]) -> None:
    def walk(forest: list[dict[str, Any]]) -> list[str]:
        return [path for one in forest for path in (one["path"], *walk(one["children"]))]

    roots = nest_actors(node("n", actors=tuple(map(actor, paths))), stale=False, age_s=0.0)
    assert sorted(walk(roots)) == sorted(paths)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-8"), "0.00000001"),
        (Decimal("0.01774000"), "0.01774000"),
        (Decimal("-3"), "-3"),
        (None, None),
        (Decimal("NaN"), None),
        (Decimal("Infinity"), None),
        (Decimal("1E+999999"), None),
    ],
)
def test_decimals_become_digits_without_exponent(value: Decimal | None, text: str | None) -> None:
    assert decimal_text(value) == text


def test_trading_is_shown_with_exact_numbers_and_times_in_milliseconds() -> None:
    shown = fed().view(NOW)["trading"]
    assert shown["equity"] == "10021.71530000"
    assert shown["balances"]["BTC"] == "0.01774000"
    assert shown["symbols"][0]["bid"] == "28190.01"
    assert shown["orders"][0] | {"at_ms": 0} == {
        "client_id": "main-3-20",
        "strategy": "learned",
        "symbol": "BTC/USDT",
        "side": "sell",
        "type": "limit",
        "amount": "0.01774",
        "price": "28185.50",
        "filled": "0.002",
        "state": "partially_filled",
        "at_ms": 0,
    }
    assert shown["fills"][0]["at_ms"] == fill(19).at_ns // 1_000_000
    assert shown["refusals"][0]["numbers"] == refusal(1).numbers
    assert shown["learning"][0]["champion"] == "lstm"
    assert shown["learning"][0]["losses"]["coin"] == 0.6931


def test_what_is_not_finite_becomes_none() -> None:
    broken = msgspec.structs.replace(trading().learning[0], probability_up=math.nan, losses={"lstm": math.inf})
    state = ConsoleState()
    state.apply(trading(learning=(broken,), equity_curve=((NOW, math.nan),)), NOW)
    shown = state.view(NOW)["trading"]
    assert shown["learning"][0]["probability_up"] is None
    assert shown["learning"][0]["losses"] == {"lstm": None}
    assert shown["equity_curve"] == [[NOW // 1_000_000, None]]


def test_latencies_are_the_bounds_below_which_half_and_nearly_all_stay() -> None:
    histogram = HistogramReport((0.001, 0.002, 0.005), (50, 48, 1, 1), 0.2)
    assert latency_view(histogram) == {"count": 100, "p50_ms": 1.0, "p99_ms": 5.0}
    assert latency_view(HistogramReport((0.001,), (1, 9), 1.0))["p50_ms"] is None


# -- freshness --------------------------------------------------------------------------------------------------------


def test_a_silent_trader_is_stale_in_every_part_and_the_rung_unknown() -> None:
    state = fed()
    later = NOW + 4 * S
    for report in (system(), node("exchange"), node("learner"), node("console")):
        state.apply(report, later)
    view = state.view(later)
    assert view["rung"] == {"name": "UNKNOWN", "reason": "silent for 4.0 s; last known NORMAL"}
    assert view["sources"]["trading"] == {"age_s": 4.0, "stale": True, "reason": "silent for 4.0 s"}
    assert view["sources"]["launcher"]["stale"] is False
    trader_node = node_view(state, "trader", later)
    assert (trader_node["state"], trader_node["stale"]) == ("stale", True)
    assert find(trader_node["actors"], RISK)["state"] == "stale"
    market = view["trading"]["symbols"][0]
    assert (market["live"], market["rung"], market["age_s"]) == (False, "UNKNOWN", pytest.approx(4.05))
    assert not view["trading"]["reconciled"]
    assert view["faults"] == ["trading: silent for 4.0 s", "node trader: silent for 4.0 s"]


@pytest.mark.parametrize(("age_ns", "stale"), [(3 * S, False), (3 * S + 1, True)])
def test_the_bound_of_staleness_is_three_seconds(age_ns: int, stale: bool) -> None:
    assert fed().view(NOW + age_ns)["sources"]["trading"]["stale"] is stale


@pytest.mark.parametrize("state_name", ["restarting", "stopping", "stopped", "failed"])
def test_the_launchers_word_that_the_trader_is_down_counts_at_once(state_name: str) -> None:
    state = fed()
    state.apply(system(trader={"state": state_name, "reason": "killed by signal 9"}), NOW + 1)
    view = state.view(NOW + 1)
    assert view["rung"]["name"] == "UNKNOWN"
    assert view["rung"]["reason"] == f"the trader is {state_name}: killed by signal 9; last known NORMAL"
    assert node_view(state, "trader", NOW + 1)["state"] == state_name
    assert find(node_view(state, "trader", NOW + 1)["actors"], RISK)["state"] == "stale"


def test_a_new_trader_process_is_not_judged_by_its_predecessors_snapshot() -> None:
    state = fed()
    state.apply(system(trader={"pid": 5001, "incarnation": 2, "restarts": 1}), NOW + 1)
    assert state.rung(NOW + 1) == ("UNKNOWN", "the new trader has not spoken yet; last known NORMAL")
    assert node_view(state, "trader", NOW + 1)["state"] == "starting"
    state.apply(node("trader", pid=5001, incarnation=2), NOW + 2)
    state.apply(trading(), NOW + 2)
    assert state.rung(NOW + 2)[0] == "NORMAL"
    assert node_view(state, "trader", NOW + 2)["state"] == "running"


def test_a_new_process_that_reports_before_the_launcher_does_is_believed() -> None:
    state = fed()
    state.apply(node("learner", pid=5001, incarnation=2), NOW + 1)
    assert node_view(state, "learner", NOW + 1)["state"] == "running"


def test_a_late_report_of_a_dead_incarnation_changes_nothing() -> None:
    state = fed()
    state.apply(node("learner", incarnation=2), NOW + 1)
    before = state.view(NOW + 2)
    state.apply(node("learner", incarnation=1, actors=()), NOW + 2)
    assert state.view(NOW + 2) == before


def test_incarnations_may_begin_anew_after_a_silence() -> None:
    state = fed()
    state.apply(node("learner", incarnation=9), NOW)
    state.apply(node("learner", incarnation=1), NOW + 4 * S)
    assert state.nodes["learner"].report.incarnation == 1


def test_without_the_launcher_nodes_are_judged_by_their_own_reports() -> None:
    state = ConsoleState()
    state.apply(node("trader"), NOW)
    assert node_view(state, "trader")["state"] == "running"
    assert node_view(state, "trader", NOW + 4 * S)["state"] == "stale"


def test_a_running_node_shows_its_root_supervisors_trouble() -> None:
    state = fed()
    root = actor("learner", state="failed", reason="gave up", supervisor=True)
    state.apply(node("learner", actors=(root, actor("learner/trainer"))), NOW)
    learner = node_view(state, "learner")
    assert (learner["state"], learner["reason"]) == ("failed", "gave up")
    assert [one["name"] for one in learner["actors"]] == ["trainer"]


def test_curves_outlive_a_trader_that_restarts_and_forgets() -> None:
    state = ConsoleState()
    first, second = ((NOW, 1.0), (NOW + S, 2.0)), ((NOW + 5 * S, 3.0),)
    for curve, losses in ((first, first), ((), None), (second, second)):
        models = () if losses is None else (msgspec.structs.replace(trading().learning[0], curve=losses),)
        state.apply(trading(equity_curve=curve, learning=models), NOW)
    shown = state.view(NOW)["trading"]
    assert [value for _, value in shown["equity_curve"]] == [1.0, 2.0, 3.0]
    assert [value for _, value in shown["learning"][0]["curve"]] == [1.0, 2.0, 3.0]


# -- incidents --------------------------------------------------------------------------------------------------------


def test_restarts_and_rungs_become_incidents_newest_first() -> None:
    state = fed()
    state.apply(trader(restarts=1, incarnation=2, reason="ValueError: no price"), NOW + S)
    state.apply(system(trader={"restarts": 1, "pid": 5001, "ready_ms": 312.4}), NOW + 2 * S)
    state.apply(trading(rung="CANCEL_ONLY", rung_reason="feed stale"), NOW + 3 * S)
    told = [(one["at_ms"] - NOW // 1_000_000, one["subject"], one["text"]) for one in state.view(NOW)["incidents"]]
    assert told == [
        (3000, "rung", "NORMAL → CANCEL_ONLY: feed stale"),
        (2000, "trader", "working again 312 ms after it died"),
        (2000, "trader", "restarted, 1 in all"),
        (1000, RISK, "restarted, 1 in all: ValueError: no price"),
    ]


def test_what_was_left_down_or_hangs_is_an_incident_and_a_fault() -> None:
    state, feed = fed(), "trader/feeds/btc_usdt"
    state.apply(trader(restarts=4, state="failed", reason="ValueError: no price"), NOW + S)
    stalled = actor(feed, state="stalled", progress_age_s=None, reason="made to hang")
    state.apply(node("trader", actors=(actor(RISK, state="failed", reason="ValueError: no price"), stalled)), NOW + S)
    told = [(one["subject"], one["text"]) for one in state.view(NOW + S)["incidents"]]
    assert told == [(feed, "stalled: made to hang"), (RISK, "left down: ValueError: no price")]
    faults = state.faults(NOW + S)
    assert f"actor {RISK}: left down: ValueError: no price" in faults
    assert f"actor {feed}: made to hang" in faults


def test_a_node_that_stands_still_is_a_fault_before_it_is_lost() -> None:
    state = fed()
    state.apply(system(learner={"state": "stalled", "reason": "silent for 1.8 s"}), NOW)
    assert state.faults(NOW) == ["node learner: silent for 1.8 s"]


def test_a_supervisor_that_gave_up_is_an_incident_with_its_reason() -> None:
    state = fed()
    reason = "gave up: 31 restarts within 60 s (bound 30), last of 'risk': killed"
    restarted = actor("trader/trading/account", supervisor=True, restarts=1, incarnation=2, reason=reason)
    state.apply(node("trader", actors=(restarted,)), NOW)
    assert state.view(NOW)["incidents"][0]["text"] == f"restarted, 1 in all: {reason}"


def test_reports_without_change_are_no_incident() -> None:
    state = fed()
    feed_all(state, NOW + S)
    assert state.view(NOW)["incidents"] == []


# -- bounds -----------------------------------------------------------------------------------------------------------


def test_everything_is_bounded() -> None:
    state = ConsoleState()
    for number in range(2 * NODES_MAX):
        state.apply(node(f"n{number}", actors=(actor("a", reason="x" * 10_000),)), NOW + number)
    for number in range(2 * INCIDENTS_MAX):
        state.apply(trading(rung=("NORMAL", "HALTED")[number % 2]), NOW)
    many: dict[str, Any] = {
        "orders": tuple(order(n) for n in range(1000)),
        "fills": tuple(fill(n) for n in range(1000)),
        "symbols": tuple(symbol(f"S{n}/USDT") for n in range(5000)),
        "equity_curve": tuple((NOW + n, float(n)) for n in range(10_000)),
    }
    state.apply(trading(**many), NOW)
    view = state.view(NOW)
    assert len(view["nodes"]) == NODES_MAX
    assert all(int(one["name"][1:]) >= NODES_MAX for one in view["nodes"]), "those heard of last are kept"
    assert len(view["nodes"][0]["actors"][0]["reason"]) == TEXT_MAX
    assert len(view["incidents"]) == INCIDENTS_MAX
    assert len(view["trading"]["orders"]) == len(view["trading"]["fills"]) == ROWS_MAX
    assert len(view["trading"]["symbols"]) == 500
    assert len(view["trading"]["equity_curve"]) <= EQUITY_POINTS_MAX
    assert len(msgspec.json.encode(view)) < 500_000


@given(st.integers(0, 1000), st.integers(2, LEARNING_POINTS_MAX))
def test_a_thinned_curve_is_bounded_in_order_and_keeps_the_newest_point(length: int, points_max: int) -> None:
    curve = tuple((index * 1_000_000, float(index)) for index in range(length))
    thinned = thin(curve, points_max)
    assert len(thinned) <= points_max
    assert thinned == sorted(thinned)
    assert not curve or thinned[-1] == [length - 1, float(length - 1)]


def test_a_growing_curve_keeps_the_points_it_showed() -> None:
    curve = tuple((NOW + index * S, float(index)) for index in range(600))
    before, after = thin(curve, 100), thin((*curve[1:], (NOW + 600 * S, 600.0)), 100)
    assert 40 <= len(before) <= 100
    assert len({tuple(point) for point in before} - {tuple(point) for point in after}) <= 2


@pytest.mark.parametrize(
    "histogram",
    [
        HistogramReport((0.1, 0.2), (1, 2), 0.1),
        HistogramReport((0.2, 0.1), (1, 2, 3), 0.1),
        HistogramReport((0.1, 0.1), (1, 2, 3), 0.1),
    ],
    ids=["a count too few", "falling bounds", "equal bounds"],
)
def test_a_report_that_contradicts_itself_is_refused_and_not_applied(histogram: HistogramReport) -> None:
    state = fed()
    before = state.view(NOW)
    with pytest.raises(MalformedReport, match="node trader: histogram 'x' must have rising bounds"):
        state.apply(node("trader", histograms={"x": histogram}), NOW)
    assert state.view(NOW) == before
