"""Looking at the account in memory as through a venue's REST calls: orders, then trades, then balances."""

from collections.abc import Iterator

from ...trading.evidence import Evidence, VenueOrder
from ...trading.order_events import FundsMoved, OrderFilled
from ..venue import EvidenceAsked, funds_moved
from .errors import OUT_OF_ORDER, RequestRefused
from .memory_host import MemoryHost
from .orders import Fill
from .words import fill_word, order_word, totals


class Look:
    """Each `go_on` is one arrival at the venue; what happens between them shows as a difference, never as agreement."""

    def __init__(self, host: MemoryHost, asked: EvidenceAsked, asked_ns: int) -> None:
        self._host = host
        self._asked = asked
        self._asked_ns = asked_ns
        self._orders: tuple[VenueOrder, ...] | None = None
        self._trades: tuple[OrderFilled, ...] | None = None
        self._last: dict[str, int] = {}
        self._venue_ns = 0

    def go_on(self) -> Evidence | None:
        """The evidence at the last step. Raises RequestRefused where the venue does not answer this call."""
        self._host.admit()
        if self._orders is None:
            if self._host.dice.fires("look_failed"):
                raise RequestRefused(OUT_OF_ORDER)
            self._venue_ns = self._host.now_ms * 1_000_000
            self._orders = tuple(self._found_orders().values())
            return None
        if self._host.dice.fires("look_partial"):
            raise RequestRefused(OUT_OF_ORDER)
        if self._trades is None:
            symbols = (*self._asked.trades_of, *self._asked.moved(self._orders))
            self._trades = tuple(trade for symbol in symbols for trade in self._fresh_trades(symbol))
            self._orders += tuple(self._owners(self._trades))
            return None
        balances = totals(self._host.engine.account)
        transfers = self._transfers()
        return Evidence(self._asked_ns, self._orders, self._trades, self._last, balances, self._venue_ns, transfers)

    def _found_orders(self) -> dict[str, VenueOrder]:
        """All open orders of the symbols, and those asked for that are not among them."""
        engine, symbols = self._host.engine, set(self._asked.symbols)
        found = {order.client_id: order_word(order) for order in engine.open_orders()}
        found = {client_id: order for client_id, order in found.items() if order.symbol in symbols}
        for client_id, symbol in self._asked.open_ids.items():
            if client_id not in found:
                order = engine.find_order(symbol.replace("/", ""), None, client_id)
                found[client_id] = order_word(order) if order else VenueOrder(client_id, "", symbol, "missing")
        return found

    def _fresh_trades(self, symbol: str) -> list[OrderFilled]:
        """Notes the symbol's last trade id, and gives the trades after the last known one."""
        engine = self._host.engine
        name, since = symbol.replace("/", ""), self._asked.since.get(symbol)
        latest = next((fill.trade_id for fill in reversed(engine.state.books.fills) if self._mine(fill, name)), 0)
        self._last[symbol] = max(latest, since or 0)
        if since is None:
            return []
        fresh = [fill for fill in engine.fills_from(since + 1) if fill.symbol == name]
        return [fill_word(fill, self._client_id(fill.order_id), symbol) for fill in fresh]

    def _owners(self, trades: tuple[OrderFilled, ...]) -> Iterator[VenueOrder]:
        """The orders of trades that nobody asked for."""
        told = {order.client_id for order in self._orders or ()} | set(self._asked.known.values())
        for trade in {trade.client_id: trade for trade in trades if trade.client_id not in told}.values():
            order = self._host.engine.find_order(trade.symbol.replace("/", ""), None, trade.client_id)
            if order is not None:
                yield order_word(order)

    def _mine(self, fill: Fill, name: str) -> bool:
        return fill.symbol == name and fill.uid == self._host.engine.uid

    def _transfers(self) -> tuple[FundsMoved, ...]:
        since_ns = self._asked.transfers_since_ns
        told = () if since_ns is None else self._host.engine.transfers()
        words = (funds_moved(each.asset, each.amount, each.at_ms) for each in told)
        return tuple(each for each in words if since_ns is not None and each.at_ns >= since_ns)

    def _client_id(self, order_id: int) -> str:
        order = self._host.engine.state.books.orders.get(order_id)
        return self._asked.known.get(str(order_id)) or (order.client_id if order else "")
