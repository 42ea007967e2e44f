"""Trades that the venue told late, on request: past, and so no `MarketDataUpdate`."""

from decimal import Decimal

from .messages import Message, Side


class MissedTrade(Message, frozen=True, gc=False):
    """A trade that its stream left out. `at_ns`: when it would have been heard of."""

    trade_id: int
    at_ns: int
    price: Decimal
    size: Decimal
    aggressor: Side


class TradesRefilled(Message, frozen=True, gc=False):
    """Trades that the venue told on request, in their order. They are past: newer ones may have been told before, and
    the market stands elsewhere by now."""

    symbol: str
    trades: tuple[MissedTrade, ...]
