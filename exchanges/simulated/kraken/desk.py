"""The desk of Kraken's protocol: its pairs, its counters, its keys and tokens."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..engine import Engine
from ..errors import Refusal
from ..faults import FaultSwitch
from ..orders import Fill, Order
from ..requestlog import RequestLog
from ..venue_desk import Answer, Request, VenueDesk, Words
from .authentication import Authenticator
from .closings import Closings
from .dead_man import DeadManTimer
from .errors import BUSY, CANCEL_ONLY, INTERNAL, NO_AGREEMENT, NO_ORDER, UNAVAILABLE, own, translate
from .limits import RateLimiter
from .names import Pairs

Parameters = Mapping[str, str]


class Operation(NamedTuple):
    run: Callable[["KrakenDesk", Parameters, int], Any]
    cost: float = 1.0
    """What it adds to the counter of calls."""
    orders: int = 0
    """How many new orders it places: what a lost answer leaves in doubt."""
    reads: bool = False
    """It changes nothing."""
    cancels: bool = False


class KrakenDesk(VenueDesk[Operation]):
    words = Words(
        own(INTERNAL, 500), own(UNAVAILABLE, 503), own(BUSY), own(CANCEL_ONLY), own(NO_AGREEMENT), own(NO_ORDER)
    )

    def __init__(
        self,
        engine: Engine,
        authenticator: Authenticator,
        limiter: RateLimiter,
        request_log: RequestLog,
        clock_ns: Callable[[], int],
        switch: FaultSwitch,
        closings: Closings,
    ) -> None:
        super().__init__(engine, request_log, clock_ns, switch)
        self.pairs = Pairs(market.instrument for market in engine.markets.values())
        self.authenticator = authenticator
        self.limiter = limiter
        self.dead_man = DeadManTimer()
        self._closings = closings

    def run_public(self, run: Callable[["KrakenDesk", Parameters], Any], params: Parameters) -> Answer:
        return self._answer(params, "rest", self.limiter.admit, lambda: Answer(run(self, params)))

    def refused(self, refusal: Refusal) -> Answer:
        return Answer(refusal=translate(refusal))

    def fills_of(self, order: Order) -> list[Fill]:
        """Oldest first; of the fills that are kept."""
        missing, fills = order.executed, list[Fill]()
        for fill in reversed(self.engine.state.books.fills):
            if not missing:
                break
            if fill.order_id == order.order_id:
                fills.insert(0, fill)
                missing -= fill.quantity
        return fills

    def _symbol(self, params: Parameters) -> str:
        pair = self.pairs.find(params.get("pair", ""))
        return "" if pair is None else pair.venue_symbol

    def _ban(self, for_s: float) -> None:
        self.limiter.lock_out(for_s)

    def _charge(self, operation: Operation, params: Parameters) -> None:
        """Only who is known to be the key's owner uses the key's counter up."""
        self.limiter.admit()

    def _carry_out(self, operation: Operation, request: Request) -> Answer:
        request.authenticate()
        self.limiter.call(operation.cost)
        result = operation.run(self, request.params, self.now_ms)
        self._closings.place(self.engine, self.now_ms)
        return Answer(result)
