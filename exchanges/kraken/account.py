"""An account as Kraken tells it over REST, read without ccxt's parser: exactly, and by our client ids."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ...trading.evidence import VenueOrder, VenueState
from ...trading.messages import OrderType, Side
from ...trading.order_events import OrderFilled
from ..ccxt_parsing import exact

PAGES_LIMIT = 100
"""Of trades, fifty each: who missed more cannot be told apart from who missed all."""
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
    """`read_id` turns the venue's spelling of a client id into ours."""

    def __init__(self, exchange: Any, read_id: Callable[[str], str]) -> None:
        self._exchange = exchange
        self._read_id = read_id
        self._pages: dict[int, Any] = {}
        """Of trades, by how many newer ones were passed over."""

        self._traded: dict[str, VenueOrder | None] = {}
        """The orders of those trades, as far as they were asked for."""

    def forget_trades(self) -> None:
        """Those that were asked for are asked for anew: until then all symbols are read from the same pages."""
        self._pages, self._traded = {}, {}

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
        found: dict[str, tuple[str, OrderFilled]] = {}
        passed = 0
        for _ in range(PAGES_LIMIT):
            rows, count = await self._trades_page(passed)
            ours = [row for row in rows if self._symbol(row["pair"]) == symbol]
            fresh = [row for row in ours if int(row["trade_id"]) >= from_id]
            found |= {str(row["trade_id"]): (str(row["ordertxid"]), self._fill(row, symbol)) for row in fresh}
            self._traded = dict.fromkeys(str(row["ordertxid"]) for row in fresh) | self._traded
            passed += len(rows)
            if len(fresh) < len(ours) or not rows or passed >= count:
                return sorted(found.values(), key=lambda each: int(each[1].trade_id))
        raise ValueError(f"expected at most {passed} trades since trade {from_id} of {symbol}, found more")

    async def last_trade_id(self, symbol: str) -> int:
        """The newest of the newest page that has one; 0 where none has."""
        passed = 0
        for _ in range(PAGES_LIMIT):
            rows, count = await self._trades_page(passed)
            if ids := [int(row["trade_id"]) for row in rows if self._symbol(row["pair"]) == symbol]:
                return max(ids)
            passed += len(rows)
            if not rows or passed >= count:
                return 0
        raise ValueError(f"expected a trade of {symbol} among the latest {passed}, found none, and there are more")

    async def balances(self) -> dict[str, Decimal]:
        answer = await self._exchange.privatePostBalanceEx()
        totals = {
            self._exchange.safe_currency_code(name): exact(row["balance"]) for name, row in answer["result"].items()
        }
        return {currency: total for currency, total in totals.items() if total}

    async def _trades_page(self, passed: int) -> tuple[list[Any], int]:
        """Fifty, and how many there are in all."""
        if passed not in self._pages:
            self._pages[passed] = await self._exchange.privatePostTradesHistory({"ofs": passed})
        result = self._pages[passed]["result"]
        return list(result["trades"].values()), int(result["count"])

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
