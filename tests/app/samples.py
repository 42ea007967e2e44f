"""A running system's answer about itself, as the command line hears it."""

from typing import Any

from tests.web.samples import NOW, actor, node, process, trader
from tradigrade.supervisors.reports import NodeReport, ProcessReport, SystemReport
from tradigrade.transports.control import StatusAnswered
from tradigrade.tree import Item, build_tree

PID = 4000
RISK = "trader/trading/account/risk"


def answer(*reports: NodeReport, nodes: tuple[ProcessReport, ...] = ()) -> StatusAnswered:
    own = actor("launcher/nodes", supervisor=True, strategy="one_for_one", progress_age_s=None)
    known = nodes or (process("forkserver"), process("trader"), process("learner"))
    return StatusAnswered(SystemReport(started_ns=NOW, nodes=known), reports, own)


def tree(*, nodes: tuple[ProcessReport, ...] = (), now_ns: int = NOW, **changes_of_risk: Any) -> Item:
    """The trader's risk actor as given, and everybody else as they should be."""
    return build_tree(answer(trader(**changes_of_risk), node("learner"), nodes=nodes), PID, now_ns)
