"""From a market frame to its order on the wire, through the whole trader, beside the bare floor of the same run.

Three processes: the market sends 10,000 frames/s by a schedule, the venue takes the orders, the trader is measured.
The time of an order is from when the frame that triggered it was due until its request was handed to the socket.
"""

import datetime
import multiprocessing
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tradigrade.config.run import Run
from tradigrade.exchanges.simulated.tls import ensure_certificate
from tradigrade.ports import read_credentials
from tradigrade.preparation import DataDirectory, clean_up, prepare

from .hot_path_doors import Doors
from .hot_path_floor import measure_floor
from .hot_path_frames import SYMBOLS, TRIGGERS, serve_frames
from .hot_path_trader import make_settings, measure_trader
from .hot_path_venue import serve_venue
from .measure import Result, Timing, result, summarise

NAMES = ("hot_path.frame_to_order", "hot_path.frame_to_order.plain")
WARM_UP_NS = 1_000_000_000
"""Orders of the first second do not count."""
START_TIMEOUT_S = 20.0
_SPAWN = multiprocessing.get_context("spawn")


def run() -> Iterator[Result]:
    """Over TLS, as shipped, then over plain sockets."""
    for name, secure in zip(NAMES, (True, False), strict=True):
        with make_run(SYMBOLS) as a_run:
            yield measure(name, a_run, secure=secure)


def measure(name: str, a_run: Run, *, secure: bool) -> Result:
    certificate = ensure_certificate(a_run.exchange_dir, datetime.datetime.now(datetime.UTC)) if secure else None
    credentials = read_credentials(a_run)
    with serving(serve_venue, certificate, credentials) as venue, serving(serve_frames, certificate) as frames:
        doors = Doors(frames, venue, certificate)
        own = _summarise(name, call(measure_trader, a_run, doors))
        floor = _summarise(f"{name}: the floor", call(measure_floor, doors, credentials))
    reference = f"bare aiohttp client on uvloop, p50 {floor.p50_us:.0f} µs, p99 {floor.p99_us:.0f} µs"
    line = result(name, own, reference, floor)
    del line["per_s"]  # the schedule's, not ours
    return line


@contextmanager
def make_run(symbols: tuple[str, ...], *path: str) -> Iterator[Run]:
    """A run in a temporary data directory; `path` of the strategy, where it is another one."""
    with TemporaryDirectory() as folder:
        directory = DataDirectory(Path(folder))
        directory.lock()
        a_run = prepare(directory, make_settings(symbols, *path))
        try:
            yield a_run
        finally:
            clean_up(directory, a_run)
            directory.unlock()


@contextmanager
def serving(serve: Callable[..., None], *arguments: Any) -> Iterator[int]:
    """`serve` in a process of its own, which tells its port."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=serve, args=(theirs, *arguments), daemon=True)
    process.start()
    try:
        if not ours.poll(START_TIMEOUT_S):
            raise TimeoutError(f"{serve.__name__} did not open its port within {START_TIMEOUT_S} s")
        yield ours.recv()
    finally:
        process.kill()
        process.join()


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """What `function` returns in a process of its own."""
    with ProcessPoolExecutor(1, _SPAWN) as pool:
        return pool.submit(function, *arguments).result()


def _summarise(what: str, samples: list[tuple[int, int]]) -> Timing:
    if len(samples) < TRIGGERS:
        print(f"{what}: {TRIGGERS - len(samples)} of {TRIGGERS} frames led to no order", file=sys.stderr)
    counted = [late_ns for due_ns, late_ns in samples if due_ns >= samples[0][0] + WARM_UP_NS]
    return summarise(counted)
