"""One kind of signed request: what it does, and what it weighs."""

from collections.abc import Callable
from typing import Any, NamedTuple

from .engine import Engine
from .parameters import Parameters, names


class Operation(NamedTuple):
    run: Callable[[Engine, Parameters, int], Any]
    """(engine, parameters, the venue's time in ms); raises RequestRefused."""
    weight: int
    takes: frozenset[str] = names("")
    """The parameters it knows, but for those that every request may have."""
    orders: int = 0
    """How many new orders it places: what a lost answer leaves in doubt."""
    cancels: bool = False
    reads: bool = False
    """It changes nothing."""
    weights: Callable[[Parameters], int] | None = None
    """Its weight by its parameters, where they matter."""

    def weigh(self, params: Parameters) -> int:
        return self.weights(params) if self.weights is not None else self.weight
