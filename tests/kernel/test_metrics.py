"""Plain numbers, counted from any thread."""

import threading

import pytest

from tradigrade.kernel.metrics import BOUNDS_S, Histogram, Metrics


def test_bounds_are_three_to_a_decade_from_a_microsecond_to_five_seconds() -> None:
    assert (BOUNDS_S[0], BOUNDS_S[-1], len(BOUNDS_S)) == (1e-6, 5.0, 21)
    assert list(BOUNDS_S) == sorted(set(BOUNDS_S))


@pytest.mark.parametrize(("seconds", "bucket"), [(0.0, 0), (1e-6, 0), (1.1e-6, 1), (5.0, 20), (5.1, 21)])
def test_a_duration_counts_in_the_first_bucket_that_holds_it(seconds: float, bucket: int) -> None:
    histogram = Histogram()
    histogram.observe(seconds)
    assert histogram.counts[bucket] == 1 == sum(histogram.counts)
    assert histogram.sum_s == seconds


def test_names_appear_on_first_use() -> None:
    metrics = Metrics()
    metrics.count("orders")
    metrics.count("orders", 2)
    metrics.gauge("rung", 1.0)
    metrics.observe("latency", 0.5)
    metrics.observe("latency", 0.5)
    assert (metrics.counters, metrics.gauges) == ({"orders": 3}, {"rung": 1.0})
    assert metrics.histograms["latency"].sum_s == 1.0


def test_nothing_counted_between_threads_is_lost() -> None:
    metrics = Metrics()

    def count() -> None:
        for _ in range(2000):
            metrics.count("orders")
            metrics.observe("latency", 0.5)

    counting = [threading.Thread(target=count) for _ in range(4)]
    for thread in counting:
        thread.start()
    for thread in counting:
        thread.join(10.0)
    assert metrics.counters["orders"] == sum(metrics.histograms["latency"].counts) == 8000


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_gauge_is_a_finite_number(value: float) -> None:
    with pytest.raises(AssertionError, match="expected a finite number"):
        Metrics().gauge("rung", value)
