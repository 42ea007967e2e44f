"""The console's picture in Prometheus's exposition format, read afresh at every scrape.

A stale source's values are withheld rather than repeated, so a dead part never looks alive; its `up` says 0 and
the rung says UNKNOWN. Names follow https://prometheus.io/docs/practices/naming/.
"""

import re
from collections.abc import Callable, Iterator
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
from .view import ACTORS_MAX, UNKNOWN_RUNG, View, clip

COUNTERS = {
    "restarts": "Restarts that the node's supervisors began",
    "stalled": "Actors that hung and were ended by their supervisor",
    "gave_up": "Supervisors that gave up: one failure was too many",
    "left_down": "Children left down: their own budget of restarts is spent",
    "crashes": "Actors that ended by a failure of their own",
    "poisoned": "Messages set aside because they crashed their actor again and again",
    "dead_letters": "Messages that nobody handled",
    "expired": "Messages that came too late to be handled",
    "threads_abandoned": "Threads that could not be stopped",
}
"""Every node counts these, also where nothing was counted yet."""
GAUGES = {
    "threads_abandoned": ("tradigrade_node_threads_abandoned", "Threads that could not be stopped and still run"),
    "retained_messages": (
        "tradigrade_node_retained_messages",
        "Messages that wait for the next incarnation of an actor",
    ),
    "settings_not_tuned": (
        "tradigrade_node_settings_not_tuned",
        "Settings that keep the interpreter free for the cell and do not hold; the log says which",
    ),
}
OUTCOMES = ("handled", "conflated", "dropped", "expired", "dead_lettered", "kept")
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
        fresh = [node["name"] for node in view["nodes"] if not node["stale"] and node["name"] in self._state.nodes]
        for report in (self._state.nodes[name].report for name in fresh):
            _add_kernel(families, report)
            _add_messages(families, report)
            _add_reported(families, report)
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
    families.gauge("tradigrade_node_state", "1 for the state it is in", 1.0, node=name, state=node["state"])
    families.gauge("tradigrade_node_incarnation", "Number of the process", node["incarnation"], node=name)
    families.counter("tradigrade_node_restarts", "Restarts of the process", node["restarts"], node=name)
    if node["age_s"] is not None:
        families.gauge("tradigrade_node_report_age_seconds", "Since its last report", node["age_s"], node=name)
    if node["strategy"]:
        _add_supervisor(families, name, name, node["strategy"])
    for actor in _walk(node["actors"]):
        _add_actor(families, actor, {"node": name, "actor": actor["path"]})


def _add_actor(families: _Families, actor: View, labels: dict[str, str]) -> None:
    families.gauge("tradigrade_actor_up", "1 while running", float(actor["state"] == "running"), **labels)
    state = actor["state"]
    families.gauge("tradigrade_actor_state", "1 for the state it is in", 1.0, **labels, state=state)
    if state == "stale":
        return
    if actor["supervisor"]:
        _add_supervisor(families, labels["node"], actor["path"], actor["strategy"])
    elif actor["runtime"]:
        families.gauge("tradigrade_actor_info", "1; how the actor runs", 1.0, **labels, runtime=actor["runtime"])
    families.gauge("tradigrade_actor_incarnation", "Number of the incarnation", actor["incarnation"], **labels)
    families.counter("tradigrade_actor_restarts", "Restarts by its supervisor", actor["restarts"], **labels)
    families.gauge("tradigrade_actor_mailbox", "Messages waiting", actor["mailbox"], **labels)
    age_s = actor["progress_age_s"]
    if age_s is not None:
        families.gauge("tradigrade_actor_progress_age_seconds", "Since its last useful output", age_s, **labels)


def _add_supervisor(families: _Families, node: str, path: str, strategy: str) -> None:
    help_text = "1; how the supervisor restarts its children"
    families.gauge("tradigrade_supervisor_info", help_text, 1.0, node=node, supervisor=path, strategy=strategy)


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


def _add_kernel(families: _Families, report: NodeReport) -> None:
    """What every node counts, by names that are known."""
    for name, help_text in COUNTERS.items():
        families.counter(metric_name(name), help_text, report.counters.get(name, 0), node=report.node)
    for name, (metric, help_text) in GAUGES.items():
        if name in report.gauges:
            families.gauge(metric, help_text, report.gauges[name], node=report.node)


def _add_messages(families: _Families, report: NodeReport) -> None:
    """What became of the messages of every actor, since its incarnation began: sent is the sum, and what waits."""
    for actor in report.actors[:ACTORS_MAX]:
        labels = {"node": report.node, "actor": clip(actor.path)}
        families.counter("tradigrade_actor_messages_sent", "Messages sent to the actor", actor.sent, **labels)
        for outcome in OUTCOMES:
            help_text, count = "Messages sent to the actor, by what became of them", getattr(actor, outcome)
            families.counter("tradigrade_actor_messages", help_text, count, **labels, outcome=outcome)


def _add_reported(families: _Families, report: NodeReport) -> None:
    """What the node's own parts count, by whatever names they chose."""
    known = {metric_name(name) for name in COUNTERS}
    for name, count in _merge(report.counters).items():
        if name not in known:
            families.counter(name, "Counted by the node since it began", count, node=report.node)
    for name, value in _merge({key: value for key, value in report.gauges.items() if key not in GAUGES}).items():
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
