"""What was received and when, and what may still be believed of it: pure functions."""

from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from ..supervisors.reports import ActorReport, NodeReport, ProcessReport, SystemReport
from ..trading.views import TradingSnapshot
from ..transports.control import ChaosProgress
from .view import View, clip

R = TypeVar("R", NodeReport, SystemReport, TradingSnapshot, ChaosProgress)


class MalformedReport(ValueError):
    """The sender's fault: the report contradicts itself; it was not applied."""


@dataclass(frozen=True, slots=True)
class Received(Generic[R]):
    report: R
    at_ns: int


class NodeStatus(NamedTuple):
    """`state` is a supervision state, or "stale" where nothing fresh tells; `stale`: its last report is void."""

    state: str
    reason: str
    age_s: float | None
    stale: bool


def check_histograms(report: NodeReport) -> None:
    for name, histogram in report.histograms.items():
        bounds, counts = histogram.bounds_s, histogram.counts
        if len(counts) != len(bounds) + 1 or list(bounds) != sorted(set(bounds)):
            raise MalformedReport(
                f"node {report.node}: histogram {name!r} must have rising bounds and one count more than bounds,"
                f" found {len(bounds)} bounds and {len(counts)} counts"
            )


def status_without_report(process: ProcessReport | None) -> NodeStatus:
    if process is None:
        return NodeStatus("stale", "neither the launcher nor the node itself tells", None, stale=True)
    return NodeStatus(process.state, clip(process.reason), None, stale=False)


def actor_fault(actor: ActorReport) -> str:
    """What is wrong with it until somebody does something about it; empty where nothing is."""
    match actor.state:
        case "stalled":
            return clip(actor.reason) or f"no useful output for {actor.progress_age_s or 0.0:.1f} s"
        case "failed":
            return f"left down: {clip(actor.reason)}"
        case _:
            return ""


def silence(age_s: float) -> str:
    return f"silent for {age_s:.1f} s"


def source_view(age_s: float | None, fault: str) -> View:
    return {"age_s": age_s, "stale": bool(fault), "reason": fault}
