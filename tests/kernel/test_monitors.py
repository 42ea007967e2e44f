"""A monitor hears of one end exactly once, also where nobody lived, and of nothing once it is given back."""

from functools import partial
from typing import Any

import pytest

from tests.kit.cells import Puppet, VirtualSystem, fail
from tradigrade.kernel.signals import NOBODY, Down

TARGET = "node/target"


@pytest.fixture
def watcher(system: VirtualSystem) -> Puppet:
    system.place(TARGET)
    return system.place("node/watcher")


def monitor(system: VirtualSystem, times: int = 1, watcher: str = "node/watcher") -> list[int]:
    """Monitors of the target, taken in a turn of the watcher."""
    asked = system.ask(watcher, lambda puppet: [puppet.context.monitor(TARGET) for _ in range(times)], 1.0)
    system.run()
    numbers: list[int] = asked.value
    return numbers


def demonitor(*numbers: int) -> Any:
    return lambda puppet: [puppet.context.demonitor(number) for number in numbers] and None


ENDS: dict[str, Any] = {
    "normal": lambda system: system.tell(TARGET, lambda puppet: puppet.context.exit("normal")),
    "shutdown": lambda system: system.stop(TARGET, "shutdown"),
    "killed": lambda system: system.kill(TARGET),
    "RuntimeError: boom at fail": lambda system: system.tell(TARGET, fail),
}


@pytest.mark.parametrize("reason", ENDS)
def test_a_monitor_hears_of_the_end_once(system: VirtualSystem, watcher: Puppet, reason: str) -> None:
    (number,) = monitor(system)
    ENDS[reason](system)
    system.run()
    system.place(TARGET)
    system.kill(TARGET)
    system.run()
    (down,) = watcher.log
    assert (down.path, down.incarnation, down.started, down.monitor) == (TARGET, 1, True, number)
    assert down.reason.startswith(reason)


@pytest.mark.parametrize("before", ["never lived", "died"])
def test_a_monitor_of_nobody_hears_so_at_once(system: VirtualSystem, watcher: Puppet, before: str) -> None:
    system.kill(TARGET)
    system.run()
    path = TARGET if before == "died" else "node/nobody"
    asked = system.ask("node/watcher", lambda puppet: puppet.context.monitor(path), 1.0)
    system.run()
    assert watcher.log == [Down(path, 0, NOBODY, started=False, monitor=asked.value)]


def test_monitors_are_stackable_and_each_hears_for_itself(system: VirtualSystem, watcher: Puppet) -> None:
    numbers = monitor(system, 3)
    other = system.place("node/other")
    (others,) = monitor(system, watcher="node/other")
    system.kill(TARGET)
    system.run()
    assert [down.monitor for down in watcher.log] == numbers
    assert [down.monitor for down in other.log] == [others]
    assert len({*numbers, others}) == 4


def test_a_monitor_given_back_hears_nothing(system: VirtualSystem, watcher: Puppet) -> None:
    first, second, third = monitor(system, 3)
    system.tell("node/watcher", demonitor(second))
    system.run()
    system.kill(TARGET)
    system.run()
    assert [down.monitor for down in watcher.log] == [first, third]


def test_giving_a_monitor_back_leaves_no_queued_word_of_it_behind(system: VirtualSystem, watcher: Puppet) -> None:
    (number,) = monitor(system)

    def kill_and_give_back(puppet: Puppet) -> None:
        system.actors[TARGET].kill()
        puppet.context.demonitor(number)

    system.tell("node/watcher", kill_and_give_back)
    system.tell("node/watcher", "next")
    system.run()
    assert TARGET not in system.actors
    assert watcher.log == ["next"]


def test_giving_a_monitor_of_nobody_back_at_once_leaves_nothing_behind(system: VirtualSystem, watcher: Puppet) -> None:
    system.tell("node/watcher", lambda puppet: puppet.context.demonitor(puppet.context.monitor("node/nobody")))
    system.run()
    assert watcher.log == []


@pytest.mark.parametrize("times", [1, 2])
def test_giving_back_what_was_heard_or_given_back_is_harmless(
    system: VirtualSystem, watcher: Puppet, times: int
) -> None:
    (number,) = monitor(system)
    system.kill(TARGET)
    system.run()
    for _ in range(times):
        system.tell("node/watcher", demonitor(number, number + 1000))
    system.run()
    assert [down.monitor for down in watcher.log] == [number]


def test_the_path_is_free_when_a_monitor_hears_of_it(system: VirtualSystem, watcher: Puppet) -> None:
    monitor(system)
    born: list[bool] = []

    def bear_again(down: Any) -> None:
        born.append(TARGET in system.actors)
        system.spawn(TARGET, Puppet, incarnation=2)

    watcher.receive = bear_again  # type: ignore[method-assign, assignment]
    system.kill(TARGET)
    system.run()
    assert born == [False]
    assert system.actors[TARGET].incarnation == 2


@pytest.mark.parametrize(
    "end", [lambda system: system.kill("node/watcher"), lambda system: system.stop("node/watcher", "shutdown")]
)
def test_a_monitor_ends_with_its_watcher(system: VirtualSystem, watcher: Puppet, end: Any) -> None:
    monitor(system, 2)
    end(system)
    system.run()
    system.place("node/watcher")
    system.kill(TARGET)
    system.run()
    assert not system.dead_letters, "nothing is sent to a watcher that is gone"
    assert system.incarnation("node/watcher").behaviour.log == []  # type: ignore[union-attr]


def test_an_actor_that_watches_itself_hears_nothing(system: VirtualSystem, watcher: Puppet) -> None:
    system.tell(TARGET, lambda puppet: puppet.context.monitor(TARGET))
    system.run()
    system.kill(TARGET)
    system.run()
    assert not system.dead_letters


def test_two_that_watch_each_other_hear_of_the_first_end(system: VirtualSystem, watcher: Puppet) -> None:
    (number,) = monitor(system)
    system.tell(TARGET, lambda puppet: puppet.context.monitor("node/watcher") and None)
    system.run()
    system.kill(TARGET)
    system.run()
    assert [down.monitor for down in watcher.log] == [number]
    assert not system.dead_letters


def test_a_parent_that_watches_its_child_hears_twice_by_number(system: VirtualSystem, watcher: Puppet) -> None:
    system.place("node/watcher/child", parent="node/watcher")
    watcher.log.clear()
    asked = system.ask("node/watcher", lambda puppet: puppet.context.monitor("node/watcher/child"), 1.0)
    system.run()
    system.kill("node/watcher/child")
    system.run()
    assert [down.monitor for down in watcher.log] == [asked.value, 0]
    assert {down.reason for down in watcher.log} == {"killed"}


def _itself(puppet: Puppet) -> Puppet:
    return puppet


def test_a_monitor_reaches_across_runtimes() -> None:
    system = VirtualSystem()
    watchers = {}
    for name, other in (("cell", "threads"), ("threads", "cell")):
        system.spawn(f"node/{name}/target", Puppet, runtime=other)
        watchers[name] = watcher = Puppet()
        system.spawn(f"node/{name}", partial(_itself, watcher), runtime=name)
        system.tell(f"node/{name}", lambda puppet: puppet.context.monitor(f"{puppet.context.path}/target") and None)
        system.run()
        system.kill(f"node/{name}/target")
    system.run()
    assert [[down.reason for down in watcher.log] for watcher in watchers.values()] == [["killed"], ["killed"]]
