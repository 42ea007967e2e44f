"""The one place that draws randomness: unique ids, and jitter."""

import random
import secrets
from typing import Protocol


class Entropy(Protocol):
    """Where ids and jitter come from; seeded in tests and simulation."""

    def new_id(self) -> str:
        """16 hexadecimal digits, unique for all practical purposes."""

    def jitter(self) -> float:
        """Uniform in [0, 1)."""


class SystemEntropy:
    """The operating system's randomness."""

    def new_id(self) -> str:
        return secrets.token_hex(8)

    def jitter(self) -> float:
        return random.random()  # noqa: S311 - jitter protects against herds, not attackers


class SeededEntropy:
    """The same ids and jitter for the same seed, in any process."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - reproducible on purpose

    def new_id(self) -> str:
        return f"{self._random.getrandbits(64):016x}"

    def jitter(self) -> float:
        return self._random.random()
