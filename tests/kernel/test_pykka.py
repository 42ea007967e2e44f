"""The private parts of pykka that the runtimes are built on: a change there must be found here first."""

import inspect
import tomllib
from pathlib import Path
from typing import Any

import pykka
import pytest

from tests.kit.cells import VirtualSystem
from tradigrade.kernel.cell import CellActor
from tradigrade.kernel.incarnation import Incarnation
from tradigrade.kernel.pykka_inbox import PykkaInbox
from tradigrade.kernel.threads import ThreadActor

ROOT = Path(__file__).parents[2]
ABSTRACT = ("_create_actor_inbox", "_create_future", "_start_actor_loop")
PATH = "node/puppet"


def test_the_dependency_is_pinned_to_what_was_looked_into() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [line for line in project["dependencies"] if line.startswith("pykka")] == ["pykka>=4.5,<5"]


@pytest.mark.parametrize("hook", ABSTRACT)
def test_pykka_still_leaves_the_hook_to_its_subclass(hook: str) -> None:
    assert hook in vars(pykka.Actor)
    assert hook in pykka.Actor.__abstractmethods__


@pytest.mark.parametrize(
    ("actor", "hook", "owner"),
    [
        (CellActor, "_create_actor_inbox", Incarnation),
        (CellActor, "_create_future", Incarnation),
        (CellActor, "_start_actor_loop", CellActor),
        (ThreadActor, "_create_actor_inbox", Incarnation),
        (ThreadActor, "_create_future", Incarnation),
        (ThreadActor, "_start_actor_loop", pykka.ThreadingActor),
        (ThreadActor, "_actor_loop", ThreadActor),
    ],
)
def test_each_runtime_takes_the_hook_from_where_it_should(actor: type[Any], hook: str, owner: type[Any]) -> None:
    assert getattr(actor, hook) is getattr(owner, hook)


def spy(monkeypatch: pytest.MonkeyPatch, actor: type[Any], hooks: tuple[str, ...]) -> list[str]:
    """The names of the hooks, as they are called."""
    called: list[str] = []
    for hook in hooks:
        original = inspect.getattr_static(actor, hook)

        def wrapper(*arguments: Any, hook: str = hook, original: Any = original) -> Any:
            called.append(hook)
            return original(*arguments)

        is_static = isinstance(original, staticmethod)
        monkeypatch.setattr(actor, hook, staticmethod(wrapper) if is_static else wrapper)
    return called


def test_a_cell_actor_is_made_and_begun_through_the_hooks(cell: VirtualSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    called = spy(monkeypatch, CellActor, ABSTRACT)
    cell.place(PATH)
    assert called == ["_create_actor_inbox", "_start_actor_loop"]
    assert isinstance(cell.incarnation(PATH).actor_inbox, PykkaInbox)


def test_a_thread_actor_is_made_and_begun_through_the_hooks(
    threads: VirtualSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = spy(monkeypatch, ThreadActor, (*ABSTRACT, "_actor_loop"))
    threads.place(PATH)
    assert called == ["_create_actor_inbox", "_start_actor_loop", "_actor_loop"]
    assert isinstance(threads.incarnation(PATH).actor_inbox, PykkaInbox)


def test_pykka_makes_the_future_of_an_ask_through_the_hook(
    system: VirtualSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = spy(monkeypatch, Incarnation, ("_create_future",))
    system.place(PATH)
    future = system.incarnation(PATH).actor_ref.ask("question", block=False)
    system.run()
    assert called == ["_create_future"]
    assert isinstance(future, pykka.ThreadingFuture)


def test_a_thread_actor_does_not_keep_the_interpreter_alive(threads: VirtualSystem) -> None:
    import threading

    before = set(threading.enumerate())
    threads.place(PATH)
    (thread,) = set(threading.enumerate()) - before
    assert thread.daemon


@pytest.mark.parametrize(
    "hook", ["_actor_loop_setup", "_actor_loop_running", "_actor_loop_teardown", "_handle_receive"]
)
def test_nothing_of_pykkas_own_loop_ever_runs(
    system: VirtualSystem, monkeypatch: pytest.MonkeyPatch, hook: str
) -> None:
    called = spy(monkeypatch, pykka.Actor, (hook,))
    system.place(PATH)
    system.ask(PATH, "question", 1.0)
    system.stop(PATH, "shutdown")
    system.run()
    assert called == []


def test_the_stopped_flag_of_pykka_is_ours_to_set(system: VirtualSystem) -> None:
    system.place(PATH)
    actor = system.incarnation(PATH)
    assert not actor.actor_stopped.is_set()
    system.kill(PATH)
    assert actor.actor_stopped.is_set()
