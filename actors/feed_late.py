"""A feed's part that holds late quotes and books back until all that waits was seen: only the newest is told."""

from ..kernel.actor import Context
from ..trading.messages import MarketDataUpdate
from .feed_market import FeedMarket


class AllSeen:
    """Comes behind the frames that waited when something late was held back."""


class FeedLate:
    """Owned by a feed, which hands it each `AllSeen`. What is told of a market is told in order; what a newer update
    replaces is counted, in `conflated` of its market and as `updates_conflated`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._holding: dict[str, FeedMarket] = {}
        self._awaits_all = False

    def hold(self, market: FeedMarket, update: MarketDataUpdate) -> None:
        """Tell it once the frames that wait behind it were seen, unless one of them brings a newer one."""
        market.late += 1
        if market.held.pop(update.kind, None) is not None:
            market.conflated += 1
            market.count("updates_conflated")
        market.held[update.kind] = update
        self._holding[market.symbol] = market
        self._awaits_all = self._awaits_all or self._context.defer(AllSeen())
        if not self._awaits_all:
            self.release_all()

    def all_seen(self) -> None:
        self._awaits_all = False
        self.release_all()

    def release_all(self) -> None:
        for market in tuple(self._holding.values()):
            self.release(market)

    def release(self, market: FeedMarket) -> None:
        """Tell what is held of one market: something newer follows."""
        if self._holding.pop(market.symbol, None) is not None:
            held, market.held = market.held, {}
            for kind, update in held.items():
                self._context.publish(market.topic, update, policy=market.conflate[kind])
