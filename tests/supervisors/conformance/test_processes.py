"""supervisor_SUITE, cases 19, 20 and 79: real processes, really killed. Every wait is for an event and has a bound."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kit.supervision import eager_flags
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.clock import SystemClock
from tradigrade.kernel.identity import SystemEntropy
from tradigrade.kernel.system import System
from tradigrade.supervisors.processes import FORK_SERVERS, Process, ProcessSpawner
from tradigrade.supervisors.requests import StartInstance
from tradigrade.supervisors.spec import ChildSpec, Dynamic
from tradigrade.supervisors.supervisor import SUPERVISION, Supervisor

pytestmark = pytest.mark.process

TARGET = "tests.kit.process_target"
LIMIT_S = 20.0
NODES = "launcher/nodes"


def node(name: str, **fields: Any) -> ChildSpec:
    settings = fields.pop("settings", {})
    return ChildSpec(id=name, actor="process:main", settings=settings, **fields)


WARM = tuple(node(name) for name in FORK_SERVERS)


class _Parent(Actor):
    def __init__(self, heard: Callable[[Any], Any]) -> None:
        self._heard = heard

    def start(self) -> None:
        self.context.subscribe(SUPERVISION)

    def receive(self, message: Any) -> None:
        self._heard(message)


class Host:
    """A supervisor over real processes, on the running loop."""

    def __init__(self, spec: ChildSpec) -> None:
        self.loop = asyncio.get_running_loop()
        self.system = System("launcher", self.loop, SystemClock(), SystemEntropy())
        self.spawner = ProcessSpawner(self.loop, f"{TARGET}:main", (TARGET,))
        self.heard: list[Any] = []
        self.changed = asyncio.Event()
        self.spawner.on_change = lambda _: self.changed.set()
        self.system.spawn("launcher/parent", lambda: _Parent(self._hear))
        self.system.spawn(NODES, lambda: Supervisor(spec, self.spawner), parent="launcher/parent")

    def _hear(self, message: Any) -> None:
        self.heard.append(message)
        self.changed.set()

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not holds():
                self.changed.clear()
                await self.changed.wait()

    async def runs(self, name: str, incarnation: int = 1) -> Process:
        def found() -> bool:
            it = self.spawner.processes.get(name)
            return it is not None and (it.incarnation, it.state) == (incarnation, "running")

        await self.until(found)
        return self.spawner.processes[name]

    async def end(self) -> None:
        self.system.stop(NODES, "shutdown")
        await self.until(lambda: NODES not in self.system.actors)

    def wrong_ends(self) -> dict[str, str]:
        return {said.child: said.reason for said in self.heard if getattr(said, "kind", "") == "shutdown_error"}

    def close(self) -> None:
        self.system.kill(NODES)
        for process in self.spawner.processes.values():
            if process.pid and process.state != "stopped":
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
        self.spawner.close()


async def gone(pid: int) -> None:
    """Until the process has ended."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    with contextlib.suppress(ProcessLookupError):
        fd = os.pidfd_open(pid)
        loop.add_reader(fd, ended.set)
        try:
            async with asyncio.timeout(LIMIT_S):
                await ended.wait()
        finally:
            loop.remove_reader(fd)
            os.close(fd)


def host(spec: ChildSpec, test: Callable[[Host], Awaitable[None]]) -> None:
    async def run() -> None:
        it = Host(spec)
        try:
            await test(it)
        finally:
            it.close()

    asyncio.run(run())


@pytest.fixture(autouse=True)
def _findable(monkeypatch: pytest.MonkeyPatch) -> None:
    """New processes find the target, wherever the tests were started."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))


def static(*children: ChildSpec) -> ChildSpec:
    return ChildSpec(id="nodes", flags=eager_flags(), children=children)


def test_sup_stop_brutal_kill() -> None:
    """SIGKILL at once, without a word; its end is as it should be, and the other one stops in good order."""

    async def test(it: Host) -> None:
        polite, brutal = await it.runs("child1"), await it.runs("child2")
        await it.end()
        assert (polite.reason, brutal.reason) == ("shutdown", "killed")
        assert it.wrong_ends() == {}
        assert it.heard[-1].reason == "shutdown"

    host(static(*WARM, node("child1"), node("child2", shutdown_s=0.0)), test)


def test_sup_stop_brutal_kill_dynamic() -> None:
    """Ten that would never stop by themselves."""
    deaf = node("child", shutdown_s=0.0, settings={"deaf": True})

    async def test(it: Host) -> None:
        names = [f"child-{number}" for number in range(1, 11)]
        for _ in names:
            it.system.ask(NODES, StartInstance(), LIMIT_S)
        found = [await it.runs(name) for name in names]
        await it.end()
        assert [process.reason for process in found] == ["killed"] * 10
        assert it.wrong_ends() == {}
        for process in found:
            await gone(process.pid)

    host(ChildSpec(id="nodes", dynamic=Dynamic(deaf)), test)


def test_simple_global_supervisor() -> None:
    """Its path is its name: whoever is killed comes back under it, a worker or the process that workers come from,
    and the others do not notice."""

    async def test(it: Host) -> None:
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

    host(static(*WARM, node("worker"), node("other")), test)


def test_simple_global_supervisor_comes_back_when_the_host_has_room_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process can be had at all it is tried again later; the supervisor goes on."""
    refused: list[str] = []
    spawn = os.posix_spawn

    def full(*arguments: Any, **options: Any) -> int:
        if len(refused) < 3:
            refused.append("no room")
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return spawn(*arguments, **options)

    async def test(it: Host) -> None:
        first = await it.runs("worker")
        monkeypatch.setattr(os, "posix_spawn", full)
        os.kill(first.pid, signal.SIGKILL)
        assert (await it.runs("worker", 5)).restarts == 4
        assert len(refused) == 3
        await it.end()
        assert it.heard[-1].reason == "shutdown"

    host(static(node("worker")), test)


def test_simple_global_supervisor_hears_of_its_workers_though_its_mailbox_is_full() -> None:
    """Who lives and who died overtakes all questions, and is never refused."""

    async def test(it: Host) -> None:
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

    host(static(*WARM, node("worker")), test)
