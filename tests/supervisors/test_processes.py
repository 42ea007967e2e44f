"""Real processes, really killed. Every wait is for an event and has a bound."""

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
from tradigrade.supervisors.spec import ChildSpec
from tradigrade.supervisors.supervisor import Supervisor

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
LIMIT_S = 20.0


def node(name: str = "node", shutdown_s: float = 5.0, start_s: float = 20.0, **settings: Any) -> ChildSpec:
    return ChildSpec(id=name, actor="process:main", shutdown_s=shutdown_s, start_s=start_s, settings=settings)


WARM = tuple(node(name) for name in FORK_SERVERS)


class _Parent(Actor):
    def __init__(self, heard: Callable[[Any], None]) -> None:
        self.receive = heard  # type: ignore[method-assign]


class Launched:
    """A supervisor over real processes on the running loop."""

    def __init__(self, *children: ChildSpec, intensity: int = 10) -> None:
        loop = asyncio.get_running_loop()
        target = "tests.kit.process_target"
        self.system = System("launcher", loop, SystemClock(), SystemEntropy())
        self.spawner = ProcessSpawner(loop, f"{target}:main", (target,))
        self.heard: list[Any] = []
        self._changed = asyncio.Event()
        self.spawner.on_change = lambda _: self._changed.set()
        self.system.spawn("launcher/parent", lambda: _Parent(self._hear))
        spec = ChildSpec(id="nodes", flags=eager_flags(intensity=intensity), children=children)
        self.system.spawn("launcher/nodes", lambda: Supervisor(spec, self.spawner), parent="launcher/parent")

    def __getitem__(self, name: str) -> Process:
        return self.spawner.processes[name]

    async def until(self, holds: Callable[[], object]) -> None:
        """Until something true is found after a change; fails after `LIMIT_S`."""
        async with asyncio.timeout(LIMIT_S):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    async def runs(self, name: str, incarnation: int = 1) -> Process:
        def running() -> bool:
            found = self.spawner.processes.get(name)
            return found is not None and (found.incarnation, found.state) == (incarnation, "running")

        await self.until(running)
        return self[name]

    async def end(self) -> None:
        self.system.stop("launcher/nodes", "shutdown")
        await self.until(lambda: "launcher/nodes" not in self.system.actors)

    def kill_all(self) -> None:
        self.system.kill("launcher/nodes")  # nobody restarts what is killed now
        for process in self.spawner.processes.values():
            if process.pid and process.state != "stopped":
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)

    def _hear(self, message: Any) -> None:
        self.heard.append(message)
        self._changed.set()


def launch(test: Callable[[Launched], Awaitable[None]], *children: ChildSpec, intensity: int = 10) -> None:
    async def run() -> None:
        launched = Launched(*children, intensity=intensity)
        try:
            await test(launched)
            if "launcher/nodes" in launched.system.actors:
                await launched.end()
        finally:
            launched.kill_all()
            launched.spawner.close()

    asyncio.run(run())


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


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.fixture(autouse=True)
def _findable(monkeypatch: pytest.MonkeyPatch) -> None:
    """New processes find the target, wherever the tests were started."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_a_node_is_forked_from_the_warm_server_and_stops_in_good_order() -> None:
    async def test(launched: Launched) -> None:
        found = await launched.runs("node")
        assert parent_of(found.pid) == launched["forkserver"].pid
        assert parent_of(launched["spare"].pid) == launched["forkserver"].pid, "each is forked from the other"
        await launched.end()
        assert {process.state for process in launched.spawner.processes.values()} == {"stopped"}
        assert (found.reason, launched["spare"].reason) == ("shutdown", "shutdown")
        await gone(found.pid)

    launch(test, *WARM, node())


def test_a_node_without_a_fork_server_is_a_fresh_interpreter() -> None:
    async def test(launched: Launched) -> None:
        found = await launched.runs("node")
        assert parent_of(found.pid) == os.getpid()

    launch(test, node())


def test_a_killed_node_is_heard_at_once_and_restarted() -> None:
    async def test(launched: Launched) -> None:
        first, other = await launched.runs("node"), await launched.runs("other")
        os.kill(first.pid, signal.SIGKILL)
        second = await launched.runs("node", 2)
        assert (first.state, first.reason) == ("stopped", "killed")
        assert (second.restarts, second.pid != first.pid) == (1, True)
        (report,) = [report for report in launched.spawner.reports() if report.name == "node"]
        assert report.up_ms is not None
        assert 0 < report.up_ms < LIMIT_S * 1000
        assert launched["other"] is other, "nobody else was touched"

    launch(test, *WARM, node(), node("other"))


def test_when_the_fork_server_is_killed_no_node_is_lost_and_the_other_one_takes_over() -> None:
    async def test(launched: Launched) -> None:
        first = await launched.runs("node")
        spare = launched["spare"].pid
        os.kill(launched["forkserver"].pid, signal.SIGKILL)
        server = await launched.runs("forkserver", 2)
        assert parent_of(server.pid) == spare
        os.kill(first.pid, 0)
        assert launched["node"] is first
        os.kill(first.pid, signal.SIGKILL)
        second = await launched.runs("node", 2)
        assert parent_of(second.pid) == spare

    launch(test, *WARM, node())


def test_when_all_fork_servers_are_killed_they_come_back() -> None:
    async def test(launched: Launched) -> None:
        await launched.runs("node")
        for name in FORK_SERVERS:
            os.kill(launched[name].pid, signal.SIGKILL)
        for name in FORK_SERVERS:
            await launched.until(lambda name=name: launched[name].incarnation > 1 and launched[name].state == "running")
        assert launched["node"].incarnation == 1

    launch(test, *WARM, node())


def test_a_process_whose_launcher_is_gone_ends_by_itself() -> None:
    async def test(launched: Launched) -> None:
        found = await launched.runs("node")
        assert found.lifeline is not None
        found.lifeline.close()
        await gone(found.pid)
        found.state = "stopped"
        launched.kill_all()

    launch(test, node())


def test_a_process_that_never_stops_is_killed_after_its_shutdown_time() -> None:
    async def test(launched: Launched) -> None:
        found = await launched.runs("node")
        await launched.end()
        assert (found.state, found.reason) == ("stopped", "killed")

    launch(test, node(shutdown_s=0.2, deaf=True))


def test_a_process_that_never_serves_is_killed() -> None:
    async def test(launched: Launched) -> None:
        await launched.until(lambda: any(down.reason for down in launched.heard))
        assert "did not start within 1 s" in launched.heard[-1].reason

    launch(test, node(start_s=1.0, mute=True))


def test_a_process_that_cannot_start_says_why(capfd: pytest.CaptureFixture[str]) -> None:
    async def test(launched: Launched) -> None:
        await launched.until(lambda: any(down.reason for down in launched.heard))
        assert "child 'node' failed to start" in launched.heard[-1].reason

    launch(test, *WARM, node(fails=True))
    assert "RuntimeError: this process cannot start" in capfd.readouterr().err


def test_a_fork_server_that_hangs_is_replaced_and_holds_nothing_up() -> None:
    async def test(launched: Launched) -> None:
        found = await launched.runs("node")
        os.kill(launched["forkserver"].pid, signal.SIGSTOP)
        os.kill(found.pid, signal.SIGKILL)
        await launched.runs("node", 3)
        assert (await launched.runs("forkserver", 2)).restarts == 1

    launch(test, *WARM, node())
