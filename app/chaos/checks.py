"""What must hold whatever happens, and whether it does: pure judgements over what was gathered."""

from collections import Counter
from collections.abc import Mapping, Sequence

from ..supervisors.process_table import FORK_SERVERS
from ..trading.order_ids import sequence_of
from ..trading.rungs import Rung
from ..transports.control import ChaosStep, Invariant, VenueBooks
from ..tree import Item, walk
from .probe import Orders, Process, Usage
from .watch import Sight

NOT_SENT = ("NEVER_ARRIVED", "NOT_SENT", "VENUE_UNHEALTHY")
"""Codes of intents that the venue has proven never to have been sent."""
MEMORY_GROWTH, MEMORY_GROWTH_MB = 1.5, 100.0
THREADS_GROWTH = 8
FILES_GROWTH = 24
"""How much more than at the beginning a node may hold at the end."""
NAMED_MAX = 3
GONE = ("stalled", "restarting", "failed", "starting", "stopping")


def judge_orders(orders: Orders) -> tuple[Invariant, ...]:
    """Every order was intended before it was sent, was sent at most once, and none was lost."""
    known = [each for each in orders.placed if sequence_of(each) >= orders.oldest_sequence]
    doubled = [each for each, times in Counter(orders.placed).items() if times > 1]
    unintended = [each for each in known if each not in orders.intended]
    placed = set(orders.placed)
    first = min(map(sequence_of, placed), default=0)
    candidates = [each for each in orders.intended if each not in placed and sequence_of(each) >= first]
    lost = sorted(each for each in candidates if orders.ended.get(each) not in NOT_SENT)
    return (
        _told("no order sent twice", doubled, f"{len(orders.placed)} sent"),
        _told("every order intended before it was sent", unintended, f"{len(orders.intended)} intended"),
        _told("no order lost", lost, f"{len(candidates)} known never to have been sent"),
    )


def judge_books(sight: Sight, venue: VenueBooks | None, normal: Rung) -> tuple[Invariant, ...]:
    """The books are reconciled, nothing is in doubt, and they equal what the venue itself holds."""
    trading = sight.trading
    if trading is None:
        silent = "the trader does not answer"
        names = ("reconciled, on its rung again", "no order in doubt", "books equal the venue's")
        return tuple(Invariant(name, None, silent) for name in names)
    unknown = trading.counters.get("unknown", 0)
    ours = {currency: amount for currency, amount in trading.balances.items() if amount}
    level = None if venue is None else ours == venue.balances
    words = "the venue does not answer" if venue is None else _compare(ours, venue.balances)
    level_text = "reconciled" if trading.reconciled else "not reconciled"
    return (
        Invariant("reconciled, on its rung again", sight.works(normal), f"{level_text}, {trading.rung}"),
        Invariant("no order in doubt", unknown == 0, f"{unknown} unknown"),
        Invariant("books equal the venue's", level, words),
    )


def judge_steps(steps: Sequence[ChaosStep]) -> Invariant:
    lost = [f"{step.number} ({step.kind} {step.target})" for step in steps if step.verdict in ("not recovered", "open")]
    return _told("every fault recovered from", lost, f"{sum(step.verdict == 'recovered' for step in steps)} faults")


def judge_tree(tree: Item) -> Invariant:
    """Everything runs that should."""
    down = [f"{item['path']} {item['state']}" for item in walk(tree) if item["state"] in GONE]
    return _told("everything runs", down, f"{sum(1 for _ in walk(tree))} parts")


def judge_processes(left: Mapping[Process, str], strangers: Sequence[int]) -> Invariant:
    """`left`: processes that were replaced and still live; `strangers`: children that the tree does not know."""
    found = [f"{name} (process {process.pid})" for process, name in left.items()]
    return _told("no process left behind", found + [f"process {pid}" for pid in strangers], "none")


def judge_usage(before: Mapping[str, Usage], after: Mapping[str, Usage]) -> Invariant:
    """Nodes do not hold ever more."""
    grown = [f"{name}: {_grown(before[name], usage)}" for name, usage in after.items() if name in before]
    worst = [text for text in grown if not text.endswith(": ")]
    total = sum(usage.memory_mb for usage in after.values())
    return _told("memory, threads and files bounded", worst, f"{total:.0f} MB in {len(after)} processes")


def judge_restarts(before: Item, after: Item, steps: Sequence[ChaosStep]) -> Invariant:
    """Each node that was killed counts at least as many restarts more."""
    came_back = [step for step in steps if step.kind in ("kill node", "crash node") and step.verdict == "recovered"]
    kills = Counter(step.target for step in came_back)
    counted = {node["name"]: node["restarts"] for node in after["children"]}
    counts = {node["name"]: counted.get(node["name"], 0) - node["restarts"] for node in before["children"]}
    missing = {name: times for name, times in kills.items() if counts.get(name, 0) < times}
    short = [f"{name}: {counts.get(name, 0)} of {times}" for name, times in missing.items()]
    told = ", ".join(f"{name} {times}" for name, times in counts.items() if times)
    return _told("restarts counted", short, told or "none")


def node_pids(tree: Item) -> dict[str, int]:
    """The processes of everything but the warm fork servers, which are replaced by their own forks."""
    return {node["name"]: node["pid"] for node in tree["children"] if node["name"] not in FORK_SERVERS and node["pid"]}


def _grown(before: Usage, after: Usage) -> str:
    """What grew beyond its bound; empty where nothing did."""
    words = []
    if after.memory_mb > before.memory_mb * MEMORY_GROWTH + MEMORY_GROWTH_MB:
        words.append(f"{before.memory_mb:.0f} → {after.memory_mb:.0f} MB")
    if after.threads > before.threads + THREADS_GROWTH:
        words.append(f"{before.threads} → {after.threads} threads")
    if after.files > before.files + FILES_GROWTH:
        words.append(f"{before.files} → {after.files} files")
    return ", ".join(words)


def _compare(ours: Mapping[str, object], theirs: Mapping[str, object]) -> str:
    wrong = [name for name in sorted({*ours, *theirs}) if ours.get(name) != theirs.get(name)]
    if not wrong:
        return ", ".join(f"{amount} {name}" for name, amount in sorted(ours.items()))
    return "; ".join(f"{name}: ours {ours.get(name, 0)}, the venue's {theirs.get(name, 0)}" for name in wrong)


def _told(name: str, wrong: Sequence[str], otherwise: str) -> Invariant:
    """It holds where nothing is wrong; what is, is named."""
    more = f" and {len(wrong) - NAMED_MAX} more" if len(wrong) > NAMED_MAX else ""
    return Invariant(name, not wrong, ", ".join(wrong[:NAMED_MAX]) + more if wrong else otherwise)
