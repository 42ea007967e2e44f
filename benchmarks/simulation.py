"""How much faster than time the whole system runs in the simulator: in quiet, and with faults drawn from seeds.

Times are those of the processor, not of the clock on the wall: a simulation waits for nothing, and a busy machine is
no slower simulator.
"""

import time
from collections.abc import Iterator

from tradigrade.config.settings import Settings
from tradigrade.simulation.run import Seed
from tradigrade.simulation.world import World

from .measure import Result

NAMES = ("simulation.speed", "simulation.seed")
WARM_UP_S = 20.0
ROUND_S = 60.0
ROUNDS = 6
SEEDS = range(1, 21)
GOAL_PER_S = 1_000.0


def run() -> Iterator[Result]:
    yield measure_speed()
    yield measure_seeds()


def measure_speed() -> Result:
    """The default tree, its wire as real, on a quiet market and without faults: `n` simulated seconds."""
    world = World(1, Settings())
    world.advance(WARM_UP_S)
    began_s = time.process_time()
    for _ in range(ROUNDS):
        world.advance(ROUND_S)
    per_s = ROUNDS * ROUND_S / (time.process_time() - began_s)
    line: Result = {"name": "simulation.speed", "n": round(ROUNDS * ROUND_S), "per_s": round(per_s, 1)}
    return line | {"ratio": round(per_s / GOAL_PER_S, 3), "reference": "1,000 × real time"}


def measure_seeds() -> Result:
    """Whole runs, a minute and more of faults each, with every law checked. ValueError where one is broken."""
    began_s = time.process_time()
    for seed in SEEDS:
        outcome = Seed(seed).run()
        if outcome.broken:
            raise ValueError(f"expected seed {seed} to hold every law, found {outcome.broken[0]}: {outcome.command}")
    per_s = len(SEEDS) / (time.process_time() - began_s)
    return {"name": "simulation.seed", "n": len(SEEDS), "per_s": round(per_s, 3)}
