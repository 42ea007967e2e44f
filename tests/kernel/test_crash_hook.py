"""Whoever wants to hear of crashes hears the exception itself, once, and nothing of the dead."""

from typing import Any

from tests.kit.cells import VirtualSystem
from tradigrade.kernel.actor import Actor


class Fails(Actor):
    def receive(self, message: Any) -> Any:
        raise ValueError(message)


class FailsAtStart(Actor):
    def start(self) -> None:
        raise RuntimeError("no market")


def test_an_exception_is_heard_with_its_traceback_and_path() -> None:
    system, heard = VirtualSystem("n"), []
    system.on_crash = lambda path, error: heard.append((path, repr(error), error.__traceback__ is not None))
    system.spawn("n/a", Fails)
    system.spawn("n/b", FailsAtStart)
    system.run()
    system.tell("n/a", "first")
    system.tell("n/a", "second: nobody lives there any more")
    system.run()
    assert heard == [("n/b", "RuntimeError('no market')", True), ("n/a", "ValueError('first')", True)]


def test_a_stop_and_a_kill_are_no_crashes() -> None:
    system, heard = VirtualSystem("n"), []
    system.on_crash = lambda path, error: heard.append(path)
    for name in ("n/a", "n/b"):
        system.spawn(name, Fails)
    system.run()
    system.stop("n/a", "shutdown")
    system.actors["n/b"].kill()
    system.run()
    assert heard == []
