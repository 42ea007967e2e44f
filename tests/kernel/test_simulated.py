"""The simulated runtime: any order that threads could show may come up, and the same seed shows it again."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.kit.cells import Puppet, VirtualSystem
from tradigrade.kernel.simulated import SimulatedSystem

ROOT = Path(__file__).parents[2]
NAMES = "abcde"


def trace(seed: int) -> list[str]:
    """Who handled what, in order: five actors pass messages on by chance, end each other and are born again."""
    system = SimulatedSystem(seed=seed)
    log: list[str] = []

    def act(puppet: Puppet) -> None:
        context = puppet.context
        log.append(f"{context.path} {context.incarnation} {system.entropy.new_id()} {len(system.actors)}")
        if len(log) < 300:
            for _ in range(2):
                other = f"node/{NAMES[int(system.entropy.jitter() * len(NAMES))]}"
                context.schedule(system.entropy.jitter(), act)
                if not context.tell(other, act):
                    system.spawn(other, Puppet, incarnation=len(log))
            if system.entropy.jitter() < 0.1:
                system.kill(f"node/{NAMES[len(log) % len(NAMES)]}")

    for name in NAMES:
        system.spawn(f"node/{name}", Puppet)
        system.tell(f"node/{name}", act)
    system.advance(5.0)
    return log


def trace_elsewhere(seed: int, hash_seed: str) -> str:
    """The same trace, of another process with another order of its sets."""
    code = f"from tests.kernel.test_simulated import trace; print(trace({seed}))"
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_the_same_seed_gives_the_same_trace_in_any_process() -> None:
    assert trace_elsewhere(7, "1") == trace_elsewhere(7, "2") == str(trace(7))
    assert len(trace(7)) >= 300


def test_other_seeds_give_other_traces() -> None:
    assert len({str(trace(seed)) for seed in range(10)}) == 10


def interleaving(seed: int) -> str:
    """In which order two actors handle three messages each."""
    system, log = VirtualSystem(runtime="simulated", seed=seed), list[str]()
    for name in "ab":
        system.place(f"node/{name}", Puppet(log))
    for name, number in itertools.product("ab", range(3)):
        system.tell(f"node/{name}", f"{name}{number}")
    system.run()
    return " ".join(log)


def test_seeds_come_to_every_order_that_keeps_each_senders_own() -> None:
    assert len({interleaving(seed) for seed in range(400)}) == 20, "6 over 3"


@given(st.integers(min_value=0))
def test_whatever_the_seed_each_sender_keeps_its_order(seed: int) -> None:
    said = interleaving(seed).split()
    assert [word for word in said if word[0] == "a"] == ["a0", "a1", "a2"]
    assert [word for word in said if word[0] == "b"] == ["b0", "b1", "b2"]


def test_whatever_is_placed_on_threads_is_simulated_too() -> None:
    system = SimulatedSystem()
    puppet = Puppet()
    system.spawn("node/puppet", lambda: puppet, runtime="threads")
    system.tell("node/puppet", "hello")
    system.run()
    assert puppet.log == ["hello"]
