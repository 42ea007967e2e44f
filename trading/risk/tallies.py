"""Sums and counts that forget what came to nothing."""

from collections import Counter
from collections.abc import Hashable
from decimal import Decimal
from typing import Any

from ..messages import ZERO
from .claims import EXACT, Claim


class Sums(dict[Any, Decimal]):
    """Exact sums by key; a key that is not there is 0."""

    def __missing__(self, key: Hashable) -> Decimal:
        return ZERO

    def add(self, key: Hashable, amount: Decimal) -> None:
        total = EXACT.add(self[key], amount)
        if total:
            self[key] = total
        else:
            self.pop(key, None)


class Counts:
    """How many orders there are: of the account, of each symbol and of each strategy."""

    def __init__(self) -> None:
        self.all = 0
        self.of_symbol: Counter[str] = Counter()
        self.of_strategy: Counter[str] = Counter()

    def add(self, claim: Claim, count: int) -> None:
        self.all += count
        for counter, key in ((self.of_symbol, claim.symbol), (self.of_strategy, claim.strategy)):
            counter[key] += count
            if not counter[key]:
                del counter[key]
