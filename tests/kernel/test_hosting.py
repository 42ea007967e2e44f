"""A system on a thread of its own, and the settings that keep the interpreter free for it."""

import subprocess
import sys
import threading

import pytest

from tests.kit.cells import Puppet
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.errors import ActorDead
from tradigrade.kernel.hosting import host


class Where(Actor):
    """Tells which thread it is asked on."""

    def receive(self, message: object) -> int:
        return threading.get_ident()


def test_a_hosted_system_is_asked_from_the_thread_that_made_it() -> None:
    with host("demo") as system:
        system.spawn("demo/cell", Where)
        system.spawn("demo/thread", Where, runtime="threads")
        threads = [system.ask(path, "where", 5.0).wait(5.0) for path in ("demo/cell", "demo/thread")]
        assert threads[0] == system.home
        assert len({*threads, threading.get_ident()}) == 3


def test_when_it_ends_its_actors_have_ended_and_its_thread_is_gone() -> None:
    before = threading.active_count()
    with host("demo") as system:
        system.spawn("demo/puppet", Puppet)
        system.spawn("demo/thread", Puppet, runtime="threads")
        for path in ("demo/puppet", "demo/thread"):
            system.ask(path, "there?", 5.0).wait(5.0)
    assert list(system.actors) == []
    assert not any(thread.name == "cell demo" for thread in threading.enumerate())
    assert threading.active_count() <= before + 1, "a thread may still be on its way out"


def test_a_question_to_nobody_fails_at_once() -> None:
    with host("demo") as system, pytest.raises(ActorDead, match="nobody lives at 'demo/nobody'"):
        system.ask("demo/nobody", "there?", 60.0).wait(60.0)


TUNING = """
import gc, sys
from tradigrade.kernel.clock import SystemClock
from tradigrade.kernel.tuning import collect, complaints, tune
before = complaints()
assert [each.partition(":")[0] for each in before] == [
    "switch interval", "garbage collection thresholds", "frozen objects"], before
tune()
assert complaints() == [], complaints()
assert 0 <= collect(SystemClock()) < 60
sys.setswitchinterval(0.005)
assert complaints() == ["switch interval: expected 0.0001 s, found 0.005 s"], complaints()
gc.unfreeze()
assert len(complaints()) == 2
"""


def test_a_process_is_tuned_and_what_does_not_hold_is_told() -> None:
    """In a process of its own: the settings are the whole interpreter's."""
    subprocess.run([sys.executable, "-c", TUNING], check=True, timeout=60)
