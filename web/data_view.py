"""How far market data is to be trusted, as the console shows it: pure, bounded."""

from ..trading.views import FeedSymbolView, FeedView
from .answers import AnswerWindow
from .view import NAMES_MAX, SYMBOLS_MAX, View, clip, finite

FEEDS_MAX = 100


class DataWindow(AnswerWindow[dict[str, FeedView]]):
    """What the feeds answered last, by their paths."""

    whom = "the feeds"

    def __init__(self) -> None:
        super().__init__()
        self._feeds: dict[str, FeedView] = {}

    def hear_feed(self, feed: FeedView, now_ns: int) -> None:
        if feed.path in self._feeds or len(self._feeds) < FEEDS_MAX:
            self._feeds[feed.path] = feed
        self.hear(self._feeds, now_ns)

    def view(self, answer: dict[str, FeedView] | None) -> View:
        feeds = [] if answer is None else [answer[path] for path in sorted(answer)]
        return {"feeds": [_feed_view(feed) for feed in feeds]}


def _feed_view(feed: FeedView) -> View:
    return {
        "path": clip(feed.path),
        "venue": clip(feed.venue),
        "reference": feed.reference,
        "connected": feed.connected,
        "connections": feed.connections,
        "age_s": finite(feed.age_s),
        "malformed": feed.malformed,
        "foreign": feed.foreign,
        "symbols": [_symbol_view(symbol) for symbol in feed.symbols[:SYMBOLS_MAX]],
        "repairs": [
            {
                "kind": clip(each.kind),
                "count": each.count,
                "p50_s": finite(each.p50_s),
                "max_s": finite(each.max_s),
                "last_s": finite(each.last_s),
            }
            for each in feed.repairs[:NAMES_MAX]
        ],
    }


def _symbol_view(symbol: FeedSymbolView) -> View:
    return {
        "symbol": clip(symbol.symbol),
        "live": symbol.live,
        "reason": clip(symbol.reason),
        "score": finite(symbol.score),
        "reasons": [clip(reason) for reason in symbol.reasons[:NAMES_MAX]],
        "silent_s": finite(symbol.silent_s),
        "usual_s": finite(symbol.usual_s),
        "lag_s": finite(symbol.lag_s),
        "updates": symbol.updates,
        "late": symbol.late,
        "gaps": symbol.gaps,
        "trade_gaps": symbol.trade_gaps,
        "trades_missed": symbol.trades_missed,
        "trades_refilled": symbol.trades_refilled,
        "repairs": symbol.repairs,
        "quarantined": {clip(reason): times for reason, times in list(symbol.quarantined.items())[:NAMES_MAX]},
        "deviation_bps": finite(symbol.deviation_bps),
    }
