"""What the venue in memory lists, as a `ListingPort`."""

from collections.abc import Callable

from ...trading.universe import Listing
from ..listing import ListingArrived, ListingUnavailable, ListingWord
from .memory_host import MemoryHost


class MemoryListing:
    """As its host has it: which symbols are halted, with which status, and which are not listed."""

    def __init__(self, host: MemoryHost) -> None:
        self._host = host
        self._asked = 0

    def ask(self, deliver: Callable[[ListingWord], object]) -> None:
        self._asked += 1
        asked = self._asked

        def answer() -> None:
            if asked == self._asked:
                deliver(self._answer())

        self._host.later(2 * self._host.latency_s(), answer)

    def close(self) -> None:
        self._asked += 1

    def _answer(self) -> ListingWord:
        if not self._host.reachable:
            return ListingUnavailable("ConnectionRefusedError: nobody listens")
        markets = (market.instrument for market in self._host.engine.markets.values())
        listed = {each.symbol: each for each in markets if each.symbol not in self._host.delisted}
        halted = {each: why for each, why in self._host.halted.items() if each in listed}
        return ListingArrived(Listing(listed, halted))
