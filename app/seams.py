"""What a node has of the world: loop, time, randomness and disk. Real in a process, simulated in the simulator."""

from dataclasses import dataclass

from .kernel.clock import Clock, SystemClock
from .kernel.disk import Disk, SystemDisk
from .kernel.faulty import FaultyDisk, OffsetClock
from .kernel.identity import Entropy, SystemEntropy
from .kernel.loop import Loop


@dataclass(frozen=True)
class Seams:
    loop: Loop
    clock: Clock
    entropy: Entropy
    disk: Disk
    nonces: Entropy | None = None
    """For what is encrypted, where that has to be made again in a replay; None: `entropy` will do."""


def real_seams(loop: Loop) -> Seams:
    """The host's own; disk and clock with switches for faults that are asked for on purpose."""
    return Seams(loop, OffsetClock(SystemClock()), SystemEntropy(), FaultyDisk(SystemDisk()))
