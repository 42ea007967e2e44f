"""Who lives where: one at a path, children by their parents, monitors by their numbers."""

import threading
from typing import Any

import pytest

from tradigrade.kernel.errors import PathTaken
from tradigrade.kernel.registry import Registry


class Inhabitant:
    """As much of an incarnation as a registry knows."""

    def __init__(self, path: str, parent: str = "") -> None:
        self.path = path
        self.parent = parent


def inhabitant(path: str, parent: str = "") -> Any:
    return Inhabitant(path, parent)


def test_one_lives_at_a_path() -> None:
    registry, first = Registry(), inhabitant("a")
    registry.add(first)
    with pytest.raises(PathTaken, match="an actor already lives at 'a': stop it first"):
        registry.add(inhabitant("a"))
    assert (registry["a"], registry.find("b"), list(registry), len(registry)) == (first, None, ["a"], 1)


def test_only_who_lives_there_frees_a_path() -> None:
    registry, living = Registry(), inhabitant("a")
    registry.add(living)
    registry.monitor("a", inhabitant("watcher"))
    assert registry.remove(inhabitant("a")) == []
    assert registry["a"] is living
    assert len(registry.remove(living)) == 1
    assert registry.remove(living) == []


def test_a_path_may_be_freed_while_all_are_looked_at() -> None:
    registry = Registry()
    for path in "abc":
        registry.add(inhabitant(path))
    for path in registry:
        registry.remove(registry[path])
    assert len(registry) == 0


def test_children_are_named_last_begun_first() -> None:
    registry = Registry()
    for path, parent in (("p", ""), ("p/1", "p"), ("p/2", "p"), ("p/2/x", "p/2")):
        registry.add(inhabitant(path, parent))
    assert [child.path for child in registry.children("p")] == ["p/2", "p/1"]
    registry.remove(registry["p/1"])
    assert [child.path for child in registry.children("p")] == ["p/2"]
    assert registry.children("nobody") == []


def test_a_monitor_of_nobody_is_numbered_and_not_kept() -> None:
    registry, watcher = Registry(), inhabitant("watcher")
    number, alive = registry.monitor("a", watcher)
    registry.add(inhabitant("a"))
    assert (alive, registry.remove(registry["a"])) == (False, [])
    assert registry.monitor("a", watcher)[0] != number


def test_of_many_that_want_a_path_at_once_one_gets_it() -> None:
    registry, got = Registry(), list[int]()

    def want(number: int) -> None:
        for path in range(100):
            try:
                registry.add(inhabitant(str(path)))
                got.append(number)
            except PathTaken:
                pass

    wanting = [threading.Thread(target=want, args=(number,)) for number in range(4)]
    for thread in wanting:
        thread.start()
    for thread in wanting:
        thread.join(10.0)
    assert len(got) == len(registry) == 100
