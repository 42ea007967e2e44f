"""What changed for better or worse between two reports: the lines of the console's incident list. Pure functions."""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from ..supervisors.reports import ActorReport, NodeReport, ProcessReport, SystemReport
from ..trading.views import TradingSnapshot
from .view import ACTORS_MAX

ROUTINE = ("starting", "running", "stopping")


class Incident(NamedTuple):
    at_ns: int
    subject: str
    text: str


def node_incidents(old: NodeReport, new: NodeReport, at_ns: int) -> Iterator[Incident]:
    """Restarts and troubled states of actors; between two incarnations of a node nothing compares."""
    if old.incarnation != new.incarnation:
        return
    before = {actor.path: actor for actor in old.actors}
    for actor in islice(new.actors, ACTORS_MAX):
        text = _turn(before.get(actor.path), actor)
        if text:
            yield Incident(at_ns, actor.path, text)


def system_incidents(old: SystemReport, new: SystemReport, at_ns: int) -> Iterator[Incident]:
    """Restarts and troubled states of nodes, and how long each was away once it is known."""
    before = {process.name: process for process in old.nodes}
    for process in new.nodes:
        earlier = before.get(process.name)
        text = _turn(earlier, process)
        if text:
            yield Incident(at_ns, process.name, text)
        if process.ready_ms is not None and (earlier is None or earlier.ready_ms != process.ready_ms):
            yield Incident(at_ns, process.name, f"working again {process.ready_ms:.0f} ms after it died")


def rung_incidents(old: TradingSnapshot, new: TradingSnapshot, at_ns: int) -> Iterator[Incident]:
    if old.rung != new.rung:
        yield Incident(at_ns, "rung", _with_reason(f"{old.rung} → {new.rung}", new.rung_reason))


def _turn(old: ActorReport | ProcessReport | None, new: ActorReport | ProcessReport) -> str:
    if old is None:
        return ""
    if new.state == "failed" != old.state:  # it may have been restarted too since the last report
        return _with_reason("left down", new.reason)
    if new.restarts > old.restarts:
        return _with_reason(f"restarted, {new.restarts} in all", new.reason)
    if new.state != old.state and new.state not in ROUTINE:
        return _with_reason(new.state, new.reason)
    return ""


def _with_reason(text: str, reason: str) -> str:
    return f"{text}: {reason}" if reason else text
