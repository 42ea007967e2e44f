"""Asking a running system how it is, over its own wire."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from .kernel.clock import SystemClock
from .kernel.disk import SystemDisk
from .kernel.envelope import Reply
from .kernel.errors import ActorFailed
from .kernel.identity import SystemEntropy
from .kernel.system import System
from .monitor import MONITOR
from .preparation import RUN_FILE
from .storage.halt import HALT_NAME, HaltLatch
from .supervisors.reports import ActorReport
from .trading.rungs import Rung
from .transports.control import Failed, StatusAnswered, StatusAsked
from .transports.gateway import Gateway

ASK_TIMEOUT_S = 3.0


class NothingRuns(Exception):
    """No system runs on this data directory."""


def find_run(data_dir: Path) -> dict[str, Any]:
    """What the running launcher wrote down about itself; `NothingRuns` where there is none."""
    try:
        facts: dict[str, Any] = json.loads((data_dir / RUN_FILE).read_text())
        os.kill(facts["pid"], 0)
    except (OSError, ValueError, KeyError) as error:
        raise NothingRuns(f"nothing runs on data directory {data_dir}; start it with: tradigrade up") from error
    return facts


class Link:
    """A node of one's own beside those of the running system, to put questions from."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.launcher_pid: int = find_run(data_dir)["pid"]
        self.clock = SystemClock()
        self._folder = Path(find_run(data_dir)["socket_dir"])
        self._system = System(f"cli-{os.getpid()}", asyncio.get_running_loop(), self.clock, SystemEntropy())
        self._gateway = Gateway(self._system, self._folder, self._system.node)
        self._system.transport = self._gateway
        self._gateway.start()

    def close(self) -> None:
        self._gateway.close()
        (self._folder / f"{self._system.node}.sock").unlink(missing_ok=True)

    async def ask(self, question: Any, path: str = MONITOR, timeout_s: float = ASK_TIMEOUT_S) -> Any:
        """The answer of one actor. Raises `NothingRuns`, or what the answer failed with."""
        find_run(self.data_dir)
        answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def resolve(reply: Reply) -> None:
            if not answered.done():  # whoever waited may have been cancelled
                answered.set_result(reply)

        self._system.ref(path).ask(question, timeout_s).then(resolve)
        reply = await answered
        if reply.error is not None:
            raise reply.error
        if isinstance(reply.value, Failed):
            raise ActorFailed(reply.value.reason)
        return reply.value

    def tell(self, message: Any, path: str, ttl_s: float | None = None) -> None:
        """Tell one actor; nothing says whether it hears."""
        self._system.ref(path).tell(message, ttl_s=ttl_s)

    async def status(self) -> StatusAnswered:
        answer: StatusAnswered = await self.ask(StatusAsked())
        return answer


@asynccontextmanager
async def connect(data_dir: Path) -> AsyncIterator[Link]:
    """A link to the running system; `NothingRuns` where there is none."""
    link = Link(data_dir)
    try:
        yield link
    finally:
        link.close()


async def _ask_status(data_dir: Path) -> StatusAnswered:
    async with connect(data_dir) as link:
        return await link.status()


def read_status(data_dir: Path) -> dict[str, Any]:
    """`{rung, nodes, actors}` as documented in the README."""
    answer = asyncio.run(_ask_status(data_dir))
    return {
        "rung": _rung(answer, halted=HaltLatch(SystemDisk(), data_dir / HALT_NAME).read() is not None),
        "nodes": [
            {
                "name": node.name,
                "pid": node.pid,
                "state": node.state,
                "restarts": node.restarts,
                "incarnation": node.incarnation,
                "reason": node.reason,
                "up_ms": node.up_ms,
                "ready_ms": node.ready_ms,
            }
            for node in answer.system.nodes
        ],
        "actors": [_actor(actor) for node in answer.nodes for actor in node.actors],
    }


def _rung(answer: StatusAnswered, *, halted: bool) -> str:
    """The account's rung as the running trader tells it; without one nothing may leave but cancels, and once halted
    nothing at all, whatever a trader told last."""
    return max(_told_rung(answer), Rung.HALTED if halted else Rung.NORMAL).name


def _told_rung(answer: StatusAnswered) -> Rung:
    running = {node.name: node.incarnation for node in answer.system.nodes if node.state == "running"}
    for report in answer.nodes:
        if "rung" in report.gauges and running.get(report.node) == report.incarnation:
            return Rung(int(report.gauges["rung"]))
    return Rung.CANCEL_ONLY


def _actor(actor: ActorReport) -> dict[str, Any]:
    return {
        "path": actor.path,
        "state": actor.state,
        "restarts": actor.restarts,
        "progress_age_s": actor.progress_age_s,
    }


def show_status(found: dict[str, Any]) -> None:
    """What `read_status` found, for people."""
    screen = Console(highlight=False)
    screen.print(f"rung: {found['rung']}")
    nodes = Table("node", "state", "pid", "restarts", "up again", "working again", "reason")
    for node in found["nodes"]:
        times = (_milliseconds(node["up_ms"]), _milliseconds(node["ready_ms"]))
        nodes.add_row(node["name"], node["state"], str(node["pid"]), str(node["restarts"]), *times, node["reason"])
    actors = Table("actor", "state", "restarts", "progress age")
    for actor in found["actors"]:
        age_s = actor["progress_age_s"]
        actors.add_row(actor["path"], actor["state"], str(actor["restarts"]), "" if age_s is None else f"{age_s:.1f} s")
    screen.print(nodes)
    screen.print(actors)


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} ms"
