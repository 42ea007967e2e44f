"""From a crash to serving again, over threads, in a cell and for a process; and ten thousand dynamic children."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pykka

from tradigrade.kernel.actor import Actor
from tradigrade.kernel.clock import SystemClock
from tradigrade.kernel.hosting import host
from tradigrade.kernel.identity import SystemEntropy
from tradigrade.kernel.system import System
from tradigrade.kernel.tuning import tune
from tradigrade.supervisors.actors import ActorSpawner
from tradigrade.supervisors.backoff import Backoff
from tradigrade.supervisors.process_table import FORK_SERVERS, Process
from tradigrade.supervisors.processes import ProcessSpawner
from tradigrade.supervisors.requests import Done, StartInstance
from tradigrade.supervisors.spec import ChildSpec, Dynamic, Flags
from tradigrade.supervisors.supervisor import Supervisor

from .measure import Result, Timing, result, summarise

NAMES = (
    "supervision.restart.threads",
    "supervision.restart.cell",
    "supervision.restart.process",
    "supervision.children",
)
RESTARTS = 300
KILLS = 20
FEW, MANY = 1_000, 10_000
TIMEOUT_S = 60.0
EAGER = Flags("one_for_one", 1_000_000, 1.0, Backoff(min_s=0.0, max_s=0.0))
HERE = "benchmarks.supervision"


class Fragile(Actor):
    """Crashes when it is told to; stamps when it did, and when its next incarnation handles its first message."""

    crashed_ns = 0
    samples: list[int] = []  # noqa: RUF012 - one run measures at a time
    finished = threading.Event()

    def start(self) -> None:
        self.context.tell(self.context.path, "serve")

    def receive(self, message: Any) -> Any:
        if message == "crash":
            Fragile.crashed_ns = time.perf_counter_ns()
            raise RuntimeError("as it was told")
        if Fragile.crashed_ns:
            Fragile.samples.append(time.perf_counter_ns() - Fragile.crashed_ns)
        if len(Fragile.samples) < RESTARTS:
            self.context.tell(self.context.path, "crash")
        else:
            Fragile.finished.set()


class Idle(Actor):
    """One of many."""


def run() -> Iterator[Result]:
    tune()  # as every node does
    reference, against = reference_restart()
    for runtime in ("threads", "cell"):
        yield without_rate(result(f"supervision.restart.{runtime}", restart_actor(runtime), reference, against))
    yield without_rate(asyncio.run(restart_process()))
    yield children()


def without_rate(line: Result) -> Result:
    """Restarts are far apart here: how many a second says nothing."""
    line.pop("per_s", None)
    return line


# -- restarts ---------------------------------------------------------------------------------------------------------


def restart_actor(runtime: str) -> Timing:
    Fragile.crashed_ns = 0
    Fragile.samples.clear()
    Fragile.finished.clear()
    spec = ChildSpec(id="root", flags=EAGER, children=(ChildSpec(id="fragile", actor=f"{HERE}:Fragile"),))
    with host("bench") as system:
        system.call_soon(lambda: system.spawn("bench/root", lambda: Supervisor(spec, ActorSpawner(runtime))))
        if not Fragile.finished.wait(TIMEOUT_S):
            raise TimeoutError(f"expected {RESTARTS} restarts, saw {len(Fragile.samples)}")
    return summarise(Fragile.samples)


def reference_restart() -> tuple[str, Timing]:
    """OTP's own supervisor where Erlang is installed; else raw pykka, which has none: a new actor that answers."""
    if shutil.which("erlc") and shutil.which("erl"):
        return "OTP's supervisor", summarise(restart_otp())
    return "pykka: a new ThreadingActor that answers", summarise([start_raw() for _ in range(RESTARTS)])


def restart_otp() -> list[int]:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(__file__).with_name("restart.erl")
        subprocess.run(["erlc", "-o", folder, str(source)], check=True)
        command = ["erl", "-noshell", "-pa", folder, "-kernel", "logger_level", "none"]
        done = subprocess.run(
            [*command, "-run", "restart", "main", str(RESTARTS)],
            check=True,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
    return [int(line) for line in done.stdout.split()]


class _Raw(pykka.ThreadingActor):
    def on_receive(self, message: Any) -> Any:
        return message


def start_raw() -> int:
    start_ns = time.perf_counter_ns()
    ref = _Raw.start()
    ref.ask("x")
    took_ns = time.perf_counter_ns() - start_ns
    ref.stop()
    return took_ns


# -- processes --------------------------------------------------------------------------------------------------------


async def restart_process() -> Result:
    """`kill -9` of a process forked from a warm fork server, to the next one serving."""
    loop = asyncio.get_running_loop()
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])  # where the process finds its target
    system = System("launcher", loop, SystemClock(), SystemEntropy())
    spawner = ProcessSpawner(loop, "benchmarks.restart_target:main", ("tradigrade.node",))
    names = (*FORK_SERVERS, "node")
    specs = tuple(ChildSpec(id=name, actor="benchmarks.restart_target:main") for name in names)
    root = ChildSpec(id="nodes", flags=EAGER, children=specs)
    changed = asyncio.Event()
    spawner.on_change = lambda _: changed.set()
    system.spawn("launcher/nodes", lambda: Supervisor(root, spawner))
    samples = []
    for incarnation in range(1, KILLS + 1):
        node = await serving(spawner, changed, incarnation)
        await asyncio.sleep(0.02)
        start_ns = time.perf_counter_ns()
        os.kill(node.pid, signal.SIGKILL)
        await serving(spawner, changed, incarnation + 1)
        samples.append(time.perf_counter_ns() - start_ns)
    system.stop("launcher/nodes", "shutdown")
    while any(process.state != "stopped" for process in spawner.processes.values()):
        changed.clear()
        await asyncio.wait_for(changed.wait(), TIMEOUT_S)
    spawner.close()
    fresh = [start_fresh() for _ in range(3)]
    reference = "a fresh interpreter importing the same"
    return result("supervision.restart.process", summarise(samples), reference, summarise(fresh))


async def serving(spawner: ProcessSpawner, changed: asyncio.Event, incarnation: int) -> Process:
    while True:
        node = spawner.processes.get("node")
        if node is not None and node.incarnation == incarnation and node.state == "running":
            return node
        changed.clear()
        await asyncio.wait_for(changed.wait(), TIMEOUT_S)


def start_fresh() -> int:
    start_ns = time.perf_counter_ns()
    subprocess.run([sys.executable, "-c", "import tradigrade.node"], check=True)
    return time.perf_counter_ns() - start_ns


# -- dynamic children -------------------------------------------------------------------------------------------------


def children() -> Result:
    """Starting and stopping `MANY` instances, each; beside `FEW` of them: 1 is linear."""
    few = [start_and_stop(FEW) // FEW for _ in range(5)]
    many = [start_and_stop(MANY) // MANY for _ in range(3)]
    line = result("supervision.children", summarise(many), f"each of {FEW:,} children", summarise(few))
    return line | {"n": MANY}


def start_and_stop(count: int) -> int:
    finished = threading.Event()
    took: list[int] = []

    def done(took_ns: int) -> None:
        took.append(took_ns)
        finished.set()

    template = ChildSpec(id="idle", actor=f"{HERE}:Idle")
    spec = ChildSpec(id="many", dynamic=Dynamic(template))
    with host("bench") as system:
        system.call_soon(lambda: _Many(system, spec, count, done).begin())
        if not finished.wait(TIMEOUT_S):
            raise TimeoutError(f"expected {count} children to come and go")
    return took[0]


class _Many:
    """Starts all, and when the last serves stops their supervisor; on the cell's own thread."""

    def __init__(self, system: System, spec: ChildSpec, count: int, done: Callable[[int], object]) -> None:
        self.system = system
        self.spec = spec
        self.left = count
        self.count = count
        self.done = done

    def begin(self) -> None:
        self.started_ns = time.perf_counter_ns()
        self.system.spawn("bench/many", lambda: Supervisor(self.spec, ActorSpawner("cell")))
        self.system.spawn("bench/watcher", lambda: _Watcher(self.ended))
        for _ in range(self.count):
            self.system.ask("bench/many", StartInstance(), TIMEOUT_S).then(lambda reply: self.serves(reply.value))

    def serves(self, answer: Any) -> None:
        assert isinstance(answer, Done), answer
        self.left -= 1
        if not self.left:
            self.system.stop("bench/many", "shutdown")

    def ended(self) -> None:
        self.done(time.perf_counter_ns() - self.started_ns)


class _Watcher(Actor):
    """Hears when the supervisor, and so everybody below it, has ended."""

    def __init__(self, ended: Callable[[], object]) -> None:
        self.ended = ended

    def start(self) -> None:
        self.context.monitor("bench/many")

    def receive(self, message: Any) -> Any:
        self.ended()
