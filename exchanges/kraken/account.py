"""An account as Kraken tells it over REST, read without ccxt's parser: exactly, and by our client ids."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ...trading.evidence import VenueOrder, VenueState
from ...trading.messages import OrderType, Side
from ...trading.order_events import OrderFilled
from ..ccxt_parsing import exact
from .trade_pages import TradePages

ORDERS_MAX = 50
"""That may be asked for together."""
STATES: dict[str, VenueState] = {
    "pending": "open",
    "open": "open",
    "closed": "filled",
    "canceled": "cancelled",
    "expired": "cancelled",
}
TYPES: dict[str, OrderType] = {
    "market": "market",
    "stop-loss": "stop_loss",
    "stop-loss-limit": "stop_loss_limit",
    "take-profit": "take_profit",
    "take-profit-limit": "take_profit_limit",
    "trailing-stop": "stop_loss",
    "trailing-stop-limit": "stop_loss_limit",
}
SIDES: dict[str, Side] = {"buy": "buy", "sell": "sell"}


class Account:
    """`read_id` turns the venue's spelling of a client id into ours. A look reads open orders first, balances last."""

    def __init__(self, exchange: Any, read_id: Callable[[str], str]) -> None:
        self._exchange = exchange
        self._read_id = read_id
        self._pages, self._turn = TradePages(), asyncio.Lock()
        self._broken_off = False
        """The look in which they are read has not come to its end, which the balances are."""
        self._traded: dict[str, VenueOrder | None] = {}
        """The orders of those trades, as far as they were asked for."""

    def begin_look(self) -> None:
        """Until the next one all symbols are read from the same pages. Those of a look that was broken off are kept:
        more trades than one look has room for are read by several."""
        if self._broken_off:
            self._pages.begin()
            self._traded = {txid: order for txid, order in self._traded.items() if order and order.state != "open"}
        else:
            self._pages, self._traded = TradePages(), {}

    async def open_orders(self, **asked: str) -> list[VenueOrder]:
        answer = await self._exchange.privatePostOpenOrders(asked)
        return [self._order(*each) for each in answer["result"]["open"].items()]

    async def closed_orders(self, **asked: str) -> list[VenueOrder]:
        answer = await self._exchange.privatePostClosedOrders(asked)
        return [self._order(*each) for each in answer["result"]["closed"].items()]

    async def order(self, txid: str) -> VenueOrder:
        """Of a trade; with it up to fifty others are asked for, since every call counts."""
        if (found := self._traded.get(txid)) is not None:
            return found
        others = [each for each, order in self._traded.items() if order is None and each != txid]
        answer = await self._exchange.privatePostQueryOrders({"txid": ",".join([txid, *others[: ORDERS_MAX - 1]])})
        self._traded |= {each: self._order(each, row) for each, row in answer["result"].items()}
        return self._order(txid, answer["result"][txid])

    async def trades(self, symbol: str, from_id: int) -> list[tuple[str, OrderFilled]]:
        """All from this trade id on, oldest first. The venue tells the newest first, of all symbols together.

        Raises ValueError where there are more than can be asked for.
        """
        rows = await self._read(symbol, lambda ids: any(each < from_id for each in ids))
        fresh = [row for row in rows if int(row["trade_id"]) >= from_id]
        self._traded = dict.fromkeys(str(row["ordertxid"]) for row in fresh) | self._traded
        found = [(str(row["ordertxid"]), self._fill(row, symbol)) for row in fresh]
        return sorted(found, key=lambda each: int(each[1].trade_id))

    async def last_trade_id(self, symbol: str) -> int:
        """0 where there is none. Raises ValueError as `trades` does."""
        return max((int(row["trade_id"]) for row in await self._read(symbol, bool)), default=0)

    async def _read(self, symbol: str, are_enough: Callable[[list[int]], bool]) -> list[Any]:
        """The latest trades of a symbol, as far back as its trade ids say."""
        async with self._turn:
            self._broken_off = True
            while True:
                rows = self._pages.newest(lambda row: self._symbol(row["pair"]) == symbol)
                if self._pages.is_complete or are_enough([int(row["trade_id"]) for row in rows]):
                    return rows
                told = await self._exchange.privatePostTradesHistory({"ofs": self._pages.next_offset()})
                self._pages.take(told["result"]["trades"], int(told["result"]["count"]))

    async def balances(self) -> dict[str, Decimal]:
        answer = await self._exchange.privatePostBalanceEx()
        self._broken_off = False
        totals = {
            self._exchange.safe_currency_code(name): exact(row["balance"]) for name, row in answer["result"].items()
        }
        return {currency: total for currency, total in totals.items() if total}

    def _order(self, txid: str, row: Any) -> VenueOrder:
        told, kind = row["descr"], row["descr"]["ordertype"]
        first, second = (
            exact(told[name]) if not told[name].endswith("%") else Decimal(0) for name in ("price", "price2")
        )
        waits = TYPES.get(kind, "limit") not in ("market", "limit")
        return VenueOrder(
            client_id=self._read_id(row.get("cl_ord_id") or ""),
            venue_id=txid,
            symbol=self._symbol(told["pair"]),
            state=STATES[row["status"]],
            side=SIDES[told["type"]],
            type=TYPES.get(kind, "limit"),
            amount=exact(row["vol"]),
            price=(second if waits else first) or None,
            filled=exact(row["vol_exec"]),
            stop_price=(first or exact(row.get("stopprice") or 0) or None) if waits else None,
        )

    def _fill(self, row: Any, symbol: str) -> OrderFilled:
        """Without the order's client id. The fee is told in the quote currency."""
        return OrderFilled(
            client_id="",
            trade_id=str(row["trade_id"]),
            symbol=symbol,
            side=SIDES[row["type"]],
            price=exact(row["price"]),
            amount=exact(row["vol"]),
            fee=exact(row["fee"]),
            fee_currency=symbol.partition("/")[2],
            maker=bool(row["maker"]),
            at_ns=int(exact(row["time"]) * 1_000_000_000),
        )

    def _symbol(self, pair: str) -> str:
        return str(self._exchange.resolve_market_by_altname_or_id(pair)["symbol"])
