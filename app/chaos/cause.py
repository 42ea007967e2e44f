"""Faults put in on purpose from the command line, and what becomes of them."""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from ..injection import LASTING, OUTSIDE, find_fault, fork_server_fault, outside_fault, supervisor_fault
from ..monitor import MONITOR
from ..node_faults import NODE_ACTIONS, lasting_s
from ..status import Link, connect
from ..supervisors.process_table import FORK_SERVERS
from ..transports.control import Acknowledged, ChaosAsked, VenueFaultAsked
from ..tree import LAUNCHER, Item, NoTarget, find, pick, read_tree

WATCH_S = 10.0
"""How long what follows is watched."""
POLL_S = 0.05
VENUE = "exchange/venue"
WORDS = {
    "disk-full": "its disk is full",
    "disk-slow": "its disk is slow",
    "sync-fails": "every sync to its disk fails",
}


@dataclass(frozen=True)
class Done:
    """What was done, to whom, and when."""

    asked: ChaosAsked
    incarnation: int
    node_incarnation: int
    at_ns: int
    """On the host's monotonic clock."""


@dataclass(frozen=True)
class Outcome:
    """What became of it. `recovered`: the target works again; None where nobody looked."""

    recovered: bool | None
    incarnation: int | None
    after_ms: float | None
    text: str


def cause(data_dir: Path, asked: ChaosAsked, *, wait: bool, as_json: bool) -> None:
    """Do it, watch, and tell. Raises `NothingRuns`, `NoTarget` or a `KernelError`."""
    asyncio.run(_cause(data_dir, asked, wait=wait, as_json=as_json))


async def _cause(data_dir: Path, asked: ChaosAsked, *, wait: bool, as_json: bool) -> None:
    screen = Console(stderr=as_json, highlight=False, markup=False, soft_wrap=True)
    async with connect(data_dir) as link:
        tree = await read_tree(link)
        check_target(tree, asked)
        done = await put_in(link, tree, asked)
        screen.print(describe(done))
        outcome = await _watch(link, done) if wait else Outcome(None, None, None, "")
    if outcome.text:
        screen.print(f"{asked.path}: {outcome.text}")
    if as_json:
        sys.stdout.write(json.dumps(to_json(done, outcome)) + "\n")


async def put_in(link: Link, tree: Item, asked: ChaosAsked) -> Done:
    """Do what `check_target` found nothing wrong with. Raises what the answer failed with."""
    node = asked.path.partition("/")[0]
    of_process = asked.path == node and asked.action not in NODE_ACTIONS
    answer: Acknowledged = await link.ask(asked, MONITOR if of_process else f"{node}/{OUTSIDE}")
    return Done(asked, answer.incarnation, pick(tree, node)["incarnation"], answer.at_ns)


def heal(data_dir: Path) -> None:
    """End every fault that lasts. Raises `NothingRuns`."""
    asyncio.run(_heal(data_dir))


async def _heal(data_dir: Path) -> None:
    async with connect(data_dir) as link:
        heal_all(link, await read_tree(link))


def heal_all(link: Link, tree: Item) -> None:
    """Tell all who could have a fault; a process that is held hears it once the launcher has let it go."""
    for node in tree["children"]:
        asked = ChaosAsked("heal", node["path"])
        link.tell(asked, MONITOR)
        if node["name"] not in FORK_SERVERS:
            link.tell(asked, f"{node['path']}/{OUTSIDE}")


def ask_venue_fault(data_dir: Path, fault: str, times: int, for_s: float | None) -> None:
    """Raises `NothingRuns`, `NoTarget` or a `KernelError`."""
    asyncio.run(_ask_venue_fault(data_dir, VenueFaultAsked(fault, times, for_s)))


async def _ask_venue_fault(data_dir: Path, asked: VenueFaultAsked) -> None:
    screen = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    async with connect(data_dir) as link:
        pick(await read_tree(link), VENUE)
        await link.ask(asked, VENUE)
        screen.print(f"{VENUE}: {describe_venue_fault(asked)}")


def describe_venue_fault(asked: VenueFaultAsked) -> str:
    if not asked.times:
        return f"{asked.fault} ended"
    return f"{asked.fault} " + (f"{asked.times} times" if asked.for_s is None else f"for {asked.for_s:g} s")


def to_json(done: Done, outcome: Outcome) -> dict[str, Any]:
    """As documented in the README."""
    return {
        "target": done.asked.path,
        "action": done.asked.action,
        "done": True,
        "recovered": outcome.recovered,
        "incarnation": outcome.incarnation,
        "after_ms": outcome.after_ms,
    }


def check_target(tree: Item, asked: ChaosAsked) -> None:
    """Raises `NoTarget` where this cannot be done to what is at the path, with the reason."""
    if fault := find_fault(asked) or outside_fault(asked.path):
        raise NoTarget(fault)
    item = pick(tree, asked.path)
    if item["kind"] == "launcher":
        raise NoTarget(
            f"the {LAUNCHER} is no target, for nobody would bring it back: expected a node or an actor's path"
        )
    if item["name"] in FORK_SERVERS and (fault := fork_server_fault(asked)):
        raise NoTarget(fault)
    if item["kind"] == "supervisor" and (fault := supervisor_fault(asked)):
        raise NoTarget(fault)


def describe(done: Done) -> str:
    """One sentence about what was done."""
    asked, process = done.asked, "/" not in done.asked.path
    for_text = f" for {asked.for_s:g} s" if asked.for_s is not None else ""
    match asked.action:
        case "kill":
            what = "killed (SIGKILL)" if process else "killed, without its stop hook"
        case "crash":
            what = "its root supervisor was made to fail" if process else "made to fail"
        case "hang":
            what = f"stopped (SIGSTOP){for_text}" if process else f"made to hang{for_text}: it handles no message"
        case "slow" if process:
            what = f"stopped and continued every {asked.by_s:g} s{for_text or ' for 5 s'}"
        case "slow":
            what = f"made slow{for_text}: every message takes {asked.by_s:g} s longer"
        case "clock":
            ahead = "ahead" if asked.by_s > 0 else "behind"
            what = f"its clock set {abs(asked.by_s):g} s {ahead} for {lasting_s(asked):g} s"
        case "heal":
            what = "freed of what still lasts"
        case _:
            what = f"{WORDS[asked.action]} for {lasting_s(asked):g} s"
    return f"{asked.path}: {what} (incarnation {done.incarnation})"


async def _watch(link: Link, done: Done) -> Outcome:
    """Look until something can be said, or the time is over."""
    end_ns = done.at_ns + round(WATCH_S * 1e9)
    while True:
        tree = await read_tree(link)
        now_ns = link.clock.monotonic_ns()
        if (outcome := judge(done, tree, now_ns)) is not None:
            return outcome
        if now_ns > end_ns:
            return give_up(done, find(tree, done.asked.path))
        await asyncio.sleep(POLL_S)


# -- judging ----------------------------------------------------------------------------------------------------------


def judge(done: Done, tree: Item, now_ns: int) -> Outcome | None:
    """What became of the target; None while that is open. The tree was read at `now_ns` on the monotonic clock."""
    item, node = find(tree, done.asked.path), pick(tree, done.asked.path.partition("/")[0])
    if node["state"] != "running":
        return None
    if item is node and node["incarnation"] > done.incarnation:
        return _judge_new_node(done, node, now_ns)
    if not _is_fresh(done, node, now_ns):
        return None
    if item is node:
        return _judge_release(done, node, now_ns)
    if node["incarnation"] > done.node_incarnation and item is not None and item["state"] == "running":
        after_ms = (now_ns - done.at_ns) / 1e6
        text = f"running; its whole node was restarted as incarnation {node['incarnation']} after {_span(after_ms)}"
        return Outcome(True, item["incarnation"], round(after_ms, 1), f"{text}: {node['reason']}")
    return _judge_actor(done, item, now_ns)


def _is_fresh(done: Done, node: Item, now_ns: int) -> bool:
    """Whether the node reported since it was done; fork servers never report."""
    if node["name"] in FORK_SERVERS:
        return True
    return node["report_age_s"] is not None and now_ns - node["report_age_s"] * 1e9 > done.at_ns


def _judge_new_node(done: Done, node: Item, now_ns: int) -> Outcome | None:
    if node["ready_ms"] is None:
        return None
    killed = done.asked.action == "kill"  # the moment of its death is that of the kill
    after_ms = node["ready_ms"] if killed else (now_ns - done.at_ns) / 1e6
    text = f"restarted as incarnation {node['incarnation']}, working again after {_span(after_ms)}: {node['reason']}"
    return Outcome(True, node["incarnation"], round(after_ms, 1), text)


def _judge_actor(done: Done, item: Item | None, now_ns: int) -> Outcome | None:
    if item is None:
        return Outcome(False, None, None, "gone: its supervisor keeps no place for it")
    if item["state"] in ("failed", "stopped"):
        return Outcome(False, item["incarnation"], None, f"left down by its supervisor: {item['reason']}")
    if item["incarnation"] <= done.incarnation:
        return _judge_release(done, item, now_ns)
    if item["state"] != "running":
        return None
    after_ms = ((item["started_ns"] or now_ns) - done.at_ns) / 1e6
    text = f"restarted as incarnation {item['incarnation']} after {_span(after_ms)}: {item['reason']}"
    return Outcome(True, item["incarnation"], round(after_ms, 1), text)


def _judge_release(done: Done, item: Item, now_ns: int) -> Outcome | None:
    """The same incarnation: it is well again only once a fault that was to pass has passed."""
    asked = done.asked
    for_s = lasting_s(asked) if asked.action in NODE_ACTIONS else asked.for_s
    if asked.action not in LASTING or for_s is None or item["state"] != "running":
        return None
    after_ms = (now_ns - done.at_ns) / 1e6
    if after_ms < for_s * 1e3:
        return None
    text = f"runs again after {for_s:g} s, still incarnation {item['incarnation']}: nobody had to restart it"
    return Outcome(True, item["incarnation"], round(after_ms, 1), text)


def give_up(done: Done, item: Item | None, watched_s: float = WATCH_S) -> Outcome:
    """What there is to say when the time is over and nothing was decided."""
    incarnation = None if item is None else item["incarnation"]
    verb = {"hang": "still hanging", "slow": "still slow"}.get(done.asked.action)
    if verb is not None and incarnation == done.incarnation:
        return Outcome(False, incarnation, None, f"{verb}, nothing noticed within {watched_s:g} s{_excuse(done, item)}")
    now = "gone" if item is None else f"{item['state']}, incarnation {incarnation}: {item['reason']}"
    return Outcome(False, incarnation, None, f"not back within {watched_s:g} s ({now})")


def _excuse(done: Done, item: Item | None) -> str:
    """Why a fault that lasts may go unnoticed."""
    if item is None or done.asked.action != "hang":
        return ""
    if item["name"] in FORK_SERVERS:
        return " (it is missed when the next process is to be forked)"
    return " (no progress is declared)" if item.get("progress_age_s") is None else ""


def _span(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds < 10_000 else f"{milliseconds / 1e3:.1f} s"
