"""What Binance behind ccxt does its own way: read without ccxt's parser."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ...trading.evidence import VenueOrder
from ...trading.order_events import OrderFilled
from ..ccxt_balances import hear_balances
from ..ccxt_dialect import Dialect
from ..venue import VenueWord
from . import account
from .account_stream import hear_orders


class BinanceDialect(Dialect):
    def __init__(self, exchange: Any, tell: Callable[[VenueWord], object]) -> None:
        super().__init__(exchange, tell)
        hear_balances(exchange, tell)
        hear_orders(exchange, tell)

    async def open_orders(self, symbols: tuple[str, ...]) -> list[VenueOrder]:
        return await account.fetch_open_orders(self._exchange, symbols)

    async def trades(self, symbol: str, from_id: int) -> list[tuple[str, OrderFilled]]:
        return await account.fetch_trades(self._exchange, symbol, from_id, self.trades_page)

    async def balances(self) -> dict[str, Decimal]:
        return await account.fetch_balances(self._exchange)
