"""What an exchange behind ccxt does its own way: of every exchange as ccxt unifies it, and of those known better."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import ccxt

from ..trading.evidence import VenueOrder
from ..trading.order_events import FundsMoved, OrderFilled, OrderIntended
from . import ccxt_parsing as parsing
from .ccxt_orders import Arguments, order_arguments
from .ccxt_transfers import fetch_transfers
from .venue import REQUEST_TIMEOUT_S, OrderReported, VenueWord

TRADES_PAGE = 1_000
Watch = tuple[Callable[[], Awaitable[Any]], Callable[[Any], None]]
"""Asks for what is new, again and again, and takes each item of it."""


class Dialect:
    """Of one connected exchange; `tell` hears its words. Looks raise what ccxt raises, and `KeyError`, `ValueError` or
    `ArithmeticError` for an answer that does not read."""

    time_step_ms = 1
    """In what steps the venue tells its time."""
    signs_time = True
    """Requests are signed with a time, which has to be the venue's."""
    trades_page = TRADES_PAGE
    """A shorter page of trades is the last."""
    queries_at_once = 10
    """Of a look, how many requests are under way together."""
    query_timeout_s: float | None = REQUEST_TIMEOUT_S
    """Of one step of a look; None where a step is several requests that wait for room, each bounded by itself."""

    def __init__(self, exchange: Any, tell: Callable[[VenueWord], object]) -> None:
        self._exchange = exchange
        self._tell = tell

    async def load_markets(self, symbols: tuple[str, ...]) -> None:
        """The rules of at least these symbols, as far as the venue lists them. Raises what ccxt raises."""
        await self._exchange.load_markets()

    def misnamed(self, symbols: tuple[str, ...]) -> dict[str, str]:
        """Those that the venue's own connections call otherwise than ccxt, each with the reason why it is not traded:
        an order, or a fill, could be taken for another coin's."""
        return {}

    async def begin(self) -> None:
        """The account's stream is subscribed when this returns."""
        await self._exchange.authenticate({"type": "spot"})

    def watches(self) -> tuple[Watch, ...]:
        """What keeps the account's stream read; it raises when the connection is lost."""
        exchange = self._exchange
        return (exchange.watch_my_trades, self._hear_trade), (exchange.watch_orders, self._hear_order)

    def arguments(self, intent: OrderIntended, venue_ns: int) -> Arguments:
        """Raises ValueError for an order that this venue cannot be asked for."""
        return order_arguments(intent)

    async def cancel(self, client_id: str, symbol: str) -> None:
        await self._exchange.cancel_order(client_id, symbol, {"clientOrderId": client_id})

    async def arm(self, timeout_s: float) -> None:
        """The venue's dead-man switch."""
        await self._exchange.cancel_all_orders_after(round(timeout_s * 1_000))

    def proves_refusal(self, error: Exception) -> bool:
        """Whether it proves that the venue did not take the request, and does not hold an order of its client id."""
        return parsing.proves_refusal(error)

    async def open_orders(self, symbols: tuple[str, ...]) -> list[VenueOrder]:
        orders: list[VenueOrder] = []
        for symbol in symbols:
            orders += [parsing.venue_order(order) for order in await self._exchange.fetch_open_orders(symbol)]
        return orders

    async def find_order(self, client_id: str, symbol: str) -> VenueOrder:
        """By our id; `missing` where the venue says that it has none."""
        try:
            order = await self._exchange.fetch_order(client_id, symbol, {"clientOrderId": client_id})
        except ccxt.OrderNotFound:
            return VenueOrder(client_id, "", symbol, "missing")
        return parsing.venue_order(order)

    async def order_of(self, venue_id: str, symbol: str) -> VenueOrder:
        return parsing.venue_order(await self._exchange.fetch_order(venue_id, symbol))

    async def last_trade_id(self, symbol: str) -> int:
        """0 where there is none."""
        latest = await self._exchange.fetch_my_trades(symbol, None, 1)
        return max((int(trade["id"]) for trade in latest), default=0)

    async def trades(self, symbol: str, from_id: int) -> list[tuple[str, OrderFilled]]:
        """A page of them, oldest first, each with the venue's id of its order, and without ours."""
        page = []
        for trade in await self._exchange.fetch_my_trades(symbol, None, self.trades_page, {"fromId": from_id}):
            fill = parsing.fill_of_trade(trade, "")
            assert fill is not None, f"the venue sent a trade of {symbol} without an id"
            page.append((str(trade["order"]), fill))
        return sorted(page, key=lambda each: int(each[1].trade_id))

    async def balances(self) -> dict[str, Decimal]:
        """Free and locked together, of every currency of which there is any."""
        balance = await self._exchange.fetch_balance()
        return {currency: parsing.exact(amount) for currency, amount in balance["total"].items() if amount}

    async def transfers(self, since_ns: int) -> tuple[FundsMoved, ...]:
        """Deposits and withdrawals since then, completed, oldest first."""
        return await fetch_transfers(self._exchange, since_ns)

    def _hear_trade(self, trade: Any) -> None:
        if fill := parsing.fill_of_trade(trade, parsing.client_id_of(trade)):
            self._tell(fill)

    def _hear_order(self, order: Any) -> None:
        state = parsing.reported_state(order)
        if state is not None and order.get("clientOrderId"):
            self._tell(OrderReported(str(order["clientOrderId"]), str(order["id"]), state))
