"""Places in the code where a simulated run may fail. In production `System.faults` is None, and they do nothing."""

from collections import Counter
from collections.abc import Callable
from random import Random

SELDOM = 60
"""A place's first visit fails so many times as readily as its thousandth."""


class FaultPoints:
    """Which places fail is drawn once a run, and whether at a visit of one: so every run has few, and all come up.

    `act` is called with the actor's path and the place, and raises what is to happen there.
    """

    def __init__(self, random: Random, act: Callable[[str, str], None], share: float = 0.25) -> None:
        """`share`: how many of the places are live in this run."""
        self._random = random
        self._act = act
        self._share = share
        self._live: dict[str, bool] = {}
        self._tried: Counter[str] = Counter()
        self.chance = 0.0
        """Of each visit of a live place, more at its first ones; 0 where nothing is to fail now."""
        self.reached: Counter[str] = Counter()
        self.fired: Counter[str] = Counter()

    def reach(self, path: str, name: str) -> None:
        """Code comes to the place `name` in the actor at `path`."""
        self.reached[name] += 1
        live = self._live.get(name)
        if live is None:
            live = self._live[name] = self._random.random() < self._share
        if live and self.chance and self._random.random() < self._chance_at(name):
            self.fired[name] += 1
            self._act(path, name)

    def _chance_at(self, name: str) -> float:
        """Places that are seldom come to must fail, too."""
        self._tried[name] += 1
        return self.chance * (1.0 + SELDOM / self._tried[name])
