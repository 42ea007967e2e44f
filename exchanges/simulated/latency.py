"""How long the network takes: seeded, by direction; nothing overtakes on one connection."""

from random import Random

import msgspec


class Latency(msgspec.Struct, frozen=True):
    """One way, in seconds: `base_s`, up to `jitter_s` more, and in `tail_share` of all cases an exponential tail of
    mean `tail_s`. All zero: none at all."""

    base_s: float = 0.0
    jitter_s: float = 0.0
    tail_s: float = 0.0
    tail_share: float = 0.0
    seed: int = 0

    @property
    def is_off(self) -> bool:
        return not (self.base_s or self.jitter_s or (self.tail_s and self.tail_share))


class Way:
    """One direction of the venue's network."""

    def __init__(self, latency: Latency, direction: str) -> None:
        self._latency = latency
        self._random = Random(f"{latency.seed} {direction}")  # noqa: S311 - it must repeat, not be secret

    @property
    def is_off(self) -> bool:
        return self._latency.is_off

    def draw_s(self) -> float:
        if self.is_off:
            return 0.0
        latency, random = self._latency, self._random
        tail_s = random.expovariate(1.0) * latency.tail_s if random.random() < latency.tail_share else 0.0
        return latency.base_s + latency.jitter_s * random.random() + tail_s


class Lane:
    """One connection's one direction: what left later arrives later."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._last_s = 0.0

    @property
    def is_off(self) -> bool:
        return self._way.is_off

    def due_s(self, now_s: float) -> float:
        """When what leaves now arrives, on the caller's clock; no two are due at one instant."""
        self._last_s = max(self._last_s + 1e-6, now_s + self._way.draw_s())
        return self._last_s
