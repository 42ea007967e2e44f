"""supervisor_SUITE, cases 89 and 90: what is said about failures. Data on a topic, where OTP has a text in a log."""

from typing import get_args

import msgspec
import pytest

from tests.supervisors.conformance.children import ROOT
from tests.supervisors.conformance.stage import Stage
from tradigrade.supervisors.effects import ReportKind
from tradigrade.supervisors.reports import REASON_LIMIT, SupervisorReport
from tradigrade.supervisors.requests import RestartChild, TerminateChild
from tradigrade.supervisors.spec import Budget


def test_format_log_1(stage: Stage) -> None:
    """Every kind there is, with whom it concerns; each can be read back from its bytes."""
    dear = stage.child("dear", budget=Budget(0, 60.0, "leave"))
    deaf = stage.child("deaf", "transient", kind="Headstrong", settings={"answer": "odd"})
    stage.plant(stage.child("a", "transient"), dear, deaf, intensity=1)
    stage.exit("dear", "boom")
    stage.ask(TerminateChild("deaf"))
    stage.script.plan("deaf", "error")
    stage.ask(RestartChild("deaf"))
    stage.exit("a", "boom")
    stage.exit("a", "boom")
    said = [(report.kind, report.child, report.incarnation) for report in stage.reports()]
    assert said == [
        *(("progress", name, 1) for name in ("a", "dear", "deaf")),
        ("child_terminated", "dear", 1),
        ("left_down", "dear", 1),
        ("shutdown_error", "deaf", 1),
        ("start_error", "deaf", 2),
        ("child_terminated", "a", 1),
        ("restarting", "a", 1),
        ("progress", "a", 2),
        ("child_terminated", "a", 2),
        ("gave_up", "a", 2),
    ]
    assert {kind for kind, _, _ in said} == {*get_args(ReportKind)} - {"stalled"}
    for report in stage.reports():
        assert msgspec.json.decode(msgspec.json.encode(report), type=SupervisorReport) == report
        assert (report.supervisor, report.path) == (ROOT, f"{ROOT}/{report.child}")
        assert (report.reason == "") == (report.kind == "progress")
    assert {report.child: report.restart for report in stage.reports("progress")}["a"] == "transient"
    assert {report.child_type for report in stage.reports()} == {"worker"}


LONG = {
    "one word": "x" * 100_000,
    "many lines": "line\r\n" * 10_000,
    "odd breaks": "a\x0b\x0c\x1c\x85\u2028\u2029b\x00c",
}


@pytest.mark.parametrize("given", LONG)
@pytest.mark.parametrize("how", ["an exception", "its own reason"])
def test_format_log_2(stage: Stage, given: str, how: str) -> None:
    """However much a child says at its end: a reason is one line, and bounded."""

    def end(child: object) -> None:
        if how == "an exception":
            raise RuntimeError(LONG[given])
        child.context.exit(LONG[given])  # type: ignore[attr-defined]

    stage.plant(stage.child("a"), intensity=1)
    for _ in range(2):
        stage.system.tell(f"{ROOT}/a", end)
        stage.settle()
    reports = stage.reports("child_terminated", "restarting", "gave_up")
    assert len(reports) == 4
    for report in reports:
        assert len(report.reason.splitlines()) == 1
        assert report.reason.isprintable()
        assert 0 < len(report.reason) <= REASON_LIMIT
        assert LONG[given][:1] in report.reason, "its beginning is kept"
