"""Asking a running system how it is, over its own wire."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from .kernel.clock import SystemClock
from .kernel.envelope import Reply
from .kernel.errors import ActorFailed
from .kernel.identity import SystemEntropy
from .kernel.system import System
from .preparation import RUN_FILE
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


async def ask(data_dir: Path, question: Any, path: str = "launcher/monitor") -> Any:
    """Put one question to an actor of the running system. Raises `NothingRuns`, or what the answer failed with."""
    facts = find_run(data_dir)
    loop = asyncio.get_running_loop()
    system = System(f"cli-{os.getpid()}", loop, SystemClock(), SystemEntropy())
    gateway = Gateway(system, Path(facts["socket_dir"]), system.node)
    system.transport = gateway
    gateway.start()
    answered: asyncio.Future[Reply] = loop.create_future()
    system.ref(path).ask(question, ASK_TIMEOUT_S).then(answered.set_result)
    reply = await answered
    gateway.close()
    (Path(facts["socket_dir"]) / f"{system.node}.sock").unlink(missing_ok=True)
    if reply.error is not None:
        raise reply.error
    if isinstance(reply.value, Failed):
        raise ActorFailed(reply.value.reason)
    return reply.value


def read_status(data_dir: Path) -> dict[str, Any]:
    """`{rung, nodes, actors}` as documented in the README."""
    answer: StatusAnswered = asyncio.run(ask(data_dir, StatusAsked()))
    return {
        "rung": _rung(answer),
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


def _rung(answer: StatusAnswered) -> str:
    """The account's rung as the running trader tells it; without one nothing may leave but cancels."""
    running = {node.name: node.incarnation for node in answer.system.nodes if node.state == "running"}
    for report in answer.nodes:
        if "rung" in report.gauges and running.get(report.node) == report.incarnation:
            return Rung(int(report.gauges["rung"])).name
    return Rung.CANCEL_ONLY.name


def _actor(actor: ActorReport) -> dict[str, Any]:
    return {
        "path": actor.path,
        "state": actor.state,
        "restarts": actor.restarts,
        "progress_age_s": actor.progress_age_s,
    }
