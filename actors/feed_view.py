"""What a feed shows of itself: its connection, its symbols and its repairs."""

from typing import TYPE_CHECKING

from ..trading.views import FeedSymbolView, FeedView
from .feed_market import FeedMarket
from .feed_scores import Habits

if TYPE_CHECKING:
    from .feed import Feed


def feed_view(feed: "Feed", markets: dict[str, FeedMarket], now_ns: int) -> FeedView:
    """`now_ns` is monotonic."""
    watch = feed.watch
    return FeedView(
        path=feed.context.path,
        venue=feed.venue,
        reference=feed.reference,
        connected=len(feed.connected) == len(markets),
        connections=feed.connections,
        age_s=watch.age_s,
        malformed=feed.malformed,
        foreign=feed.foreign,
        symbols=tuple(_symbol_view(each, watch.scores.habits[each.symbol], now_ns) for each in markets.values()),
        repairs=watch.repairs.views(),
    )


def _symbol_view(market: FeedMarket, habits: Habits, now_ns: int) -> FeedSymbolView:
    return FeedSymbolView(
        symbol=market.symbol,
        live=market.state[0],
        reason=market.halted or market.state[1],
        score=round(habits.score.value, 4),
        reasons=habits.score.reasons,
        silent_s=(now_ns - market.last_ns) / 1e9,
        usual_s=market.usual_ns / 1e9 if market.usual_ns else None,
        lag_s=habits.lag_s.level if habits.lag_s.known else None,
        updates=market.updates,
        late=market.late,
        gaps=market.gaps,
        trade_gaps=market.trade_gaps,
        trades_missed=market.ids.missed,
        trades_refilled=market.refilled,
        repairs=market.repairs,
        quarantined=dict(market.quarantined),
        deviation_bps=habits.slow.get("deviation_bps"),
    )
