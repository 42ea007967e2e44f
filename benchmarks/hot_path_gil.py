"""A frame's way into a cell beside a busy Python thread: with the settings every node applies, and without."""

import gc
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tradigrade.kernel.actor import Actor
from tradigrade.kernel.hosting import host
from tradigrade.kernel.system import System
from tradigrade.kernel.tuning import tune

from .measure import Result, Timing, result, summarise

NAMES = ("hot_path.gil",)
FRAMES = 400
PERIOD_S = 0.002
UNTUNED_SWITCH_INTERVAL_S = 0.005
REFERENCE = "the same without the settings"
TIMEOUT_S = 120.0
STAMP = struct.Struct("!q")
SENDER = f"""
import socket, struct, sys, time
end = socket.socket(fileno=int(sys.argv[1]))
for _ in range({FRAMES}):
    end.sendall(struct.pack("!q", time.perf_counter_ns()))
    time.sleep({PERIOD_S})
"""
"""Runs in a process of its own: it must not wait for this interpreter."""


class Sink(Actor):
    """Notes how long each frame was on its way."""

    mailbox_limit = FRAMES

    def __init__(self, samples: list[int], full: threading.Event) -> None:
        self.samples = samples
        self.full = full

    def receive(self, message: Any) -> None:
        self.samples.append(time.perf_counter_ns() - message)
        if len(self.samples) == FRAMES:
            self.full.set()


def run() -> Iterator[Result]:
    with untuned(), busy_thread():
        without = measure()
    with untuned(), busy_thread():
        tune()
        own = measure()
    line = result("hot_path.gil", own, REFERENCE, without)
    del line["per_s"]  # the sender sets the pace
    yield line


@contextmanager
def untuned() -> Iterator[None]:
    """The interpreter as it comes; as it was before, afterwards."""
    interval_s, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(UNTUNED_SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(interval_s)
        gc.set_threshold(*thresholds)
        gc.unfreeze()


@contextmanager
def busy_thread() -> Iterator[None]:
    """A thread that computes and never waits."""
    stop = threading.Event()

    def compute() -> None:
        while not stop.is_set():
            sum(range(1000))

    thread = threading.Thread(target=compute, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def measure() -> Timing:
    samples: list[int] = []
    full = threading.Event()
    ours, theirs = socket.socketpair()
    with host("bench") as system:
        system.call_soon(lambda: begin(system, ours, samples, full))
        command = [sys.executable, "-c", SENDER, str(theirs.fileno())]
        with subprocess.Popen(command, pass_fds=[theirs.fileno()]):
            if not full.wait(TIMEOUT_S):
                raise TimeoutError(f"expected {FRAMES} frames, {len(samples)} came")
        system.call_soon(lambda: system.loop.remove_reader(ours.fileno()))  # type: ignore[attr-defined]
    ours.close()
    theirs.close()
    return summarise(samples)


def begin(system: System, end: socket.socket, samples: list[int], full: threading.Event) -> None:
    system.spawn("bench/sink", lambda: Sink(samples, full), runtime="cell")
    sink = system.ref("bench/sink")

    def read() -> None:
        data = end.recv(65536)
        for offset in range(0, len(data) - STAMP.size + 1, STAMP.size):
            sink.tell(STAMP.unpack_from(data, offset)[0])

    end.setblocking(False)
    system.loop.add_reader(end.fileno(), read)  # type: ignore[attr-defined]
