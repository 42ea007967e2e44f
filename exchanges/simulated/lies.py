"""Frames as a venue out of order sends them, by either of its faces."""

from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from ...trading.messages import Level
from ..market_events import DepthEvent, MarketEvent, TickerEvent
from .market import Market
from .money import money


def on_the_way(payload: bytes, event: MarketEvent, market: Market, fires: Callable[[str], bool]) -> bytes:
    """What arrives of a frame by the faults that fire; nothing where it is lost."""
    if isinstance(event, DepthEvent) and fires("diff_lost"):
        return b""
    if isinstance(event, DepthEvent | TickerEvent) and fires("frame_crossed"):
        return crossed(event, market)
    return malformed(payload) if fires("frame_malformed") else payload


def crossed(event: DepthEvent | TickerEvent, market: Market) -> bytes:
    """The frame of `event`, but for a bid at (a quote) or far above (a diff) the best ask."""
    if isinstance(event, TickerEvent):
        quote = {"b": money(event.ask), "B": money(event.bid_size), "a": money(event.bid), "A": money(event.ask_size)}
        return msgspec.json.encode({"u": event.update_id, "s": event.symbol, **quote})
    best = market.book.best_ask or (Decimal(1), Decimal(1))
    bids = [*_levels(event.bids), [money(best[0] * 2), money(Decimal(1))]]
    ids = {"E": event.event_ms, "s": event.symbol, "U": event.first_id, "u": event.last_id}
    return msgspec.json.encode({"e": "depthUpdate", **ids, "b": bids, "a": _levels(event.asks)})


def malformed(payload: bytes) -> bytes:
    """The frame cut off in its middle."""
    return payload[: len(payload) // 2]


def _levels(levels: Iterable[Level]) -> list[list[str]]:
    return [[money(price), money(size)] for price, size in levels]
