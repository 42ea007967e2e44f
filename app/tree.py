"""The whole running system as one tree: launcher, nodes, supervisors, actors. Pure functions, and the command."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .status import Link, connect
from .supervisors.reports import ActorReport, NodeReport, ProcessReport
from .transports.control import StatusAnswered

LAUNCHER = "launcher"
PERIOD_S = 0.5
WIDTH = 100
"""Columns where there is no terminal to ask."""
MATCHES_MAX = 5
STYLES = {
    "running": "green",
    "starting": "yellow",
    "restarting": "yellow",
    "stopping": "yellow",
    "stalled": "bold yellow",
    "stopped": "dim",
    "failed": "bold red",
}
COUNTED = ("sent", "handled", "conflated", "dropped", "expired", "dead_lettered", "kept")

Item = dict[str, Any]


class NoTarget(Exception):
    """Nothing of that path is there, or it is nothing that this can be done to; the message says what there is."""


# -- building ---------------------------------------------------------------------------------------------------------


def build_tree(answer: StatusAnswered, pid: int, now_ns: int) -> Item:
    """The launcher's item, as documented in the README; `now_ns` is UTC, `pid` the launcher's."""
    reports = {report.node: report for report in answer.nodes}
    nodes = [_node_item(process, reports.get(process.name), now_ns) for process in answer.system.nodes]
    own = answer.launcher
    return _item(LAUNCHER, LAUNCHER, own, pid=pid, strategy=own.strategy, children=nodes)


def _node_item(process: ProcessReport, report: NodeReport | None, now_ns: int) -> Item:
    """A report of another incarnation tells nothing about this one."""
    if report is not None and report.incarnation != process.incarnation:
        report = None
    told = {} if report is None else {actor.path: actor for actor in report.actors}
    root = told.pop(process.name, None)
    item = _item(
        process.name,
        "node",
        process,
        pid=process.pid,
        strategy="" if root is None else root.strategy,
        up_ms=process.up_ms,
        ready_ms=process.ready_ms,
        report_age_s=None if report is None else max(0.0, (now_ns - report.sent_ns) / 1e9),
        threads_abandoned=0 if report is None else int(report.gauges.get("threads_abandoned", 0)),
        retained_messages=0 if report is None else int(report.gauges.get("retained_messages", 0)),
        children=[],
    )
    if process.state == "running" and root is not None:
        item["state"] = root.state
    if process.state in ("running", "stalled", "stopping"):
        _hang_actors(item, told)
    return item


def _hang_actors(node: Item, told: dict[str, ActorReport]) -> None:
    """Each below its supervisor; nobody does anything in a process that stands still."""
    known = {node["path"]: node}
    for path, actor in told.items():  # a supervisor before its children, in the order of their start
        item = known[path] = _actor_item(actor)
        parent = path.rpartition("/")[0]
        while parent and parent not in known:
            parent = parent.rpartition("/")[0]
        item["name"] = path.removeprefix(f"{parent}/")
        known.get(parent, node)["children"].append(item)
        if node["state"] == "stalled" and item["state"] == "running":
            item["state"] = "stalled"


def _actor_item(actor: ActorReport) -> Item:
    return _item(
        actor.path,
        "supervisor" if actor.supervisor else "actor",
        actor,
        strategy=actor.strategy,
        runtime=actor.runtime,
        mailbox=actor.mailbox,
        progress_age_s=actor.progress_age_s,
        started_ns=actor.started_ns,
        messages={name: getattr(actor, name) for name in COUNTED},
        children=[],
    )


def _item(path: str, kind: str, told: ActorReport | ProcessReport, **more: Any) -> Item:
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "kind": kind,
        "state": told.state,
        "restarts": told.restarts,
        "incarnation": told.incarnation,
        "reason": told.reason,
        **more,
    }


# -- finding ----------------------------------------------------------------------------------------------------------


def walk(item: Item) -> Iterator[Item]:
    """It and everything below it."""
    yield item
    for child in item["children"]:
        yield from walk(child)


def find(tree: Item, path: str) -> Item | None:
    return next((item for item in walk(tree) if item["path"] == path), None)


def pick(tree: Item, path: str) -> Item:
    """The item at `path`; `NoTarget` names those that are nearly called so."""
    found = find(tree, path)
    if found is None:
        near = near_matches(tree, path)
        hint = f"did you mean {' or '.join(near)}?" if near else f"expected one of {', '.join(_nodes(tree))} or below"
        raise NoTarget(f"nothing is at {path!r}: {hint}")
    return found


def near_matches(tree: Item, path: str) -> list[str]:
    """Paths that end like it, then those that are spelled nearly like it."""
    paths = [item["path"] for item in walk(tree)]
    last = path.rpartition("/")[2]
    same_end = [known for known in paths if last and known.rpartition("/")[2] == last]
    ends = {known.rpartition("/")[2]: known for known in paths}
    close = get_close_matches(path, paths, MATCHES_MAX) + [ends[end] for end in get_close_matches(last, ends)]
    return list(dict.fromkeys(same_end + close))[:MATCHES_MAX]


def _nodes(tree: Item) -> list[str]:
    return [child["path"] for child in tree["children"]]


# -- showing ----------------------------------------------------------------------------------------------------------


def render(tree: Item) -> Table:
    """A table that fits its terminal; what is too long ends in dots."""
    table = Table(box=None, padding=(0, 1, 0, 0), expand=True, header_style="dim")
    table.add_column("", no_wrap=True, overflow="ellipsis", min_width=30)
    table.add_column("state", no_wrap=True)
    for title in ("restarts", "inc.", "mail", "progress"):
        table.add_column(title, no_wrap=True, justify="right")
    table.add_column("reason", no_wrap=True, overflow="ellipsis", ratio=1)
    for lead, item in _lines(tree, "", ""):
        table.add_row(*_cells(lead, item))
    return table


def _lines(item: Item, lead: str, below: str) -> Iterator[tuple[str, Item]]:
    """Every item with what is drawn before its name."""
    yield lead, item
    for child in item["children"]:
        last = child is item["children"][-1]
        yield from _lines(child, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "))


def _cells(lead: str, item: Item) -> list[Text]:
    age_s, mail = item.get("progress_age_s"), item.get("mailbox")
    return [
        Text.assemble((lead, "dim"), (item["name"], "bold" if "pid" in item else ""), (f"  {_where(item)}", "dim")),
        Text(item["state"], STYLES.get(item["state"], "")),
        Text(str(item["restarts"]), "yellow" if item["restarts"] else "dim"),
        Text(str(item["incarnation"]), "dim"),
        Text("" if mail is None else str(mail), "" if mail else "dim"),
        Text("" if age_s is None else f"{age_s:.1f} s"),
        Text(_reason(item)),
    ]


def _where(item: Item) -> str:
    """How it runs: process, strategy or runtime."""
    return f"pid {item['pid']}" if "pid" in item else item["strategy"] or item["runtime"]


def _reason(item: Item) -> str:
    times = {"up": item.get("up_ms"), "ready": item.get("ready_ms")}
    told = ", ".join(f"{name} {value:.0f} ms" for name, value in times.items() if value is not None)
    return " · ".join(filter(None, (told, " ".join(item["reason"].split()))))


# -- the command ------------------------------------------------------------------------------------------------------


def show_tree(data_dir: Path, path: str, *, watch: bool, as_json: bool) -> None:
    """Print the tree once, or until Ctrl-C. Raises `NothingRuns`, `NoTarget` or a `KernelError`."""
    try:
        asyncio.run(_show(data_dir, path, watch=watch, as_json=as_json))
    except KeyboardInterrupt:
        if not watch:
            raise


async def _show(data_dir: Path, path: str, *, watch: bool, as_json: bool) -> None:
    screen = Console(highlight=False)
    if not screen.is_terminal:
        screen.width = WIDTH
    redraws = watch and screen.is_terminal and not as_json
    with Live(console=screen, auto_refresh=False) if redraws else nullcontext() as live:
        async with connect(data_dir) as link:
            while True:
                tree = pick(await read_tree(link), path)
                _print(tree, screen, live, as_json=as_json)
                if not watch:
                    return
                await asyncio.sleep(PERIOD_S)


async def read_tree(link: Link) -> Item:
    """The tree as it is now."""
    return build_tree(await link.status(), link.launcher_pid, link.clock.now_ns())


def _print(tree: Item, screen: Console, live: Live | None, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(tree) + "\n")
        sys.stdout.flush()
    elif live is not None:
        live.update(render(tree), refresh=True)
    else:
        screen.print(render(tree))
