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


def test_label_values_are_escaped() -> None:
    state = fed()
    odd = 'x"y\\z\n{}'
    renamed = msgspec.structs.replace(trading().symbols[0], symbol=odd)
    state.apply(trading(symbols=(renamed,)), NOW)
    assert value(scrape(state), "market_live", symbol=odd) == 1
