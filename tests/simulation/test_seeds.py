"""The whole system under faults by seed: every law holds, all comes well again, and a seed is the same run anywhere."""

import os
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from tests.simulation.seeds import ROOT, finish, start_worker
from tradigrade.simulation.faults import KINDS, VENUE_CHANCES, VENUE_EVENTS
from tradigrade.simulation.outcome import Outcome

SEEDS = int(os.environ.get("SEEDS", "124"))
"""So many that every fault point of the code fails in one of them."""
pytestmark = [pytest.mark.process, pytest.mark.timeout(120 + 12 * SEEDS)]


@cache
def outcomes() -> tuple[dict[int, Outcome], dict[int, Outcome]]:
    """Of all seeds, in two processes with different hash seeds, side by side."""
    workers = [start_worker(range(SEEDS), hash_seed) for hash_seed in ("1", "2")]
    with ThreadPoolExecutor(len(workers)) as readers:  # one that nobody reads would wait for the other
        one, other = readers.map(finish, workers)
    return one, other


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_fails_every_law_holds_and_all_comes_well_again(seed: int) -> None:
    outcome = outcomes()[0][seed]
    told = "\n".join(outcome.lines[-60:])
    assert not outcome.broken, f"{'; '.join(outcome.broken)}\n{told}\nrun it again: {outcome.command}"
    assert outcome.simulated_s >= 60
    assert outcome.orders >= 50
    assert sum(count for name, count in outcome.counts.items() if name.startswith("fault ")) >= 1


def test_a_seed_is_the_same_run_in_another_process_with_another_hash_seed() -> None:
    one, other = outcomes()
    assert {seed: outcome.trace for seed, outcome in one.items()} == {
        seed: outcome.trace for seed, outcome in other.items()
    }
    assert len({outcome.trace for outcome in one.values()}) == SEEDS


def total() -> Counter[str]:
    counts: Counter[str] = Counter()
    for outcome in outcomes()[0].values():
        counts.update(outcome.counts)
    return counts


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_fault_really_happened(kind: str) -> None:
    assert total()[f"fault {kind}"]


@pytest.mark.parametrize("name", [*VENUE_CHANCES, *VENUE_EVENTS])
def test_every_fault_of_the_venue_really_happened(name: str) -> None:
    assert total()[f"venue {name}"]


@pytest.mark.parametrize("name", ["full", "sync_fails", "loses_sync"])
def test_every_fault_of_the_disk_really_happened(name: str) -> None:
    assert total()[f"disk {name}"]


def fault_points() -> set[str]:
    """Every place in the code that may fail."""
    places = re.compile(r'fault_point\(\s*"([^"]+)"\s*\)')
    folders = ("actors", "app", "storage", "supervisors")
    sources = [path for folder in folders for path in Path(ROOT / folder).rglob("*.py")]
    return {name for path in sources for name in places.findall(path.read_text())}


def test_every_fault_point_in_the_code_really_failed() -> None:
    assert len(fault_points()) >= 12
    counts = total()
    assert not {name for name in fault_points() if not counts[f"point {name}"]}
