"""What Kraken behind ccxt does its own way: its form of our ids, a deadline for every order, reading of the account."""

import asyncio
import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from ...trading.evidence import VenueOrder
from ...trading.order_events import FundsMoved, OrderFilled, OrderIntended
from ..ccxt_dialect import Dialect, Watch
from ..ccxt_orders import Arguments, order_arguments
from ..ccxt_parsing import proves_refusal as ccxt_proves
from ..ccxt_transfers import fetch_transfers
from ..venue import REQUEST_TIMEOUT_S, VenueWord
from .account import Account
from .account_stream import AccountStream
from .client_ids import ClientIds
from .listing import is_named_alike
from .order_wire import deadline
from .private_requests import PrivateRequests
from .refusals import error_of, proves_refusal

ARM = "cancel_all_orders_after"
FEE_IN_QUOTE = "fciq"
"""Of which the account's history tells the currency."""


class KrakenDialect(Dialect):
    """Orders and cancels go by REST where their own connection is lost. The dead-man switch is set over the account's
    WebSocket, which knows no nonce and no counter of calls: it waits behind nothing."""

    time_step_ms = 1_000
    signs_time = False
    trades_page = 1 << 62
    queries_at_once = 1
    query_timeout_s = None

    def __init__(self, exchange: Any, tell: Callable[[VenueWord], object], prefix: str) -> None:
        super().__init__(exchange, tell)
        self._ids = ClientIds(prefix)
        self._account = Account(exchange, self._ids.read)
        self._stream = AccountStream(self._ids.read, exchange.safe_currency_code, self._serves)
        self._subscribed = asyncio.Event()
        self._watching: asyncio.Future[Any] | None = None
        self._token = ""
        """Good as long as the connection that subscribed with it stands."""
        self._hook(exchange)

    def misnamed(self, symbols: tuple[str, ...]) -> dict[str, str]:
        markets = self._exchange.markets
        return {
            symbol: f"{symbol} of ccxt is {markets[symbol]['info'].get('wsname')} on the venue's WebSocket: not traded"
            for symbol in symbols
            if symbol in markets and not is_named_alike(markets[symbol])
        }

    def _serves(self, symbol: str) -> bool:
        market = self._exchange.markets.get(symbol)
        return market is not None and is_named_alike(market)

    async def begin(self) -> None:
        """ccxt does not tell that a subscription was refused: that it was taken shows by the snapshot. Raises
        TimeoutError, or what ccxt raises."""
        watching = self._watching = asyncio.ensure_future(self._exchange.watch_orders())
        watching.add_done_callback(lambda task: task.cancelled() or task.exception())
        heard = asyncio.ensure_future(self._subscribed.wait())
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                await asyncio.wait((watching, heard), return_when=asyncio.FIRST_COMPLETED)
        finally:
            heard.cancel()
        if watching.done():
            await watching
        self._token = await self._exchange.authenticate()

    def watches(self) -> tuple[Watch, ...]:
        """What is said is taken before ccxt has it, so that these end only with the connection."""
        return (self._watch_orders, lambda _: None), (self._exchange.watch_balance, lambda _: None)

    async def _watch_orders(self) -> Any:
        begun, self._watching = self._watching, None
        return await (begun or self._exchange.watch_orders())

    def arguments(self, intent: OrderIntended, venue_ns: int) -> Arguments:
        spelled = replace(intent, client_id=self._ids.spell(intent.client_id))
        arguments = order_arguments(spelled)
        params = dict(arguments.params)
        params.pop("stopLossOrTakeProfit", None)
        if params.pop("trailingTriggerPrice", None) is not None:
            raise ValueError("a trailing stop begins at the market here, not at a price")
        if (shown := params.pop("icebergAmount", None)) is not None:
            params |= {"ordertype": "iceberg", "displayvol": shown}
        params |= {"oflags": FEE_IN_QUOTE, "deadline": deadline(venue_ns)}
        return arguments._replace(params=params)

    async def cancel(self, client_id: str, symbol: str) -> None:
        await self._exchange.cancel_order(None, symbol, {"clientOrderId": self._ids.spell(client_id)})

    async def arm(self, timeout_s: float) -> None:
        await self._ask_socket(ARM, timeout=math.ceil(timeout_s))

    async def _ask_socket(self, method: str, **params: Any) -> None:
        """Raises ccxt's error where the venue refuses it."""
        exchange, number = self._exchange, self._exchange.request_id()
        url, name = exchange.urls["api"]["ws"]["privateV2"], str(number)
        request = {"method": method, "params": params | {"token": self._token}, "req_id": number}
        try:
            await exchange.watch(url, name, request, name)
        finally:  # ccxt keeps what was asked for as long as the connection
            client = exchange.client(url)
            client.subscriptions.pop(name, None)
            client.futures.pop(name, None)

    def proves_refusal(self, error: Exception) -> bool:
        said = error_of(str(error))
        return proves_refusal(said) if said else ccxt_proves(error)

    async def open_orders(self, symbols: tuple[str, ...]) -> list[VenueOrder]:
        self._account.begin_look()  # a look begins with this
        return [order for order in await self._account.open_orders() if order.symbol in symbols]

    async def find_order(self, client_id: str, symbol: str) -> VenueOrder:
        """Among the open ones first: one that ends meanwhile is found among the closed. An id that cannot be spelled
        was refused before it was sent."""
        try:
            spelled = self._ids.spell(client_id)
        except ValueError:
            return VenueOrder(client_id, "", symbol, "missing")
        found = await self._account.open_orders(cl_ord_id=spelled) or await self._account.closed_orders(
            cl_ord_id=spelled
        )
        return found[0] if found else VenueOrder(client_id, "", symbol, "missing")

    async def order_of(self, venue_id: str, symbol: str) -> VenueOrder:
        return await self._account.order(venue_id)

    async def last_trade_id(self, symbol: str) -> int:
        return await self._account.last_trade_id(symbol)

    async def trades(self, symbol: str, from_id: int) -> list[tuple[str, OrderFilled]]:
        return await self._account.trades(symbol, from_id)

    async def balances(self) -> dict[str, Decimal]:
        return await self._account.balances()

    async def transfers(self, since_ns: int) -> tuple[FundsMoved, ...]:
        """Named by the reference that the ledger has, and with it the account's stream."""
        return await fetch_transfers(self._exchange, since_ns, named=True)

    def _hook(self, exchange: Any) -> None:
        def hear_executions(_client: Any, message: Any, *_: Any) -> None:
            self._subscribed.set()
            self._say(self._stream.executions(message))

        def hear_balances(_client: Any, message: Any) -> None:
            self._say(self._stream.balances(message))

        exchange.handle_orders = exchange.handle_my_trades = hear_executions
        exchange.handle_balance = hear_balances
        exchange.handle_message = self._answers_first(exchange.handle_message)
        PrivateRequests(exchange)

    @staticmethod
    def _answers_first(handle: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        """ccxt does not know the answer to the dead-man switch."""

        def handle_message(client: Any, message: Any) -> None:
            if message.get("method") == ARM and message.get("success"):
                client.resolve(message, str(message.get("req_id")))
            else:
                handle(client, message)

        return handle_message

    def _say(self, words: Iterator[VenueWord]) -> None:
        for word in words:
            self._tell(word)
