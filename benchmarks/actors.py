"""Telling and asking an actor, over threads and in a cell, beside raw pykka in the same run."""

import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pykka

from tradigrade.kernel.actor import Actor
from tradigrade.kernel.hosting import host
from tradigrade.kernel.system import System

from .measure import Result, result, summarise

NAMES = ("actor.tell.threads", "actor.tell.cell", "actor.ask.threads", "actor.ask.cell", "actor.memory.cell")
TELL_ROUNDS, TELLS = 7, 50_000
ASK_ROUNDS, ASKS = 60, 100
ACTORS, THREADS = 2_000, 200
REFERENCE_TELL = "pykka.ThreadingActor, tell"
REFERENCE_ASK = "pykka.ThreadingActor, ask"
REFERENCE_MEMORY = "pykka.ThreadingActor; n is bytes of Python objects an actor"
PATH = "bench/sink"

Samples = list[int]


class Sink(Actor):
    """Counts what it is told, and answers with the count."""

    mailbox_limit = 2 * TELLS

    def start(self) -> None:
        self.count = 0

    def receive(self, message: Any) -> Any:
        self.count += 1
        return self.count


class RawSink(pykka.ThreadingActor):
    """The same, of pykka's own."""

    count = 0

    def on_receive(self, message: Any) -> Any:
        self.count += 1
        return self.count


def run() -> Iterator[Result]:
    tells, asks = measure_tells(), measure_asks()
    for runtime in ("threads", "cell"):
        yield result(
            f"actor.tell.{runtime}", summarise(tells[runtime], TELLS), REFERENCE_TELL, summarise(tells["raw"], TELLS)
        )
    for runtime in ("threads", "cell"):
        yield result(
            f"actor.ask.{runtime}", summarise(asks[runtime], ASKS), REFERENCE_ASK, summarise(asks["raw"], ASKS)
        )
    yield measure_memory()


@contextmanager
def sinks() -> Iterator[tuple[System, System, "pykka.ActorRef[RawSink]"]]:
    """A sink on a thread, one in a cell and one of pykka's own; each system has a loop of its own."""
    with host("bench") as threads, host("bench") as cell:
        threads.spawn(PATH, Sink, runtime="threads")
        cell.call_soon(lambda: cell.spawn(PATH, Sink, runtime="cell"))
        raw = RawSink.start()
        yield threads, cell, raw
        raw.stop()


def measure_tells() -> dict[str, Samples]:
    """The ns of bursts of tells, until the last is handled; the three take turns."""
    samples: dict[str, Samples] = {"threads": [], "cell": [], "raw": []}
    with sinks() as (threads, cell, raw):
        for _ in range(TELL_ROUNDS):
            samples["raw"].append(timed(lambda: burst(lambda: raw.tell("x"), lambda: raw.ask("x"))))
            samples["threads"].append(timed(lambda: burst_threads(threads)))
            samples["cell"].append(on_loop(cell, burst_cell))
    return samples


def measure_asks() -> dict[str, Samples]:
    """The ns of asks one after the other. Which core wakes which changes all the time: they take turns often."""
    samples: dict[str, Samples] = {"threads": [], "cell": [], "raw": []}
    with sinks() as (threads, cell, raw):
        for _ in range(ASK_ROUNDS):
            samples["raw"].append(timed(lambda: [raw.ask("x") for _ in range(ASKS)]))
            samples["threads"].append(timed(lambda: [threads.ask(PATH, "x", 5.0).wait(5.0) for _ in range(ASKS)]))
            samples["cell"].append(on_loop(cell, asks_cell))
    return samples


def timed(action: Callable[[], object]) -> int:
    start_ns = time.perf_counter_ns()
    action()
    return time.perf_counter_ns() - start_ns


def burst(tell: Callable[[], object], ask: Callable[[], object]) -> None:
    for _ in range(TELLS):
        tell()
    ask()


def burst_threads(system: System) -> None:
    ref = system.ref(PATH)
    burst(lambda: ref.tell("x"), lambda: system.ask(PATH, "x", 5.0).wait(5.0))


def on_loop(system: System, action: Callable[[System, Callable[[], None]], None]) -> int:
    """The ns an action takes on the cell's own thread, from its begin to when it says that it is done."""
    finished = threading.Event()
    took: list[int] = []

    def begin() -> None:
        start_ns = time.perf_counter_ns()

        def done() -> None:
            took.append(time.perf_counter_ns() - start_ns)
            finished.set()

        action(system, done)

    system.call_soon(begin)
    finished.wait()
    return took[0]


def burst_cell(system: System, done: Callable[[], None]) -> None:
    ref = system.ref(PATH)
    for _ in range(TELLS):
        ref.tell("x")
    system.ask(PATH, "x", 5.0).then(lambda _: done())


def asks_cell(system: System, done: Callable[[], None]) -> None:
    left = ASKS

    def again(_: object = None) -> None:
        nonlocal left
        left -= 1
        if left:
            system.ask(PATH, "x", 5.0).then(again)
        else:
            done()

    again()


def measure_memory() -> Result:
    """Bytes of Python objects an idle actor keeps; a thread's own stack is not among them."""
    with host("bench") as system:
        own = traced(lambda: on_loop(system, spawn_many)) // ACTORS
    raw: list[pykka.ActorRef[RawSink]] = []
    reference = traced(lambda: raw.extend(RawSink.start() for _ in range(THREADS))) // THREADS
    for ref in raw:
        ref.stop(block=False)
    ratio = float(f"{reference / own:.4g}")
    return {"name": "actor.memory.cell", "n": own, "ratio": ratio, "reference": REFERENCE_MEMORY}


def spawn_many(system: System, done: Callable[[], None]) -> None:
    for number in range(ACTORS):
        system.spawn(f"bench/{number}", Sink, runtime="cell")
    system.loop.call_soon(lambda: system.loop.call_soon(done))  # when all have started


def traced(make: Callable[[], object]) -> int:
    """The bytes that stay allocated by what is made."""
    tracemalloc.start()
    made = make()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del made
    return size
