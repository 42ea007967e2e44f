"""A chaos run as a report: times of each kind, a table for people, one object for programs. Pure, but for printing."""

import math
from collections.abc import Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..transports.control import ChaosProgress, ChaosStep, ChaosTimes, Invariant

ALL = "all"
HOLDS = {True: ("holds  ", "green"), False: ("BROKEN ", "bold red"), None: ("unknown", "yellow")}
STYLES = {"recovered": "green", "not recovered": "bold red", "refused": "yellow", "open": "yellow"}


def summarise(steps: Sequence[ChaosStep]) -> tuple[ChaosTimes, ...]:
    """Of all, then of every kind in alphabetical order."""
    kinds = sorted({step.kind for step in steps})
    parts = [(kind, [step for step in steps if step.kind == kind]) for kind in kinds]
    return tuple(_times(kind, part) for kind, part in ((ALL, list(steps)), *parts)) if steps else ()


def _times(kind: str, steps: Sequence[ChaosStep]) -> ChaosTimes:
    known = sorted(step.recovered_ms for step in steps if step.recovered_ms is not None)
    if not known:
        return ChaosTimes(kind, len(steps), 0)
    return ChaosTimes(kind, len(steps), len(known), quantile(known, 0.5), quantile(known, 0.99), known[-1])


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def passed(steps: Sequence[ChaosStep], invariants: Sequence[Invariant]) -> bool:
    """Every fault recovered from, and every invariant known to hold. What could not be put in is no failure."""
    return all(step.verdict in ("recovered", "refused") for step in steps) and all(each.holds for each in invariants)


def to_json(progress: ChaosProgress) -> dict[str, Any]:
    """As the command's help documents it."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(progress))
    for part in (found, *found["steps"], *found["times"], *found["invariants"]):
        part.pop("t", None)
    return found | {"passed": passed(progress.steps, progress.invariants)}


def print_report(screen: Console, progress: ChaosProgress) -> None:
    """Everything on one screen; nothing in it is taken for markup."""
    screen.print()
    screen.print(_steps_table(progress.steps))
    screen.print(_times_table(progress.times))
    for each in progress.invariants:
        screen.print(Text.assemble(HOLDS[each.holds], f"  {each.name}: {each.text}"))
    well = passed(progress.steps, progress.invariants)
    words = ("passed", "green") if well else ("FAILED", "bold red")
    screen.print(Text.assemble("\n", words, f", seed {progress.seed}"))


def _steps_table(steps: Sequence[ChaosStep]) -> Table:
    table = Table("#", "fault", "target", box=None, padding=(0, 1, 0, 0), header_style="dim")
    for title in ("noticed", "works after"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("rung")
    table.add_column("verdict")
    for step in steps:
        text = f"{step.verdict}: {step.text}" if step.verdict in ("not recovered", "refused") else step.verdict
        told = (step.kind, step.target, span(step.noticed_ms), span(step.recovered_ms), step.rung)
        table.add_row(*map(Text, (str(step.number), *told)), Text(text, STYLES[step.verdict]))
    return table


def _times_table(times: Sequence[ChaosTimes]) -> Table:
    table = Table("works again after", box=None, padding=(0, 1, 0, 0), header_style="dim")
    for title in ("faults", "p50", "p99", "max"):
        table.add_column(title, justify="right")
    for each in times:
        count = str(each.count) if each.count == each.recovered else f"{each.recovered} of {each.count}"
        table.add_row(each.kind, count, span(each.p50_ms), span(each.p99_ms), span(each.max_ms))
    return table


def span(milliseconds: float | None) -> str:
    if milliseconds is None:
        return "–"
    return f"{milliseconds:.0f} ms" if milliseconds < 10_000 else f"{milliseconds / 1e3:.1f} s"
