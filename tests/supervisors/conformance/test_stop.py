"""supervisor_SUITE, cases 16-18, 21 and 22: how children end when their supervisor does."""

from itertools import product
from math import inf

import pytest

from tests.kit.cells import Gate
from tests.supervisors.conformance.children import ROOT
from tests.supervisors.conformance.stage import Stage
from tradigrade.kernel.errors import ActorDead
from tradigrade.supervisors.requests import StartInstance
from tradigrade.supervisors.spec import ChildSpec, Flags, Restart

RESTARTS: tuple[Restart, ...] = ("permanent", "transient", "temporary")
ENDS = ("normal", "shutdown", "shutdown: done", "other")


def test_sup_stop_infinity(stage: Stage) -> None:
    """However long they take; a supervisor's time is infinite unless it says otherwise."""
    inner = ChildSpec(id="inner", flags=Flags(), children=(stage.child("leaf", kind="Headstrong", shutdown_s=inf),))
    stage.plant(inner, stage.child("worker", shutdown_s=inf))
    stage.stop()
    stage.system.advance(3600.0)
    assert stage.end is None, "the leaf does not end"
    assert stage.take_ends() == ["worker shutdown"]
    stage.exit("inner/leaf", "shutdown")
    assert stage.take_ends() == ["inner/leaf shutdown", "inner shutdown"]
    assert stage.end == "shutdown"


def test_sup_stop_timeout(stage: Stage) -> None:
    """A child that does not answer its stop is ended without it, and the others in good order."""
    stage.plant(stage.child("child1", shutdown_s=1.0), stage.child("child2", kind="Headstrong", shutdown_s=1.0))
    stage.stop()
    stage.system.advance(0.99)
    assert (stage.end, list(stage.living)) == (None, ["child1", "child2"])
    stage.system.advance(0.01)
    assert stage.take_ends() == ["child2 killed", "child1 shutdown"]
    assert stage.end == "shutdown"
    assert [(report.child, report.reason) for report in stage.reports("shutdown_error")] == [("child2", "killed")]


def test_sup_stop_timeout_of_a_thread_that_hangs(threads: Stage) -> None:
    """No thread can be killed: it is abandoned. Its end is told at once, its path is free, and it is counted."""
    threads.plant(threads.child("child1"), threads.child("child2", shutdown_s=1.0))
    gate = Gate(threads.system, f"{ROOT}/child2", then=lambda child: child.context.tell("node/parent", "from the dead"))
    threads.stop()
    threads.system.advance(1.0)
    assert threads.take_ends() == ["child2 killed", "child1 shutdown"]
    assert threads.end == "shutdown"
    assert threads.living == {}
    assert len(threads.system.threads.abandoned) == threads.system.metrics.counters["threads_abandoned"] == 1
    gate.open()
    threads.settle()
    assert isinstance(gate.reply.error, ActorDead)
    assert "from the dead" not in threads.parent.log


def test_sup_stop_timeout_dynamic(stage: Stage) -> None:
    stage.plant_dynamic(stage.child("child", kind="Headstrong", shutdown_s=1.0))
    for number in range(10):
        stage.ask(StartInstance({"answer": "shutdown"} if number % 2 else {}, name=f"c{number}"))
    stage.stop()
    assert sorted(stage.take_ends()) == [f"c{number} shutdown" for number in range(1, 10, 2)]
    stage.system.advance(0.99)
    assert stage.end is None
    stage.system.advance(0.01)
    assert sorted(stage.take_ends()) == [f"c{number} killed" for number in range(0, 10, 2)]
    assert stage.end == "shutdown"


def wrong_ends(stage: Stage) -> set[str]:
    return {report.child for report in stage.reports("shutdown_error")}


def name_of(restart: str, reason: str) -> str:
    return f"{restart}-{reason.replace(': ', '-')}"


WRONG = {name_of(restart, "other") for restart in RESTARTS} | {"permanent-normal", "permanent-shutdown-done"}
"""What a supervisor calls a wrong answer to its stop: any failure, and of a permanent child all but `shutdown`."""


def test_sup_stop_race(stage: Stage) -> None:
    """Children that answer the stop with a reason of their own, each of every restart type."""
    children = [
        stage.child(name_of(restart, reason), restart, kind="Headstrong", settings={"answer": reason})
        for restart, reason in product(RESTARTS, ENDS)
    ]
    stage.plant(*children)
    stage.stop()
    assert stage.end == "shutdown"
    expected = [f"{name_of(restart, reason)} {reason}" for restart, reason in product(RESTARTS, ENDS)]
    assert stage.take_ends() == expected[::-1]
    assert wrong_ends(stage) == WRONG
    assert stage.reports("child_terminated", "restarting") == []


@pytest.mark.parametrize("first", ["its end", "the stop"])
def test_sup_stop_race_of_a_child_that_ends_while_the_stop_is_on_its_way(stage: Stage, first: str) -> None:
    """Either comes first: the supervisor ends, once, and starts nobody again."""
    children = [stage.child(name_of(restart, reason), restart) for restart, reason in product(RESTARTS, ENDS)]
    stage.plant(*children)
    stage.take_log()
    if first == "the stop":
        stage.system.stop(ROOT, "shutdown")
    for restart, reason in product(RESTARTS, ENDS):
        stage.send_exit(name_of(restart, reason), reason)
    if first == "its end":
        stage.system.stop(ROOT, "shutdown")
    stage.settle()
    assert stage.end == "shutdown"
    assert stage.living == {}
    last = [log for log in stage.take_log() if log.startswith("start")]
    assert len(last) <= len(stage.reports("restarting")), "nobody came back after the stop"


def test_sup_stop_non_shutdown_exit_dynamic(stage: Stage) -> None:
    stage.plant_dynamic(stage.child("child", "transient", kind="Headstrong"))
    for reason in ENDS:
        stage.ask(StartInstance({"answer": reason}, name=reason.replace(": ", "-")))
    stage.stop()
    assert stage.end == "shutdown"
    assert sorted(stage.take_ends()) == sorted(f"{reason.replace(': ', '-')} {reason}" for reason in ENDS)
    assert wrong_ends(stage) == {"other"}
