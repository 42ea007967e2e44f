import math
import re
from typing import Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.web.samples import NOW, RISK, S, actor, feed_all, node, system, trading
from tradigrade.supervisors.reports import HistogramReport
from tradigrade.web.metrics import expose, make_registry, metric_name
from tradigrade.web.state import ConsoleState

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(state: ConsoleState, now_ns: int = NOW) -> Samples:
    text = expose(make_registry(state, lambda: now_ns)).decode()
    samples: Samples = {}
    for family in text_string_to_metric_families(text):
        assert re.fullmatch(r"tradigrade_[a-z0-9_]+", family.name)
        assert family.type != "unknown"
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in samples, f"{key} appears twice"
            samples[key] = sample.value
    return samples


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((f"tradigrade_{name}", frozenset(labels.items())))


def fed(**changes_of_risk: Any) -> ConsoleState:
    state = ConsoleState()
    feed_all(state, NOW, **changes_of_risk)
    return state


def test_an_empty_state_exposes_an_unknown_rung_and_nothing_of_trading() -> None:
    samples = scrape(ConsoleState())
    assert value(samples, "rung", rung="UNKNOWN") == 1
    assert not [name for name, _ in samples if "equity" in name]


@pytest.mark.parametrize("rung", ["NORMAL", "FALLBACK", "REDUCING", "CANCEL_ONLY", "HALTED", "FENCED"])
def test_the_rung_is_one_hot(rung: str) -> None:
    state = fed()
    state.apply(trading(rung=rung), NOW)
    samples = scrape(state)
    hot = [labels for (name, labels), number in samples.items() if name == "tradigrade_rung" and number == 1]
    assert hot == [frozenset({("rung", rung)})]


def test_nodes_and_actors_are_told() -> None:
    samples = scrape(fed(restarts=2, incarnation=3, mailbox=7, progress_age_s=0.5))
    assert value(samples, "node_up", node="trader") == 1
    labels = {"node": "trader", "actor": RISK}
    assert value(samples, "actor_up", **labels) == 1
    assert value(samples, "actor_restarts_total", **labels) == 2
    assert value(samples, "actor_incarnation", **labels) == 3
    assert value(samples, "actor_mailbox", **labels) == 7
    assert value(samples, "actor_progress_age_seconds", **labels) == 0.5


def test_states_runtimes_and_strategies_are_told() -> None:
    samples = scrape(fed(state="stalled", runtime="threads", reason="made to hang"))
    labels = {"node": "trader", "actor": RISK}
    assert value(samples, "actor_state", **labels, state="stalled") == 1
    assert value(samples, "actor_state", **labels, state="running") is None
    assert value(samples, "actor_up", **labels) == 0
    assert value(samples, "actor_info", **labels, runtime="threads") == 1
    assert value(samples, "node_state", node="learner", state="running") == 1
    for path, strategy in {"trader": "one_for_one", "trader/trading/account": "one_for_all"}.items():
        assert value(samples, "supervisor_info", node="trader", supervisor=path, strategy=strategy) == 1


def test_what_became_of_an_actors_messages_is_told_by_outcome() -> None:
    outcomes = {"handled": 5, "conflated": 4, "dropped": 3, "expired": 2, "dead_lettered": 1, "kept": 0}
    samples = scrape(fed(sent=16, **outcomes))
    labels = {"node": "trader", "actor": RISK}
    assert value(samples, "actor_messages_sent_total", **labels) == 16
    for outcome, count in outcomes.items():
        assert value(samples, "actor_messages_total", **labels, outcome=outcome) == count


def test_every_node_tells_its_supervisors_failures_from_the_first_scrape_on() -> None:
    state = fed()
    reported = {"threads_abandoned": 2.0, "retained_messages": 7.0}
    state.apply(node("learner", counters={"restarts": 3, "gave_up": 1, "threads_abandoned": 4}, gauges=reported), NOW)
    samples = scrape(state)
    assert [value(samples, f"{name}_total", node="learner") for name in ("restarts", "stalled", "gave_up")] == [3, 0, 1]
    assert value(samples, "threads_abandoned_total", node="learner") == 4
    assert value(samples, "node_threads_abandoned", node="learner") == 2
    assert value(samples, "node_retained_messages", node="learner") == 7
    assert value(samples, "stalled_total", node="trader") == 0


def test_every_metric_says_what_it_is() -> None:
    text = expose(make_registry(fed(runtime="cell"), lambda: NOW)).decode()
    families = list(text_string_to_metric_families(text))
    assert len(families) > 30
    assert not [family.name for family in families if not family.documentation]


def test_counters_gauges_and_trading_are_told() -> None:
    samples = scrape(fed())
    assert value(samples, "updates_total", node="trader") == 18_233
    assert value(samples, "learned_bars", node="trader") == 512
    assert value(samples, "equity", currency="USDT") == pytest.approx(10_021.7153)
    assert value(samples, "position", symbol="BTC/USDT") == pytest.approx(0.01774)
    assert value(samples, "open_orders") == 2
    assert value(samples, "model_log_loss", symbol="BTC/USDT", model="linear") == 0.6894
    assert value(samples, "trading_orders_total") == 41


def test_histogram_buckets_are_cumulative() -> None:
    samples = scrape(fed())
    buckets = [
        value(samples, "order_round_trip_seconds_bucket", node="trader", le=bound)
        for bound in ("0.001", "0.002", "0.005", "+Inf")
    ]
    assert buckets == [12, 33, 37, 38]
    assert value(samples, "order_round_trip_seconds_count", node="trader") == 38
    assert value(samples, "order_round_trip_seconds_sum", node="trader") == pytest.approx(0.071)


def test_a_stale_trader_is_down_and_its_values_are_withheld() -> None:
    state = fed()
    state.apply(system(), NOW + 4 * S)
    samples = scrape(state, NOW + 4 * S)
    assert value(samples, "rung", rung="UNKNOWN") == 1
    assert value(samples, "rung", rung="NORMAL") == 0
    assert value(samples, "node_up", node="trader") == 0
    assert value(samples, "actor_up", node="trader", actor=RISK) == 0
    assert value(samples, "source_age_seconds", source="trading") == 4
    for name in ("equity", "updates_total", "actor_mailbox", "order_round_trip_seconds_count"):
        assert not [one for one, _ in samples if one == f"tradigrade_{name}"], name


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("orders placed", "tradigrade_orders_placed"),
        ("Größe/€", "tradigrade_gr__e__"),
        ("updates_total", "tradigrade_updates"),
        ("9lives", "tradigrade_9lives"),
    ],
)
def test_any_name_becomes_a_valid_one(name: str, metric: str) -> None:
    assert metric_name(name) == metric


def test_names_that_collide_do_not_void_the_scrape() -> None:
    state = ConsoleState()
    histogram = HistogramReport((0.1,), (1, 1), 0.3)
    clash = node(
        "n",
        actors=(actor("n/a"),),
        counters={"a b": 1, "a-b": 2, "equity": 5},
        gauges={"equity": 3.0, "rung": 4.0, "nan": math.nan},
        histograms={"wait": histogram, "WAIT": histogram},
    )
    state.apply(clash, NOW)
    state.apply(trading(), NOW)
    samples = scrape(state)
    assert value(samples, "a_b_total", node="n") == 3
    assert value(samples, "rung_reported", node="n") == 4
    assert value(samples, "equity_reported_total", node="n") == 5


def test_paths_and_runtimes_are_escaped_as_labels() -> None:
    state, odd = ConsoleState(), 'n/x"y\\z\n{}'
    state.apply(node("n", actors=(actor(odd, runtime=odd, state="failed"), actor("n", supervisor=True))), NOW)
    samples = scrape(state)
    assert value(samples, "actor_info", node="n", actor=odd, runtime=odd) == 1
    assert value(samples, "actor_state", node="n", actor=odd, state="failed") == 1
    assert value(samples, "actor_messages_total", node="n", actor=odd, outcome="handled") == 0


def test_label_values_are_escaped() -> None:
    state = fed()
    odd = 'x"y\\z\n{}'
    renamed = msgspec.structs.replace(trading().symbols[0], symbol=odd)
    state.apply(trading(symbols=(renamed,)), NOW)
    assert value(scrape(state), "market_live", symbol=odd) == 1
