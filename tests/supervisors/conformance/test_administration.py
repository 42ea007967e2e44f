"""supervisor_SUITE, cases 23-25, 37, 44, 55, 76, 87 and 91-93: what may be asked of a supervisor, and its answers."""

from typing import Any

import pytest

from tests.supervisors.conformance.children import ROOT, Child
from tests.supervisors.conformance.stage import Stage
from tradigrade.kernel.errors import ActorDead
from tradigrade.kernel.signals import Down
from tradigrade.supervisors.requests import (
    Children,
    CountChildren,
    DeleteChild,
    Done,
    GetChildSpec,
    RestartChild,
    StartChild,
    StartInstance,
    TerminateChild,
    WhichChild,
    WhichChildren,
)
from tradigrade.supervisors.spec import ChildSpec, Flags

NO_IDS: tuple[Any, ...] = (5, None, ["child1"], {"id": "child1"}, ("child1",), "", "root/child1", f"{ROOT}/child1")
"""What is no child's id: its path neither, as a process's number is not in OTP."""


def test_child_adm(stage: Stage) -> None:
    child = stage.child("child1")
    stage.plant(child)
    assert (stage.which(), stage.counts()) == ({"child1": "running"}, [1, 1, 0, 1])
    for _ in range(2):
        assert stage.ask(TerminateChild("child1")) == Done(), "also where it does not run"
    assert (stage.which(), stage.counts()) == ({"child1": "undefined"}, [1, 0, 0, 1])
    assert stage.refusal(StartChild(child)) == "already_present"
    assert stage.ask(RestartChild("child1")) == Done()
    assert stage.refusal(RestartChild("child1")) == "running"
    assert stage.refusal(DeleteChild("child1")) == "running"
    assert stage.refusal(StartChild(child)) == "already_started"
    assert stage.ask(TerminateChild("child1")) == Done()
    assert stage.ask(DeleteChild("child1")) == Done()
    for request in (RestartChild, DeleteChild, TerminateChild, GetChildSpec, WhichChild):
        assert stage.refusal(request("child1")) == "not_found"
    assert (stage.which(), stage.counts()) == ({}, [0, 0, 0, 0])
    assert stage.ask(StartChild(child)) == Done()
    assert stage.reports("restarting") == [], "nothing of this counts as a failure"


@pytest.mark.parametrize("given", [repr(given) for given in NO_IDS])
def test_child_adm_of_what_is_no_id(stage: Stage, given: str) -> None:
    """Refused, whatever it is; the supervisor and its children go on."""
    found = next(it for it in NO_IDS if repr(it) == given)
    stage.plant(stage.child("child1"))
    for request in (RestartChild, DeleteChild, TerminateChild, GetChildSpec, WhichChild):
        assert stage.refusal(request(found)) in {"not_found", "invalid"}
    assert stage.living == {"child1": 1}
    assert stage.end is None


def test_child_adm_of_nobody(stage: Stage) -> None:
    """OTP's `noproc`: the asker is told at once."""
    for request in (WhichChildren(), CountChildren(), TerminateChild("child1"), StartChild(stage.child("child1"))):
        with pytest.raises(ActorDead, match="nobody lives at 'node/foo'"):
            stage.ask(request, of="node/foo")


def test_child_adm_simple(stage: Stage) -> None:
    """Every instance has a name and is asked for by it; one that is not its own is not found."""
    stage.plant_dynamic(stage.child("child"))
    stage.system.place("node/stranger")
    assert stage.ask(StartInstance()) == Done()
    assert stage.ask(StartInstance({"info": "mine"}, "second")) == Done(info="mine")
    assert (stage.which(), stage.counts()) == ({"child-1": "running", "second": "running"}, [1, 2, 0, 2])
    assert stage.refusal(StartInstance(name="second")) == "already_started"
    assert stage.refusal(StartChild(stage.child("child"))) == "dynamic"
    assert stage.refusal(RestartChild("child-1")) == "dynamic"
    assert stage.refusal(DeleteChild("child-1")) == "dynamic"
    assert stage.ask(TerminateChild("child-1")) == Done()
    assert stage.refusal(TerminateChild("child-1")) == "not_found"
    assert stage.refusal(TerminateChild("stranger")) == "not_found"
    assert (stage.which(), stage.counts()) == ({"second": "running"}, [1, 1, 0, 1])
    assert "node/stranger" in stage.system.actors


BAD_INSTANCES: dict[str, Any] = {
    "a name that is a path": StartInstance(name="a/b"),
    "a name that is a number": StartInstance(name=5),  # type: ignore[arg-type]
    "a name that is a list": StartInstance(name=["a"]),  # type: ignore[arg-type]
    "settings in words": StartInstance(settings="loud"),  # type: ignore[arg-type]
    "settings that are a list": StartInstance(settings=["loud"]),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("fault", BAD_INSTANCES)
def test_child_adm_simple_of_what_is_no_instance(stage: Stage, fault: str) -> None:
    stage.plant_dynamic(stage.child("child"))
    stage.ask(StartInstance())
    assert stage.refusal(BAD_INSTANCES[fault]) == "invalid"
    assert stage.living == {"child-1": 1}


def test_extra_return(stage: Stage) -> None:
    """What the start hook returned comes with the answer; after a restart of its own nobody asked for it."""
    child = stage.child("child1", settings={"info": {"port": 8080}})
    stage.plant()
    assert stage.ask(StartChild(child)) == Done(info={"port": 8080})
    stage.ask(TerminateChild("child1"))
    assert stage.ask(RestartChild("child1")) == Done(info={"port": 8080})
    stage.exit("child1", "boom")
    assert stage.which() == {"child1": "running"}
    assert stage.living == {"child1": 3}


def test_simple_one_for_one_extra(stage: Stage) -> None:
    """Settings of its own come back with every incarnation of an instance."""
    stage.plant_dynamic(stage.child("child"), intensity=2)
    assert stage.ask(StartInstance({"info": "first"})) == Done(info="first")
    assert stage.ask(StartInstance({"info": "second"})) == Done(info="second")
    stage.exit("child-2", "boom")
    assert stage.living == {"child-1": 1, "child-2": 2}
    found = stage.system.incarnation(f"{ROOT}/child-2").behaviour
    assert isinstance(found, Child)
    assert found.info == "second"


def test_external_start_no_progress_log(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is logged for any start. A `progress` report is data on a topic, the same for every child that serves:
    OTP keeps a log quiet by leaving it out where somebody asked for the start."""
    stage.plant(stage.child("a"))
    stage.ask(StartChild(stage.child("b")))
    assert [report.child for report in stage.reports()] == ["a", "b"]
    assert [report.kind for report in stage.reports()] == ["progress", "progress"]
    assert capfd.readouterr() == ("", "")


def test_child_unlink(stage: Stage) -> None:
    """No child can take itself out of its supervisor's sight and hold its stop up: not one that gives back all it was
    given and swallows the stop, nor one that says it is dead."""
    stage.plant(stage.child("child1", kind="Headstrong", shutdown_s=1.0), stage.child("child2", "transient"))
    stage.system.tell(f"{ROOT}/child1", lambda child: child.context.release())
    reply = stage.question(TerminateChild("child1"))
    stage.system.advance(1.0)
    assert reply.wait(0.0) == Done()
    assert stage.take_ends() == ["child1 killed"]
    stage.system.tell(ROOT, Down(f"{ROOT}/child2", 1, "normal"))
    stage.settle()
    assert stage.which() == {"child1": "undefined", "child2": "running"}, "who lives is not down"
    assert stage.ask(TerminateChild("child2")) == Done()
    assert stage.living == {}


def test_do_not_save_child_specs_for_temporary_children(stage: Stage) -> None:
    """After any kind of end a temporary child is forgotten, and may be started again under its id."""
    child = stage.child("child", "temporary")
    stage.plant()
    for reason in ("normal", "shutdown", "boom", "killed", "terminated"):
        assert stage.ask(StartChild(child)) == Done()
        assert stage.refusal(StartChild(child)) == "already_started"
        if reason == "terminated":
            assert stage.ask(TerminateChild("child")) == Done()
        else:
            stage.exit("child", reason)
        assert stage.which() == {}
    stage.ask(StartChild(stage.child("child")))
    assert stage.refusal(StartChild(child)) == "already_started"
    stage.ask(TerminateChild("child"))
    assert stage.refusal(StartChild(child)) == "already_present"


def test_order_of_children(stage: Stage) -> None:
    """They start in order; some or all of them stop in reverse, and start in order again."""
    stage.plant(*map(stage.child, "abcd"), strategy="rest_for_one")
    stage.ask(StartChild(stage.child("e")))
    assert stage.take_log() == [f"start {name}" for name in "abcde"]
    stage.exit("c", "killed")
    assert stage.take_log() == ["stop e", "stop d", "start c", "start d", "start e"]
    stage.stop()
    assert stage.take_log() == [f"stop {name}" for name in "edcba"]


def test_already_started_outside_supervisor(stage: Stage) -> None:
    """Where its path is taken by somebody else the start fails and says so; that one lives on, and so do the others."""
    stage.plant(stage.child("child1"))
    outsider = stage.system.place(f"{ROOT}/child2")
    answer = stage.ask(StartChild(stage.child("child2")))
    assert (answer.code, answer.detail.partition(":")[0]) == ("failed", "PathTaken")
    assert stage.which() == {"child1": "running"}
    assert stage.system.incarnation(f"{ROOT}/child2").behaviour is outsider
    stage.system.kill(f"{ROOT}/child2")
    assert stage.ask(StartChild(stage.child("child2"))) == Done()


def test_which_children(stage: Stage) -> None:
    """Listed one by one or all, through start, end, termination and deletion."""
    below = ChildSpec(id="inner", flags=Flags())
    stage.plant(stage.child("a", "transient"))
    assert stage.ask(StartChild(below)) == Done()
    found = stage.ask(WhichChildren()).children
    assert [(one.id, one.state, one.supervisor) for one in found] == [
        ("a", "running", False),
        ("inner", "running", True),
    ]
    assert all(stage.ask(WhichChild(one.id)) == Children((one,)) for one in found)
    stage.exit("a", "normal")
    (a,) = stage.ask(WhichChild("a")).children
    assert (a.state, a.incarnation, a.reason) == ("undefined", 1, "normal")
    stage.ask(DeleteChild("a"))
    assert stage.refusal(WhichChild("a")) == "not_found"
    stage.ask(TerminateChild("inner"))
    assert stage.which() == {"inner": "undefined"}
    stage.ask(DeleteChild("inner"))
    assert stage.ask(WhichChildren()) == Children(())


def test_which_children_simple_one_for_one(stage: Stage) -> None:
    """By its name; what is no name of an instance is not found."""
    stage.plant_dynamic(stage.child("child"))
    stage.ask(StartInstance())
    stage.ask(StartInstance())
    assert stage.which() == {"child-1": "running", "child-2": "running"}
    assert [one.id for one in stage.ask(WhichChild("child-2")).children] == ["child-2"]
    assert [stage.refusal(WhichChild(name)) for name in ("child", "child-3", "")] == ["not_found"] * 3
    stage.ask(TerminateChild("child-1"))
    assert stage.refusal(WhichChild("child-1")) == "not_found"
    assert stage.which() == {"child-2": "running"}
