"""What Binance behind ccxt does its own way: read without ccxt's parser."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import ccxt

from ...trading.evidence import VenueOrder
from ...trading.order_events import OrderFilled
from ..ccxt_balances import hear_balances
from ..ccxt_dialect import Dialect
from ..venue import VenueWord
from . import account
from .account_stream import hear_orders
from .listing import SYMBOLS_AT_ONCE, spell_symbols


class BinanceDialect(Dialect):
    def __init__(self, exchange: Any, tell: Callable[[VenueWord], object]) -> None:
        super().__init__(exchange, tell)
        hear_balances(exchange, tell)
        hear_orders(exchange, tell)

    async def load_markets(self, symbols: tuple[str, ...]) -> None:
        parts = [symbols[start : start + SYMBOLS_AT_ONCE] for start in range(0, len(symbols), SYMBOLS_AT_ONCE)]
        self._exchange.set_markets([each for part in parts for each in await self._fetch_markets(part)])

    async def cancel(self, client_id: str, symbol: str) -> None:
        await self._know(symbol)
        await super().cancel(client_id, symbol)

    async def find_order(self, client_id: str, symbol: str) -> VenueOrder:
        await self._know(symbol)
        return await super().find_order(client_id, symbol)

    async def _know(self, symbol: str) -> None:
        """An order may stand in a symbol that is not among those traded any more."""
        if symbol not in self._exchange.markets:
            found = await self._fetch_markets((symbol,))
            self._exchange.set_markets([*self._exchange.markets.values(), *found], self._exchange.currencies)

    async def _fetch_markets(self, symbols: tuple[str, ...]) -> list[Any]:
        """Of those that are listed: where one is not, or is no name, the venue refuses all, and each half is asked
        for."""
        try:
            return list(await self._exchange.fetch_markets({"symbols": spell_symbols(symbols)}))
        except ccxt.BadRequest:
            half = len(symbols) // 2
            parts = (symbols[:half], symbols[half:]) if half else ()
            return [each for part in parts for each in await self._fetch_markets(part)]

    async def open_orders(self, symbols: tuple[str, ...]) -> list[VenueOrder]:
        return await account.fetch_open_orders(self._exchange, symbols)

    async def trades(self, symbol: str, from_id: int) -> list[tuple[str, OrderFilled]]:
        return await account.fetch_trades(self._exchange, symbol, from_id, self.trades_page)

    async def balances(self) -> dict[str, Decimal]:
        return await account.fetch_balances(self._exchange)
