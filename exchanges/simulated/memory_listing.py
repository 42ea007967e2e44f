"""What the venue in memory lists, as a `ListingPort`."""

from collections.abc import Callable

from ...trading.universe import Listing
from ..listing import ListingArrived, ListingUnavailable, ListingWord
from .memory_host import MemoryHost


class MemoryListing:
    """`halted`, by symbol, says with which status a symbol is listed that does not trade; `delisted` are not listed."""

    def __init__(self, host: MemoryHost, halted: dict[str, str], delisted: dict[str, None]) -> None:
        self._host = host
        self._halted = halted
        self._delisted = delisted
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
        listed = {each.symbol: each for each in markets if each.symbol not in self._delisted}
        return ListingArrived(Listing(listed, {each: why for each, why in self._halted.items() if each in listed}))
