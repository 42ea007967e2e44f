"""One row of docs/faults.md: a fault as it is done to a simulated system, and how it is borne."""

from collections.abc import Callable
from typing import NamedTuple

from tradigrade.kernel.simulation.schedule import Fault
from tradigrade.simulation.damage import Undo
from tradigrade.simulation.faults import KINDS
from tradigrade.simulation.world import World

AT_S = 20.0


class Row(NamedTuple):
    """`begin` does it and returns what ends it, `for_s` later. `bears` says why nothing is lost."""

    group: str
    name: str
    bears: str
    begin: Callable[[World], Undo | None]
    for_s: float = 0.0
    kind: str = ""
    """Of `faults.py`; empty where the row has a way of its own."""
    target: str = ""


def scheduled(
    group: str, name: str, bears: str, kind: str, target: str = "", for_s: float = 0.0, amount: float = 0.0
) -> Row:
    """Done as the simulator's schedules do it."""
    fault = Fault(AT_S, kind, target, for_s, amount)
    return Row(group, name, bears, lambda world: KINDS[kind].apply(world, fault), for_s, kind, target)
