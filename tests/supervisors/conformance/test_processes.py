"""supervisor_SUITE, cases 19, 20 and 79: real processes, really killed. Every wait is for an event and has a bound."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.kit.launched import LIMIT_S, NODES, WARM, Launched, gone, launch, node, nodes
from tradigrade.supervisors.requests import StartInstance
from tradigrade.supervisors.spec import ChildSpec, Dynamic

pytestmark = pytest.mark.process


@pytest.fixture(autouse=True)
def _findable(monkeypatch: pytest.MonkeyPatch) -> None:
    """New processes find the target, wherever the tests were started."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))


def test_sup_stop_brutal_kill() -> None:
    """SIGKILL at once, without a word; its end is as it should be, and the other one stops in good order."""

    async def test(it: Launched) -> None:
        polite, brutal = await it.runs("child1"), await it.runs("child2")
        await it.end()
        assert (polite.reason, brutal.reason) == ("shutdown", "killed")
        assert it.wrong_ends() == {}
        assert it.heard[-1].reason == "shutdown"

    launch(nodes(*WARM, node("child1"), node("child2", shutdown_s=0.0)), test)


def test_sup_stop_brutal_kill_dynamic() -> None:
    """Ten that would never stop by themselves."""
    deaf = node("child", shutdown_s=0.0, deaf=True)

    async def test(it: Launched) -> None:
        names = [f"child-{number}" for number in range(1, 11)]
        for _ in names:
            it.system.ask(NODES, StartInstance(), LIMIT_S)
        found = [await it.runs(name) for name in names]
        await it.end()
        assert [process.reason for process in found] == ["killed"] * 10
        assert it.wrong_ends() == {}
        for process in found:
            await gone(process.pid)

    launch(ChildSpec(id="nodes", dynamic=Dynamic(deaf)), test)


def test_simple_global_supervisor() -> None:
    """Its path is its name: whoever is killed comes back under it, a worker or the process that workers come from,
    and the others do not notice."""

    async def test(it: Launched) -> None:
        worker, other, server = await it.runs("worker"), await it.runs("other"), await it.runs("forkserver")
        os.kill(worker.pid, signal.SIGKILL)
        second = await it.runs("worker", 2)
        os.kill(server.pid, signal.SIGKILL)
        assert (await it.runs("forkserver", 2)).pid != server.pid
        os.kill(second.pid, signal.SIGKILL)
        third = await it.runs("worker", 3)
        assert len({worker.pid, second.pid, third.pid, other.pid}) == 4
        assert it.spawner.processes["other"] is other
        assert NODES in it.system.actors
        await it.end()
        assert it.wrong_ends() == {}

    launch(nodes(*WARM, node("worker"), node("other")), test)


def test_simple_global_supervisor_comes_back_when_the_host_has_room_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process can be had at all it is tried again later; the supervisor goes on."""
    refused: list[str] = []
    spawn = os.posix_spawn

    def full(*arguments: Any, **options: Any) -> int:
        if len(refused) < 3:
            refused.append("no room")
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return spawn(*arguments, **options)

    async def test(it: Launched) -> None:
        first = await it.runs("worker")
        monkeypatch.setattr(os, "posix_spawn", full)
        os.kill(first.pid, signal.SIGKILL)
        assert (await it.runs("worker", 5)).restarts == 4
        assert len(refused) == 3
        await it.end()
        assert it.heard[-1].reason == "shutdown"

    launch(nodes(node("worker")), test)


def test_simple_global_supervisor_hears_of_its_workers_though_its_mailbox_is_full() -> None:
    """Who lives and who died overtakes all questions, and is never refused."""

    async def test(it: Launched) -> None:
        worker = await it.runs("worker")
        nodes = it.system.actors[NODES]
        nodes.held = True  # it is busy with something else
        while it.system.tell(NODES, "a question nobody waits for"):
            pass
        os.kill(worker.pid, signal.SIGKILL)
        await it.until(lambda: worker.state == "stopped")
        nodes.held = False
        nodes.signal("go on")
        await it.runs("worker", 2)
        await it.end()

    launch(nodes(*WARM, node("worker")), test)
