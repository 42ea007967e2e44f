"""Starting workers, and hearing what their seeds came to."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tradigrade.simulation.outcome import Outcome

ROOT = Path(__file__).parents[2]
_decode = msgspec.json.Decoder(Outcome).decode


def start_worker(
    seeds: Iterable[int], hash_seed: str, mutation: tuple[str, str, str] | None = None
) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    if mutation is not None:
        environment["MUTATION"] = json.dumps(mutation)
    command = [sys.executable, "-m", "tests.simulation.worker", *map(str, seeds)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def first_broken(seeds: Iterable[int], mutation: tuple[str, str, str], words: str) -> Outcome | None:
    """The first seed that, with that line broken, breaks something whose text holds `words`; None where none does."""
    worker = start_worker(seeds, "0", mutation)
    assert worker.stdout is not None
    try:
        for line in worker.stdout:
            outcome = _decode(line)
            if any(words in broken for broken in outcome.broken):
                return outcome
        finish(worker)
        return None
    finally:
        worker.kill()
        worker.communicate()


def finish(worker: subprocess.Popen[str]) -> dict[int, Outcome]:
    """What each seed came to; fails with the worker's own words where it did."""
    output, errors = worker.communicate()
    assert worker.returncode == 0, errors[-3000:]
    outcomes = [_decode(line) for line in output.splitlines()]
    return {outcome.seed: outcome for outcome in outcomes}
