"""A supervisor over real processes, on a loop of its own. Every wait is for an event and has a bound."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from tests.kit.supervision import eager_flags
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.clock import SystemClock
from tradigrade.kernel.identity import SystemEntropy
from tradigrade.kernel.signals import Down
from tradigrade.kernel.system import System
from tradigrade.supervisors.process_table import FORK_SERVERS, Process
from tradigrade.supervisors.processes import ProcessSpawner
from tradigrade.supervisors.spec import ChildSpec
from tradigrade.supervisors.supervisor import SUPERVISION, Supervisor

LIMIT_S = 20.0
TARGET = "tests.kit.process_target"
NODES = "launcher/nodes"


def node(name: str = "node", shutdown_s: float = 5.0, start_s: float = 20.0, **settings: Any) -> ChildSpec:
    """A child that is a process; what it does is in its settings (`process_target.py`)."""
    return ChildSpec(id=name, actor="process:main", shutdown_s=shutdown_s, start_s=start_s, settings=settings)


WARM = tuple(node(name) for name in FORK_SERVERS)


def nodes(*children: ChildSpec, intensity: int = 10) -> ChildSpec:
    return ChildSpec(id="nodes", flags=eager_flags(intensity=intensity), children=children)


class _Parent(Actor):
    """Hears what becomes of the supervisor, and its reports."""

    def __init__(self, heard: Callable[[Any], None]) -> None:
        self._heard = heard

    def start(self) -> None:
        self.context.subscribe(SUPERVISION)

    def receive(self, message: Any) -> None:
        self._heard(message)


class Launched:
    """The supervisor, its spawner, and what their parent heard."""

    def __init__(self, spec: ChildSpec) -> None:
        loop = asyncio.get_running_loop()
        self.loop = loop
        self.system = System("launcher", loop, SystemClock(), SystemEntropy())
        self.spawner = ProcessSpawner(loop, f"{TARGET}:main", (TARGET,))
        self.heard: list[Any] = []
        self.changed = asyncio.Event()
        self.spawner.on_change = lambda _: self.changed.set()
        self.system.spawn("launcher/parent", lambda: _Parent(self._hear))
        self.system.spawn(NODES, lambda: Supervisor(spec, self.spawner), parent="launcher/parent")

    def __getitem__(self, name: str) -> Process:
        return self.spawner.processes[name]

    async def until(self, holds: Callable[[], object]) -> None:
        """Until something true is found after a change; fails after `LIMIT_S`."""
        async with asyncio.timeout(LIMIT_S):
            while not holds():
                self.changed.clear()
                await self.changed.wait()

    async def runs(self, name: str, incarnation: int = 1) -> Process:
        def running() -> bool:
            found = self.spawner.processes.get(name)
            return found is not None and (found.incarnation, found.state) == (incarnation, "running")

        await self.until(running)
        return self[name]

    async def end(self) -> None:
        self.system.stop(NODES, "shutdown")
        await self.until(lambda: NODES not in self.system.actors)

    def wrong_ends(self) -> dict[str, str]:
        """Children that did not stop as they were told, and how they did."""
        return {said.child: said.reason for said in self.heard if getattr(said, "kind", "") == "shutdown_error"}

    async def down(self) -> str:
        """Why the supervisor ended, when it has."""
        await self.until(lambda: any(isinstance(said, Down) for said in self.heard))
        return next(said.reason for said in self.heard if isinstance(said, Down))

    def close(self) -> None:
        """Nothing is left, and nobody restarts what is killed now."""
        self.kill_all()
        self.spawner.close()

    def kill_all(self) -> None:
        self.system.kill(NODES)
        for process in self.spawner.processes.values():
            if process.pid and process.state != "stopped":
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)

    def _hear(self, message: Any) -> None:
        self.heard.append(message)
        self.changed.set()


def launch(spec: ChildSpec, test: Callable[[Launched], Awaitable[None]]) -> None:
    """Run a test on a supervisor of processes, and end it in good order where the test did not."""

    async def run() -> None:
        launched = Launched(spec)
        try:
            await test(launched)
            if NODES in launched.system.actors:
                await launched.end()
        finally:
            launched.close()

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
