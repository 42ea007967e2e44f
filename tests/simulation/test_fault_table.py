"""docs/faults.md is what the simulator says today, and says something of every fault there is."""

import subprocess
import sys
from functools import cache

import msgspec
import pytest

from tests.simulation.fault_row import Row
from tests.simulation.fault_rows import NO_CAUSE, NO_ROW, PATIENT, ROWS
from tests.simulation.fault_table import BEGIN, END, PAGE, ROOT, seconds, table, written
from tests.simulation.fault_watch import Seen
from tradigrade.simulation.faults import (
    ACTORS,
    CURRENCIES,
    DEEDS,
    KINDS,
    NODES,
    PAIRS,
    STOPPED,
    VENUE_CHANCES,
    VENUE_EVENTS,
)
from tradigrade.trading.causes import CAUSES

WORKERS = 2
LONGEST_S = 60.0
pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]
NAMES = [row.name for row in ROWS]


def start(first: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.simulation.fault_table", "--json", str(first), str(WORKERS)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


@cache
def seen() -> dict[str, Seen]:
    """A fresh run, by the row's name."""
    found = []
    for worker in [start(first) for first in range(WORKERS)]:
        output, _ = worker.communicate()
        assert worker.returncode == 0
        found += [msgspec.json.decode(line, type=Seen) for line in output.splitlines()]
    return {each.name: each for each in found}


def test_the_page_is_what_a_fresh_run_says() -> None:
    page = PAGE.read_text()
    fresh = written(page, table(tuple(seen()[name] for name in NAMES)))
    assert page.splitlines() == fresh.splitlines(), "run `python -m tests.simulation.fault_table --write`, and read it"


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_a_fault_breaks_no_law_and_is_repaired(row: Row) -> None:
    found = seen()[row.name]
    assert found.broken == ()
    assert found.complaints == ()
    assert found.unwell_until_s is not None
    after_s = found.unwell_until_s - row.for_s
    assert (after_s > LONGEST_S) == (found.name in PATIENT)


@pytest.mark.parametrize("target", [*VENUE_CHANCES, *VENUE_EVENTS])
def test_every_fault_of_the_venue_has_a_row_in_which_it_really_happened(target: str) -> None:
    (name,) = (row.name for row in ROWS if row.target == target)
    assert seen()[name].fired


def test_every_kind_of_fault_has_a_row_or_a_reason_for_none() -> None:
    assert {row.kind for row in ROWS if row.kind} | set(NO_ROW) == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "targets"),
    [
        ("kill", NODES),
        ("stop", NODES),
        ("crash", ACTORS),
        ("hang", ACTORS),
        ("slow", ACTORS),
        ("partition", PAIRS),
        ("venue-chance", VENUE_CHANCES),
        ("venue-event", VENUE_EVENTS),
        ("symbol", STOPPED),
        ("transfer", CURRENCIES),
        ("by-hand", DEEDS),
    ],
)
def test_everything_that_such_a_fault_may_hit_has_a_row(kind: str, targets: tuple[str, ...]) -> None:
    assert {row.target for row in ROWS if row.kind == kind} >= set(targets)


def test_every_cause_of_the_ladder_is_reached_by_a_row_or_named_with_a_reason_why_not() -> None:
    reached = {cause for found in seen().values() for cause in found.causes}
    assert set(CAUSES) - reached == set(NO_CAUSE)


def test_a_page_without_the_markers_is_refused() -> None:
    assert written(f"before {BEGIN} old {END} after", "new") == f"before {BEGIN}\n\nnew\n\n{END} after"
    with pytest.raises(AssertionError, match="markers"):
        written(f"before {BEGIN}", "new")


def test_times_are_rounded_so_that_they_stay_as_they_are() -> None:
    assert [seconds(each) for each in (0.0, 0.06, 0.64, 0.96, 1.1, 3.14, 62.5)] == [
        "at once",
        "0.06 s",
        "0.6 s",
        "1 s",
        "1 s",
        "3 s",
        "62.5 s",
    ]
