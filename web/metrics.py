"""The console's picture in Prometheus's exposition format, read afresh at every scrape.

A stale source's values are withheld rather than repeated, so a dead part never looks alive; its `up` says 0 and
the rung says UNKNOWN. Names follow https://prometheus.io/docs/practices/naming/.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from ..supervisors.reports import HistogramReport, NodeReport
from ..trading.order_states import CLOSED
from ..trading.rungs import Rung
from ..trading.views import TradingSnapshot
from .state import ConsoleState
from .view import UNKNOWN_RUNG, View

RUNGS = (*Rung.__members__, UNKNOWN_RUNG)


def metric_name(name: str) -> str:
    """`tradigrade_` and the name in lower case, what Prometheus does not allow as underscores, without `_total`."""
    return "tradigrade_" + re.sub(r"[^a-z0-9_]", "_", name.lower()).removesuffix("_total")


class ConsoleCollector(Collector):
    """Collects from `state` as it stands at `clock_ns()`; belongs to the thread of `ConsoleState`."""

    def __init__(self, state: ConsoleState, clock_ns: Callable[[], int]) -> None:
        self._state = state
        self._clock_ns = clock_ns

    def collect(self) -> Iterator[Metric]:
        families, now_ns = _Families(), self._clock_ns()
        view = self._state.view(now_ns)
        _add_rung(families, view)
        for node in view["nodes"]:
            _add_node(families, node)
        if view["trading"] is not None and not view["sources"]["trading"]["stale"]:
            assert self._state.trading is not None
            _add_trading(families, self._state.trading.report)
        fresh = [node["name"] for node in view["nodes"] if not node["stale"]]
        _add_reported(families, (self._state.nodes[name].report for name in fresh if name in self._state.nodes))
        yield from families


def make_registry(state: ConsoleState, clock_ns: Callable[[], int]) -> CollectorRegistry:
    """A registry of its own: nothing process-global is read or changed."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ConsoleCollector(state, clock_ns))
    return registry


def expose(registry: CollectorRegistry) -> bytes:
    return generate_latest(registry)


class _Families:
    """Metric families by name, each with one kind and one set of labels.

    A reported name that is already taken by another kind gets `_reported` appended: one family twice would void
    the whole scrape.
    """

    def __init__(self) -> None:
        self._families: dict[str, tuple[Metric, type[Metric], tuple[str, ...]]] = {}

    def __iter__(self) -> Iterator[Metric]:
        return (family for family, _, _ in self._families.values())

    def gauge(self, name: str, help_text: str, value: float, **labels: str) -> None:
        self._family(GaugeMetricFamily, name, help_text, labels).add_metric(list(labels.values()), value)

    def counter(self, name: str, help_text: str, value: float, **labels: str) -> None:
        self._family(CounterMetricFamily, name, help_text, labels).add_metric(list(labels.values()), value)

    def histogram(self, name: str, help_text: str, value: HistogramReport, **labels: str) -> None:
        bounds = [*map(str, value.bounds_s), "+Inf"]
        buckets = list(zip(bounds, accumulate(value.counts), strict=True))
        family = self._family(HistogramMetricFamily, name, help_text, labels)
        family.add_metric(list(labels.values()), buckets, value.sum_s)

    def _family(self, kind: type[Metric], name: str, help_text: str, labels: dict[str, str]) -> Any:
        known = self._families.get(name)
        if known is None:
            family = kind(name, help_text, labels=tuple(labels))  # type: ignore[call-arg]
            self._families[name] = (family, kind, tuple(labels))
            return family
        if known[1:] != (kind, tuple(labels)):
            return self._family(kind, f"{name}_reported", help_text, labels)
        return known[0]


def _add_rung(families: _Families, view: View) -> None:
    for rung in RUNGS:
        help_text = "1 for the rung of the ladder that holds now"
        families.gauge("tradigrade_rung", help_text, float(rung == view["rung"]["name"]), rung=rung)
    for name, source in view["sources"].items():
        if source["age_s"] is not None:
            families.gauge("tradigrade_source_age_seconds", "Since its last report", source["age_s"], source=name)


def _add_node(families: _Families, node: View) -> None:
    name = node["name"]
    families.gauge("tradigrade_node_up", "1 while running and reporting", float(node["state"] == "running"), node=name)
    families.gauge("tradigrade_node_incarnation", "Number of the process", node["incarnation"], node=name)
    families.counter("tradigrade_node_restarts", "Restarts of the process", node["restarts"], node=name)
    if node["age_s"] is not None:
        families.gauge("tradigrade_node_report_age_seconds", "Since its last report", node["age_s"], node=name)
    for actor in _walk(node["actors"]):
        _add_actor(families, actor, {"node": name, "actor": actor["path"]})


def _add_actor(families: _Families, actor: View, labels: dict[str, str]) -> None:
    families.gauge("tradigrade_actor_up", "1 while running", float(actor["state"] == "running"), **labels)
    if actor["state"] == "stale":
        return
    families.gauge("tradigrade_actor_incarnation", "Number of the incarnation", actor["incarnation"], **labels)
    families.counter("tradigrade_actor_restarts", "Restarts by its supervisor", actor["restarts"], **labels)
    families.gauge("tradigrade_actor_mailbox", "Messages waiting", actor["mailbox"], **labels)
    age_s = actor["progress_age_s"]
    if age_s is not None:
        families.gauge("tradigrade_actor_progress_age_seconds", "Since its last useful output", age_s, **labels)


def _walk(actors: list[View]) -> Iterator[View]:
    for actor in actors:
        yield actor
        yield from _walk(actor["children"])


def _add_trading(families: _Families, snapshot: TradingSnapshot) -> None:
    currency = snapshot.currency
    families.gauge("tradigrade_equity", "Cash and holdings", float(snapshot.equity), currency=currency)
    families.gauge("tradigrade_profit", "Since the account opened", float(snapshot.profit), currency=currency)
    families.gauge("tradigrade_reconciled", "1 while the books equal the venue's", float(snapshot.reconciled))
    open_orders = sum(order.state not in CLOSED for order in snapshot.orders)
    families.gauge("tradigrade_open_orders", "Orders shown that are not closed, unknown ones included", open_orders)
    for symbol in snapshot.symbols:
        families.gauge("tradigrade_position", "Base currency held", float(symbol.position), symbol=symbol.symbol)
        families.gauge(
            "tradigrade_market_live", "1 while the feed is trusted", float(symbol.live), symbol=symbol.symbol
        )
    for learning in snapshot.learning:
        for model, loss in learning.losses.items():
            labels = {"symbol": learning.symbol, "model": model}
            families.gauge("tradigrade_model_log_loss", "Recent mean; 0.693 is a coin", loss, **labels)
    for name, count in snapshot.counters.items():
        families.counter(metric_name(f"trading_{name}"), "Counted by the trader", count)


def _add_reported(families: _Families, reports: Iterable[NodeReport]) -> None:
    for report in reports:
        for name, count in _merge(report.counters).items():
            families.counter(name, "Counted by the node since it began", count, node=report.node)
        for name, value in _merge(report.gauges).items():
            families.gauge(name, "Reported by the node", value, node=report.node)
        for name, histogram in {metric_name(key): value for key, value in report.histograms.items()}.items():
            families.histogram(f"{name}_seconds", "Durations measured by the node", histogram, node=report.node)


def _merge(numbers: dict[str, Any]) -> dict[str, Any]:
    """By metric name; what two names share is summed, for a series may appear only once."""
    merged: dict[str, Any] = {}
    for key, value in numbers.items():
        name = metric_name(key)
        merged[name] = merged.get(name, 0) + value
    return merged
