"""The console's picture of the system: a fold over reports. What has not been heard of lately is stale, not healthy."""

from collections import deque

from msgspec.structs import replace

from ..storage.halt import Halt
from ..supervisors.reports import NodeBeat, NodeReport, ProcessReport, SystemReport
from ..trading.messages import RiskAlert
from ..trading.views import Curve, LearningView, RungMove, TradingSnapshot
from ..transports.control import ChaosProgress
from .chaos_view import chaos_view
from .chart_view import ChartWindows
from .continuation import complete, is_outdated, misses
from .data_view import DataWindow
from .freshness import (
    NodeStatus,
    R,
    Received,
    actor_fault,
    check_histograms,
    silence,
    source_view,
    status_without_report,
)
from .incidents import Incident, node_incidents, rung_incidents, system_incidents
from .ladder_view import alert_view, continue_rows, halt_view, ladder_view
from .reconciliation_view import ReconciliationWindow
from .risk_view import RiskWindow
from .view import (
    NAMES_MAX,
    SYMBOLS_MAX,
    UNKNOWN_RUNG,
    View,
    clip,
    continue_curve,
    finite,
    latency_view,
    milliseconds,
    nest_actors,
    take_root,
    trading_view,
)

NODES_MAX = 64
INCIDENTS_MAX = 100
CURVE_POINTS_MAX = 1_200
DOWN = ("restarting", "stopping", "stopped", "failed")


class ConsoleState:
    """Folds reports in any order, with gaps, in bounded memory; it never asks a clock.

    Not locked: `apply`, `view` and the scrape of metrics belong in one thread. `trader` names the node whose death
    voids the trading snapshot at once; a source silent for `stale_after_s` is stale.
    """

    def __init__(self, *, trader: str = "trader", stale_after_s: float = 3.0) -> None:
        self.trader = trader
        self.stale_after_s = stale_after_s
        self.nodes: dict[str, Received[NodeReport]] = {}
        self.system: Received[SystemReport] | None = None
        self.trading: Received[TradingSnapshot] | None = None
        self.chaos: Received[ChaosProgress] | None = None
        self.incidents: deque[Incident] = deque(maxlen=INCIDENTS_MAX)
        self.data = DataWindow()
        self.risk = RiskWindow()
        self.reconciliation = ReconciliationWindow()
        self.charts = ChartWindows()
        self.halt: Halt | None = None
        """The halt that stands, as its latch says: it holds whoever else is silent."""
        self._beats: dict[str, int] = {}
        """When a node last said only that it lives: its last report still holds then."""
        self._trader_lost_ns = 0
        self._whole: TradingSnapshot | None = None
        self.misses_whole = False
        """Of the trader's snapshots the last whole one was not heard: rows are missing."""
        self._moves: tuple[RungMove, ...] = ()
        self._alerts: tuple[RiskAlert, ...] = ()
        self._equity_curve: Curve = ()
        self._loss_curves: dict[str, Curve] = {}

    # -- folding ------------------------------------------------------------------------------------------------------

    def apply(self, report: NodeReport | SystemReport | TradingSnapshot | ChaosProgress, received_ns: int) -> None:
        """Raises MalformedReport, and then changes nothing."""
        if isinstance(report, NodeReport):
            self._apply_node(Received(report, received_ns))
        elif isinstance(report, SystemReport):
            self._apply_system(Received(report, received_ns))
        elif isinstance(report, ChaosProgress):
            self.chaos = Received(report, received_ns)
        else:
            self._apply_trading(report, received_ns)

    def hear(self, beat: NodeBeat, received_ns: int) -> None:
        """Of the process whose report is known; of another there is nothing to be shown yet."""
        known = self.nodes.get(beat.node)
        if known is not None and known.report.incarnation == beat.incarnation:
            self._beats[beat.node] = received_ns

    def _apply_node(self, received: Received[NodeReport]) -> None:
        check_histograms(received.report)
        report, known = received.report, self.nodes.get(received.report.node)
        if known is not None:
            if report.incarnation < known.report.incarnation and self._fresh(known, received.at_ns):
                return  # a last word of a dead incarnation, overtaken by its successor
            self.incidents.extend(node_incidents(known.report, report, received.at_ns))
        elif len(self.nodes) >= NODES_MAX:
            self._beats.pop(oldest := min(self.nodes, key=lambda name: self.nodes[name].at_ns), None)
            del self.nodes[oldest]
        self.nodes[report.node] = received

    def _apply_system(self, received: Received[SystemReport]) -> None:
        earlier = self._process(self.trader)
        if self.system is not None:
            self.incidents.extend(system_incidents(self.system.report, received.report, received.at_ns))
        self.system = received
        trader = self._process(self.trader)
        if trader is not None and (trader.state in DOWN or (earlier is not None and trader.pid != earlier.pid)):
            self._trader_lost_ns = received.at_ns

    def _apply_trading(self, told: TradingSnapshot, received_ns: int) -> None:
        if is_outdated(told, self._whole):
            return
        self._whole = self._whole if told.since_ns else told
        self.misses_whole = misses(told, self._whole)
        told = complete(told, self._whole)
        if self.trading is not None:
            self.incidents.extend(rung_incidents(self.trading.report, told, received_ns))
        self._moves = continue_rows(self._moves, told.moves)
        self._alerts = continue_rows(self._alerts, told.alerts)
        self._equity_curve = continue_curve(self._equity_curve, told.equity_curve, CURVE_POINTS_MAX)
        learning = tuple(replace(one, curve=self._continue_loss(one)) for one in told.learning[:SYMBOLS_MAX])
        self.trading = Received(replace(told, equity_curve=self._equity_curve, learning=learning), received_ns)

    def _continue_loss(self, learning: LearningView) -> Curve:
        known = self._loss_curves.pop(learning.symbol, ())
        if len(self._loss_curves) >= SYMBOLS_MAX:
            del self._loss_curves[next(iter(self._loss_curves))]  # the one not heard of for longest
        curve = self._loss_curves[learning.symbol] = continue_curve(known, learning.curve, CURVE_POINTS_MAX)
        return curve

    # -- judging freshness --------------------------------------------------------------------------------------------

    def age_s(self, received: Received[R], now_ns: int) -> float:
        return max(0.0, (now_ns - received.at_ns) / 1e9)

    def _fresh(self, received: Received[R], now_ns: int) -> bool:
        return self.age_s(received, now_ns) <= self.stale_after_s

    def _process(self, name: str) -> ProcessReport | None:
        nodes = () if self.system is None else self.system.report.nodes
        return next((process for process in nodes if process.name == name), None)

    def launcher_fault(self, now_ns: int) -> str:
        """Why the launcher's view does not count; empty while it does."""
        if self.system is None:
            return "no report yet"
        return "" if self._fresh(self.system, now_ns) else silence(self.age_s(self.system, now_ns))

    def trading_fault(self, now_ns: int) -> str:
        """Why the trading snapshot does not count; empty while it does."""
        if self.trading is None:
            return "no snapshot yet"
        process = self._process(self.trader)
        if process is not None and process.state in DOWN and not self.launcher_fault(now_ns):
            return f"the trader is {process.state}" + (f": {clip(process.reason)}" if process.reason else "")
        if self.trading.at_ns <= self._trader_lost_ns:
            return "the new trader has not spoken yet"
        return "" if self._fresh(self.trading, now_ns) else silence(self.age_s(self.trading, now_ns))

    def node_status(self, name: str, now_ns: int) -> NodeStatus:
        """The launcher's fresh word on a process goes before what the process last said of itself."""
        received = self.nodes.get(name)
        process = None if self.launcher_fault(now_ns) else self._process(name)
        age_s = None if received is None else self.age_s(received, now_ns)
        if process is not None and process.state in DOWN:
            return NodeStatus(process.state, clip(process.reason), age_s, stale=True)
        if received is None:
            return status_without_report(process)
        if process is not None and self._replaced(received, process):
            return NodeStatus("starting", "the new process has not reported yet", age_s, stale=True)
        silent_s = min(self.age_s(received, now_ns), max(0.0, (now_ns - self._beats.get(name, 0)) / 1e9))
        if silent_s > self.stale_after_s:
            return NodeStatus("stale", silence(silent_s), age_s, stale=True)
        state, reason = ("running", "") if process is None else (process.state, clip(process.reason))
        return NodeStatus(state, reason, age_s, stale=False)

    def _replaced(self, received: Received[NodeReport], process: ProcessReport) -> bool:
        """Whether the launcher, speaking later, knows another process by that name."""
        assert self.system is not None
        return process.pid != received.report.pid and self.system.at_ns >= received.at_ns

    def node_names(self) -> list[str]:
        """In the launcher's order, then those only known by their own reports."""
        listed = [] if self.system is None else [process.name for process in self.system.report.nodes[:NODES_MAX]]
        return listed + sorted(set(self.nodes) - set(listed))

    def rung(self, now_ns: int) -> tuple[str, str]:
        """The ladder's rung and its reason, or UNKNOWN and why nothing fresh tells."""
        fault = self.trading_fault(now_ns)
        if self.trading is None or not fault:
            snapshot = None if self.trading is None else self.trading.report
            return (UNKNOWN_RUNG, fault) if snapshot is None else (snapshot.rung, clip(snapshot.rung_reason))
        return UNKNOWN_RUNG, f"{fault}; last known {self.trading.report.rung}"

    def faults(self, now_ns: int) -> list[str]:
        """One line for every source that is not fresh, and every actor that is stalled or was left down."""
        sources = {"launcher": self.launcher_fault(now_ns), "trading": self.trading_fault(now_ns)}
        for name in self.node_names():
            status = self.node_status(name, now_ns)
            at_fault = status.stale or status.state == "stalled"
            sources[f"node {name}"] = (status.reason or status.state) if at_fault else ""
            sources |= {} if status.stale else self._troubled(name)
        return [f"{name}: {fault}" for name, fault in sources.items() if fault]

    def _troubled(self, node: str) -> dict[str, str]:
        received = self.nodes.get(node)
        actors = () if received is None else received.report.actors
        return {f"actor {clip(actor.path)}": fault for actor in actors if (fault := actor_fault(actor))}

    # -- viewing ------------------------------------------------------------------------------------------------------

    def view(self, now_ns: int) -> View:
        """Everything, as JSON values: see the tests for the shape. Equal folds and equal `now_ns` give equal views."""
        rung, reason = self.rung(now_ns)
        return {
            "at_ms": milliseconds(now_ns),
            "started_ms": None if self.system is None else milliseconds(self.system.report.started_ns),
            "rung": {"name": rung, "reason": reason},
            "halt": halt_view(self.halt),
            "faults": self.faults(now_ns),
            "nodes": [self._node_view(name, now_ns) for name in self.node_names()],
            "sources": self._sources_view(now_ns),
            "trading": self._trading_view(now_ns),
            "ladder": self._ladder_view(now_ns),
            "alerts": [alert_view(each) for each in self._alerts],
            "chaos": self._chaos_view(now_ns),
            "incidents": [
                {"at_ms": milliseconds(at_ns), "subject": clip(subject), "text": clip(text)}
                for at_ns, subject, text in reversed(self.incidents)
            ],
        }

    def _sources_view(self, now_ns: int) -> dict[str, View]:
        received = {"launcher": self.system, "trading": self.trading}
        faults = {"launcher": self.launcher_fault(now_ns), "trading": self.trading_fault(now_ns)}
        ages = {name: None if one is None else max(0.0, (now_ns - one.at_ns) / 1e9) for name, one in received.items()}
        return {name: source_view(ages[name], fault) for name, fault in faults.items()}

    def _trading_view(self, now_ns: int) -> View | None:
        if self.trading is None:
            return None
        age_s, stale = self.age_s(self.trading, now_ns), bool(self.trading_fault(now_ns))
        return trading_view(self.trading.report, stale=stale, age_s=age_s)

    def _ladder_view(self, now_ns: int) -> View:
        told = () if self.trading is None else self.trading.report.standings
        return ladder_view(told, self._moves, stale=bool(self.trading_fault(now_ns)))

    def _chaos_view(self, now_ns: int) -> View | None:
        return None if self.chaos is None else chaos_view(self.chaos.report, silent=not self._fresh(self.chaos, now_ns))

    def _node_view(self, name: str, now_ns: int) -> View:
        status, process, received = self.node_status(name, now_ns), self._process(name), self.nodes.get(name)
        report = None if received is None else received.report
        said = process or report
        actors = [] if report is None else nest_actors(report, stale=status.stale, age_s=status.age_s or 0.0)
        root = take_root(name, actors)
        return {
            "name": clip(name),
            "state": status.state if root is None or status.state != "running" else root["state"],
            "reason": status.reason or ("" if root is None else root["reason"]),
            "strategy": "" if root is None else root["strategy"],
            "stale": status.stale,
            "age_s": status.age_s,
            "pid": 0 if said is None else said.pid,
            "incarnation": 0 if said is None else said.incarnation,
            "restarts": 0 if process is None else process.restarts,
            "up_ms": None if process is None else finite(process.up_ms),
            "ready_ms": None if process is None else finite(process.ready_ms),
            "actors": actors,
            "latencies": {}
            if report is None
            else {clip(key): latency_view(h) for key, h in list(report.histograms.items())[:NAMES_MAX]},
        }
