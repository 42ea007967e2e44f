"""How long one symbol of a feed, and each of its streams, may be silent, and when that is to be looked at. Pure."""

from ..trading.quality_interval import UsualInterval
from .feed_market import FeedMarket

SILENCE_FACTOR = 2.0
"""A symbol, or one of its streams, that is silent for so many times the longest of its usual silences is stale."""
PATIENCE_MIN_NS, PATIENCE_MAX_NS = 100_000_000, 600_000_000_000
"""Nobody is called silent sooner, however busy he is: hosts and networks pause for as long."""
PATIENCE_UNKNOWN_NS = 2_000_000_000
TICK_NS = 20_000_000
"""No look comes sooner after the one before; what falls due by the next one is due."""
LOOK_NS = 100_000_000
APART_NS = 300_000_000
"""For so long two streams must differ: what one has just told the other may be about to."""
STREAM_MIN_NS = 500_000_000
"""One stream alone needs so long to be called silent: the other says it first, and both may only have been told
apart; of trades, whose pauses are chance, the venue is asked."""
DOUBT, DOUBT_MAX = 1.5, 2.5
"""Against what is borne: trades that are missed count as at least so long absent, and at most: their absence alone must
not stop trading."""


def patience_ns(market: FeedMarket) -> int:
    """How long a symbol may be silent: by its busiest stream."""
    return _bound_ns(_busiest(market), PATIENCE_MIN_NS, PATIENCE_UNKNOWN_NS)


def trades_patience_ns(market: FeedMarket) -> int:
    """Of trades: what was excused is borne beyond every bound, or a market in which nobody trades would be asked for
    them at every look."""
    return max(_bound_ns(market.trade_times, STREAM_MIN_NS, PATIENCE_MAX_NS), market.trade_times.excused_ns)


def is_silent(market: FeedMarket, now_ns: int) -> bool:
    return now_ns - market.last_ns >= patience_ns(market) - TICK_NS


def is_nearly_silent(market: FeedMarket, now_ns: int) -> bool:
    """Where another already is: those who fall silent together are found together."""
    bound_ns = patience_ns(market)
    return now_ns - market.last_ns >= bound_ns - min(LOOK_NS, bound_ns // 2)


def lacks_trades(market: FeedMarket, now_ns: int) -> bool:
    return bool(market.trade_times.usual_ns) and _is_overdue(market.trade_times, now_ns, trades_patience_ns(market))


def due_ns(market: FeedMarket, now_ns: int) -> int:
    """When it is to be looked at next: as soon as anything of it may be overdue, and what is overdue at every look."""
    ends = [market.last_ns + patience_ns(market)]
    ends.append(ends[0] - TICK_NS)  # a look before: one that is late by then tells that it is we who stood still
    early_ns = APART_NS + LOOK_NS
    ends += [times.last_ns + _stream_bound_ns(times) - early_ns for times in _streams(market) if times.usual_ns]
    if market.trade_times.usual_ns:
        ends.append(market.trade_times.last_ns + trades_patience_ns(market))
    return min(end - TICK_NS if end - TICK_NS > now_ns else now_ns + LOOK_NS for end in ends)


def differs(market: FeedMarket) -> bool:
    """Whether one stream says something that another has not heard of: quotes and book, or trades and both."""
    return not touches(market) or _trades_alone(market)


def touches(market: FeedMarket) -> bool:
    """Whether quotes and book tell the same touch, as far as both are known."""
    best_bid, best_ask = market.synchronizer.book.best_bid, market.synchronizer.book.best_ask
    if market.bid <= 0 or best_bid is None or best_ask is None:
        return True
    return (best_bid[0], best_ask[0]) == (market.bid, market.ask)


def frozen_stream(market: FeedMarket, now_ns: int) -> str:
    """Which of the streams of one that `differs` stands still; empty where none is proven to."""
    quotes, book = market.quote_times, market.book_times
    stale = [name for name, times in (("book", book), ("quote", quotes)) if _stands_still(times, now_ns)]
    return stale[0] if len(stale) == 1 or (stale and _trades_alone(market)) else ""


def silences(market: FeedMarket, now_ns: int) -> dict[str, float]:
    """By name of the figure, against the longest that is borne."""
    trades = 0.0
    if market.trade_times.usual_ns:
        ratio = (now_ns - market.trade_times.last_ns) / trades_patience_ns(market)
        trades = min(max(ratio, DOUBT) if market.trades_ns else ratio, DOUBT_MAX)
    return {"silence": (now_ns - market.last_ns) / patience_ns(market), "trades": trades}


def describe_silence(market: FeedMarket, now_ns: int) -> str:
    usual_ns = market.usual_ns
    habit = f", where it usually is for at most {usual_ns / 1e9:.2f} s" if usual_ns else ""
    return f"nothing useful for {(now_ns - market.last_ns) / 1e9:.2f} s{habit}"


def _busiest(market: FeedMarket) -> UsualInterval:
    """Of quotes and book; trades come by chance, and count where nothing else is known."""
    quotes, book = _streams(market)
    if quotes.usual_ns and (not book.usual_ns or quotes.usual_ns <= book.usual_ns):
        return quotes
    return book if book.usual_ns or not market.trade_times.usual_ns else market.trade_times


def _streams(market: FeedMarket) -> tuple[UsualInterval, UsualInterval]:
    return market.quote_times, market.book_times


def _bound_ns(times: UsualInterval, least_ns: int, unknown_ns: int) -> int:
    return times.patience_ns(SILENCE_FACTOR, least_ns, PATIENCE_MAX_NS, unknown_ns)


def _stream_bound_ns(times: UsualInterval) -> int:
    return _bound_ns(times, STREAM_MIN_NS, PATIENCE_MAX_NS)


def _stands_still(times: UsualInterval, now_ns: int) -> bool:
    return bool(times.usual_ns) and _is_overdue(times, now_ns, _stream_bound_ns(times))


def _is_overdue(times: UsualInterval, now_ns: int, bound_ns: int) -> bool:
    return now_ns - times.last_ns >= bound_ns - TICK_NS


def _trades_alone(market: FeedMarket) -> bool:
    return market.trade_times.last_ns > max(market.quote_times.last_ns, market.book_times.last_ns)
