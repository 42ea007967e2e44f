"""Start, turns and end of an incarnation, and what its parent hears of them."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.kit.cells import Puppet, VirtualSystem, fail
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.errors import PathTaken
from tradigrade.kernel.loop import Timer
from tradigrade.kernel.signals import Down, Overdue, Started


@pytest.fixture(autouse=True)
def parent(system: VirtualSystem) -> Puppet:
    return system.place("node/parent")


def heard(system: VirtualSystem) -> list[Any]:
    """What the parent heard since last asked."""
    system.run()
    parent = system.incarnation("node/parent").behaviour
    assert isinstance(parent, Puppet)
    log, parent.log = parent.log, []
    return log


def child(system: VirtualSystem, actor: Actor | None = None) -> Puppet:
    return system.place("node/child", actor, parent="node/parent")


class Starting(Puppet):
    """Does one thing when it starts."""

    def __init__(self, act: Any) -> None:
        super().__init__()
        self.act = act

    def start(self) -> None:
        self.act(self)


class Deferring(Puppet):
    acknowledges_start = True


def test_a_start_is_acknowledged_to_the_parent(system: VirtualSystem) -> None:
    child(system)
    assert heard(system) == [Started("node/child", 1)]


def test_a_failing_start_is_a_down_that_never_started(system: VirtualSystem) -> None:
    child(system, Starting(fail))
    (down,) = heard(system)
    assert (down.path, down.incarnation, down.started) == ("node/child", 1, False)
    assert down.reason.startswith("RuntimeError: boom at fail:")
    assert "node/child" not in system.actors


def test_an_actor_that_cannot_be_made_is_a_failed_start(system: VirtualSystem) -> None:
    system.spawn("node/child", fail, parent="node/parent")
    (down,) = heard(system)
    assert not down.started


def test_a_deferred_acknowledgement_is_said_when_the_actor_says_so(system: VirtualSystem) -> None:
    puppet = child(system, Deferring())
    assert heard(system) == []
    puppet.context.acknowledge()
    puppet.context.acknowledge()
    assert heard(system) == [Started("node/child", 1)], "once, however often it is said"


def test_an_end_before_the_acknowledgement_is_a_failed_start(system: VirtualSystem) -> None:
    puppet = child(system, Deferring())
    system.tell("node/child", fail)
    assert [down.started for down in heard(system)] == [False]
    puppet.context.acknowledge()
    assert heard(system) == [], "the dead do not serve"


def test_an_actor_stopped_before_its_first_turn_ends(system: VirtualSystem) -> None:
    system.spawn("node/child", Puppet, parent="node/parent")
    system.stop("node/child", "shutdown")
    assert heard(system)[-1] == Down("node/child", 1, "shutdown")


def test_what_is_told_before_the_start_is_handled_after_it(system: VirtualSystem) -> None:
    log: list[Any] = []
    system.spawn("node/child", lambda: Puppet(log))
    assert system.tell("node/child", "early")
    system.run()
    assert log == ["early"]


def end_by_crash(system: VirtualSystem) -> None:
    system.tell("node/child", fail)


def end_by_injection(system: VirtualSystem) -> None:
    system.incarnation("node/child").crash("to see what follows")


def end_by_stop(system: VirtualSystem) -> None:
    system.stop("node/child", "shutdown")


def end_by_kill(system: VirtualSystem) -> None:
    system.kill("node/child")


def end_by_killing_itself(system: VirtualSystem) -> None:
    system.tell("node/child", lambda actor: actor.context.system.kill(actor.context.path))


ENDS = [end_by_crash, end_by_injection, end_by_stop, end_by_kill, end_by_killing_itself]


@pytest.mark.parametrize("end", ENDS)
def test_an_end_releases_everything_and_then_is_told_once(system: VirtualSystem, end: Any) -> None:
    puppet = child(system)
    heard(system)
    puppet.context.subscribe("news")
    puppet.context.schedule(1.0, "once")
    puppet.context.repeat(1.0, "often")
    seen: list[Any] = []
    parent = system.incarnation("node/parent").behaviour
    assert isinstance(parent, Puppet)
    parent.receive = lambda message: seen.append(  # type: ignore[method-assign]
        (message, "node/child" in system.actors, system.topics.subscribers("news"))
    )
    for _ in range(2):  # the second finds nobody
        if "node/child" in system.actors:
            end(system)
        system.run()
    system.publish("news", "anything")
    system.advance(5.0)
    ((down, taken, subscribers),) = seen
    assert isinstance(down, Down)
    assert (down.path, down.started, taken, subscribers) == ("node/child", True, False, ())
    assert [said for said in puppet.log if not str(said).startswith("stopped")] == []


@pytest.mark.parametrize(
    ("end", "called"),
    [
        (end_by_crash, True),
        (end_by_injection, True),
        (end_by_stop, True),
        (end_by_kill, False),
        (end_by_killing_itself, False),
    ],
)
def test_the_stop_hook_is_called_on_every_end_but_a_kill(system: VirtualSystem, end: Any, called: bool) -> None:
    puppet = child(system)
    end(system)
    system.run()
    assert [str(said).split(":")[0] for said in puppet.log] == ["stopped"] * called


def test_a_failing_stop_hook_does_not_hide_why_the_actor_ended(system: VirtualSystem) -> None:
    class Clumsy(Puppet):
        def stop(self, reason: str) -> None:
            raise OSError("the disk is gone")

    child(system, Clumsy())
    heard(system)
    system.stop("node/child", "shutdown")
    (down,) = heard(system)
    assert down.reason.startswith("shutdown; its stop hook failed: OSError: the disk is gone")


def test_the_reason_of_a_crash_names_its_line(system: VirtualSystem) -> None:
    child(system)
    heard(system)
    system.tell("node/child", fail)
    (down,) = heard(system)
    assert down.reason.startswith("RuntimeError: boom at fail:")


def test_a_taken_path_is_refused(system: VirtualSystem) -> None:
    child(system)
    with pytest.raises(PathTaken, match="an actor already lives at 'node/child': stop it first"):
        system.spawn("node/child", Puppet)


def test_a_free_path_is_taken_by_the_next_incarnation_with_a_clean_state(system: VirtualSystem) -> None:
    child(system)
    system.tell("node/child", "memory")
    system.run()
    system.kill("node/child")
    heard(system)
    system.spawn("node/child", Puppet, parent="node/parent", incarnation=2)
    assert heard(system) == [Started("node/child", 2)]
    reborn = system.incarnation("node/child").behaviour
    assert isinstance(reborn, Puppet)
    assert reborn.log == []


def test_a_single_timer_is_not_lost_to_a_full_mailbox(system: VirtualSystem) -> None:
    class Narrow(Puppet):
        mailbox_limit = 1

    puppet = child(system, Narrow())
    puppet.context.schedule(1.0, "once")
    system.actors["node/child"].hold()
    system.tell("node/child", "work")
    system.advance(1.0)
    system.actors["node/child"].resume()
    system.run()
    assert puppet.log == ["once", "work"]


def test_a_one_shot_timer_fires_once_and_a_repeating_one_at_every_period(system: VirtualSystem) -> None:
    puppet = child(system)
    puppet.context.schedule(1.5, "once")
    often = puppet.context.repeat(1.0, "often")
    system.advance(3.0)
    assert puppet.log == ["often", "once", "often", "often"]
    often.cancel()
    system.advance(3.0)
    assert len(puppet.log) == 4


def test_no_timer_is_left_of_what_was_fired_given_back_or_ended(system: VirtualSystem) -> None:
    context = child(system).context
    context.schedule(1.0, "once")
    context.schedule(5.0, "given back").cancel()
    system.advance(1.0)
    assert (context._timers, system.virtual.due) == (set(), 0)
    for set_timer in (context.schedule, context.repeat):
        set_timer(5.0, "for nobody")
    system.kill("node/child")
    system.run()
    assert system.virtual.due == 0


def test_a_timer_that_fires_before_its_maker_goes_on_is_not_kept(
    system: VirtualSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a thread the loop may be quicker than the actor that has just set the timer."""
    puppet = child(system)

    def fire_at_once(_: float, callback: Callable[[], object]) -> Timer:
        callback()
        return system.call_later(0.0, lambda: None)

    monkeypatch.setattr(system.incarnation("node/child"), "call_later", fire_at_once)
    puppet.context.schedule(0.0, "at once")
    system.run()
    assert (puppet.log, puppet.context._timers) == (["at once"], set())


def test_progress_is_noted_at_the_time_it_was_made(system: VirtualSystem) -> None:
    puppet = child(system)
    system.advance(2.5)
    puppet.context.progress()
    assert puppet.context.progressed_ns == 2_500_000_000 == system.clock.monotonic_ns()


def test_the_reason_of_a_crash_is_bounded(system: VirtualSystem) -> None:
    def ramble(_: Puppet) -> None:
        raise RuntimeError("x" * 1_000_000)

    child(system)
    heard(system)
    system.tell("node/child", ramble)
    (down,) = heard(system)
    assert 1000 < len(down.reason) < 5000
    assert "ramble" in down.reason


def test_an_actor_whose_output_is_overdue_fails_unless_it_knows_a_repair(system: VirtualSystem) -> None:
    class Repairing(Puppet):
        def overdue(self, age_s: float) -> None:
            self.log.append(age_s)

    class Producing(Puppet):
        progress_due_s = 2.0

    repairing = system.place("node/repairing", Repairing())
    child(system, Producing())
    heard(system)
    for path in ("node/repairing", "node/child"):
        system.incarnation(path).signal(Overdue(3.0, 2.0))
    (down,) = heard(system)
    assert down.reason.startswith("NoProgress: no useful output for 3.0 s, due every 2 s")
    assert repairing.log == [3.0]
