"""supervisor_SUITE, cases 64-70 and 83-86: new flags and specifications while everything goes on.

OTP does this in a code change, which reads `init` again; here `Reconfigure` brings the new data.
"""

from collections.abc import Sequence

import pytest

from tests.supervisors.conformance.stage import AT_ONCE, Stage
from tradigrade.kernel.signals import GAVE_UP
from tradigrade.supervisors.requests import Done, GetChildSpec, Reconfigure, RestartChild, StartInstance
from tradigrade.supervisors.spec import AutoShutdown, ChildSpec, Flags


def flags(**fields: object) -> Flags:
    return Flags(**{"backoff": AT_ONCE} | fields)  # type: ignore[arg-type]


def two(stage: Stage, mode: AutoShutdown) -> tuple[ChildSpec, ...]:
    """Both significant where the mode allows it."""
    names = ("child1", "child2")
    return tuple(stage.child(name, "temporary", significant=mode != "never") for name in names)


def upgraded(stage: Stage, before: AutoShutdown, after: AutoShutdown, ends_at: Sequence[int]) -> None:
    """Under the new mode the children end one by one, and the supervisor with them or not: after how many of them."""
    stage.plant(*two(stage, before), auto_shutdown=before)
    assert stage.ask(Reconfigure(flags(auto_shutdown=after), two(stage, after))) == Done()
    assert (stage.end, stage.living) == (None, {"child1": 1, "child2": 1}), "the change itself ends nobody"
    for number in (1, 2):
        if stage.end is None:
            stage.exit(f"child{number}", "normal")
        assert (stage.end == "shutdown") == (number in ends_at)


def test_significant_upgrade_never_any(stage: Stage) -> None:
    upgraded(stage, "never", "any_significant", ends_at=(1, 2))


def test_significant_upgrade_any_never(stage: Stage) -> None:
    upgraded(stage, "any_significant", "never", ends_at=())


def test_significant_upgrade_never_all(stage: Stage) -> None:
    upgraded(stage, "never", "all_significant", ends_at=(2,))


def test_significant_upgrade_all_never(stage: Stage) -> None:
    upgraded(stage, "all_significant", "never", ends_at=())


def test_significant_upgrade_any_all(stage: Stage) -> None:
    upgraded(stage, "any_significant", "all_significant", ends_at=(2,))


def test_significant_upgrade_all_any(stage: Stage) -> None:
    upgraded(stage, "all_significant", "any_significant", ends_at=(1, 2))


@pytest.mark.parametrize("significant", [True, False])
def test_significant_upgrade_child(stage: Stage, significant: bool) -> None:
    mode = flags(auto_shutdown="any_significant")
    before = stage.child("child1", "transient", significant=not significant)
    stage.plant(before, stage.child("child2"), auto_shutdown="any_significant")
    after = stage.child("child1", "transient", significant=significant)
    stage.ask(Reconfigure(mode, (after, stage.child("child2"))))
    stage.exit("child1", "normal")
    assert (stage.end == "shutdown") == significant


def test_code_change(stage: Stage) -> None:
    """The flags are replaced; the known keep running, the new wait to be started, the missing stay, last in order."""
    stage.plant(*map(stage.child, ("child1", "child2")), intensity=10)
    new = (stage.child("child3"), stage.child("child2", "transient"))
    assert stage.ask(Reconfigure(flags(intensity=1, strategy="one_for_all"), new)) == Done()
    assert stage.which() == {"child3": "undefined", "child2": "running", "child1": "running"}
    assert stage.living == {"child1": 1, "child2": 1}
    assert stage.ask(GetChildSpec("child2")).restart == "transient"
    stage.exit("child2", "normal")
    assert stage.living == {"child1": 1}, "ends are judged after the new specification"
    assert stage.ask(RestartChild("child3")) == Done()
    stage.exit("child1", "boom")
    assert stage.living["child3"] == 2, "the new strategy"
    stage.exit("child1", "boom")
    assert stage.end is not None
    assert "(bound 1)" in stage.end, "the new intensity"


def test_code_change_map(stage: Stage) -> None:
    """A change that is wrong anywhere changes nothing at all."""
    stage.plant(stage.child("child1"), intensity=1)
    wrong = ChildSpec(id="child2", actor="nowhere")
    for change in (
        Reconfigure(flags(intensity=-1), (stage.child("child1"),)),
        Reconfigure(flags(), (stage.child("child1", "temporary"), wrong)),
        Reconfigure(flags(), (stage.child("child1", "transient", significant=True),)),
        Reconfigure(flags(), (stage.child("child1"), stage.child("child1"))),
    ):
        assert stage.refusal(change) == "invalid"
    assert stage.which() == {"child1": "running"}
    assert stage.ask(GetChildSpec("child1")) == stage.child("child1")
    stage.exit("child1", "boom")
    assert stage.living == {"child1": 2}
    stage.exit("child1", "boom")
    assert stage.end is not None
    assert stage.end.startswith(GAVE_UP)


def test_code_change_simple(stage: Stage) -> None:
    """The instances there are go on after the template they were made after; those that follow have the new one."""
    stage.plant_dynamic(stage.child("child"), intensity=10)
    stage.ask(StartInstance())
    new = stage.child("child", "temporary", settings={"info": "new"})
    assert stage.ask(Reconfigure(flags(intensity=1), (new,))) == Done()
    assert stage.ask(StartInstance()) == Done(info="new")
    assert [stage.ask(GetChildSpec(f"child-{number}")).restart for number in (1, 2)] == ["permanent", "temporary"]
    stage.exit("child-2", "boom")
    stage.exit("child-1", "boom")
    assert stage.living == {"child-1": 2}
    stage.exit("child-1", "boom")
    assert stage.end is not None
    assert "(bound 1)" in stage.end


def test_code_change_simple_map(stage: Stage) -> None:
    """It must stay one sound template, whose instances come and go one for one."""
    template = stage.child("child")
    stage.plant_dynamic(template)
    stage.ask(StartInstance())
    for change in (
        Reconfigure(flags(), ()),
        Reconfigure(flags(), (template, stage.child("other"))),
        Reconfigure(flags(), (stage.child("child", shutdown_s=-1.0),)),
        Reconfigure(flags(strategy="one_for_all"), (template,)),
        Reconfigure(flags(intensity=-1), (template,)),
    ):
        assert stage.refusal(change) == "invalid"
    assert stage.which() == {"child-1": "running"}
    assert stage.ask(StartInstance()) == Done()
