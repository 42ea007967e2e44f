"""What is no `Exception` ends the one actor it happens in, and nobody else: pykka would stop the whole process."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pykka
import pytest

from tests.kit.cells import Puppet, VirtualSystem
from tradigrade.kernel.errors import ActorFailed

PATH = "node/puppet"
ERRORS = [SystemExit, KeyboardInterrupt, asyncio.CancelledError, GeneratorExit]


@pytest.fixture(autouse=True)
def _pykka_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    called: list[Any] = []
    monkeypatch.setattr(pykka.ActorRegistry, "stop_all", lambda **options: called.append(options))
    yield
    assert called == []


@pytest.fixture
def family(system: VirtualSystem) -> tuple[Puppet, Puppet]:
    return system.place("node/parent"), system.place("node/other")


def raise_it(error: type[BaseException]) -> Any:
    def raise_in_turn(_: Puppet) -> None:
        raise error("from inside")

    return raise_in_turn


def run(system: VirtualSystem) -> None:
    """As a loop does that a person interrupted, and that goes on all the same."""
    with suppress(KeyboardInterrupt):
        system.run()
    system.run()


class Starting(Puppet):
    def __init__(self, error: type[BaseException]) -> None:
        super().__init__()
        self.error = error

    def start(self) -> None:
        raise self.error("from inside")


class Stopping(Starting):
    def start(self) -> None:
        """Begins well."""

    def stop(self, reason: str) -> None:
        raise self.error("from inside")


@pytest.mark.parametrize("error", ERRORS)
def test_in_receive_it_ends_the_actor_with_that_reason(
    system: VirtualSystem, family: tuple[Puppet, Puppet], error: type[BaseException]
) -> None:
    parent, other = family
    system.place(PATH, parent="node/parent")
    reply = system.ask(PATH, raise_it(error), 1.0)
    run(system)
    system.tell("node/other", "next")
    run(system)
    assert parent.log[-1].reason.startswith(f"{error.__name__}: from inside at raise_in_turn:")
    assert isinstance(reply.error, ActorFailed)
    assert (set(system.actors), other.log) == ({"node/parent", "node/other"}, ["next"])


@pytest.mark.parametrize("error", ERRORS)
def test_in_the_start_hook_it_is_a_failed_start(
    system: VirtualSystem, family: tuple[Puppet, Puppet], error: type[BaseException]
) -> None:
    parent, _ = family
    system.spawn(PATH, lambda: Starting(error), parent="node/parent")
    run(system)
    (down,) = parent.log
    assert down.reason.startswith(f"{error.__name__}: from inside at start:")
    assert not down.started
    assert set(system.actors) == {"node/parent", "node/other"}


@pytest.mark.parametrize("error", ERRORS)
def test_in_the_stop_hook_the_end_goes_on(
    system: VirtualSystem, family: tuple[Puppet, Puppet], error: type[BaseException]
) -> None:
    parent, _ = family
    system.place(PATH, Stopping(error), parent="node/parent")
    system.stop(PATH, "shutdown")
    run(system)
    assert PATH not in system.actors
    assert parent.log[-1].reason.startswith(f"shutdown; its stop hook failed: {error.__name__}: from inside")


@pytest.mark.parametrize("where", ["receive", "start"])
def test_in_a_cell_an_interrupt_reaches_the_loop_too(cell: VirtualSystem, where: str) -> None:
    """A person pressed Ctrl-C: all of the process is to stop, not the actor that happened to have its turn."""
    if where == "receive":
        cell.place(PATH)
        cell.tell(PATH, raise_it(KeyboardInterrupt))
    else:
        cell.spawn(PATH, lambda: Starting(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        cell.run()
    assert PATH not in cell.actors


@pytest.mark.parametrize("error", [SystemExit, asyncio.CancelledError, GeneratorExit])
def test_in_a_cell_nothing_else_reaches_the_loop(cell: VirtualSystem, error: type[BaseException]) -> None:
    cell.place(PATH)
    cell.tell(PATH, raise_it(error))
    cell.run()
    assert PATH not in cell.actors


def test_after_an_interrupt_the_cell_goes_on_with_the_others(cell: VirtualSystem) -> None:
    other = cell.place("node/other")
    cell.place(PATH)
    cell.tell(PATH, raise_it(KeyboardInterrupt))
    for number in range(100):
        cell.tell("node/other", number)
    run(cell)
    assert other.log == list(range(100))
