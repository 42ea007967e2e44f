"""Orders and fills as the venue holds them, and the index that finds the open ones."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from .records import OrderKind, OrderSide, TimeInForce

ZERO = Decimal(0)
OPEN = ("NEW", "PARTIALLY_FILLED")


class Order(msgspec.Struct):
    order_id: int
    client_id: str
    symbol: str
    base: str
    quote: str
    side: OrderSide
    type: OrderKind
    time_in_force: TimeInForce
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    locked: Decimal
    created_ms: int
    updated_ms: int
    status: str = "NEW"
    executed: Decimal = ZERO
    executed_quote: Decimal = ZERO
    stop_price: Decimal = ZERO
    waits: bool = False
    """For its stop price; it neither matches nor is on the book."""
    trailing_delta: int = 0
    iceberg: Decimal = ZERO

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.executed

    @property
    def pays(self) -> str:
        """The asset the order pays with, locked while it is open."""
        return self.quote if self.side == "BUY" else self.base

    @property
    def receives(self) -> str:
        """The asset the order receives, which its fee is taken from."""
        return self.base if self.side == "BUY" else self.quote


class OrderRequest(msgspec.Struct, frozen=True):
    """A new order, well-formed but not yet judged. A market order has no price and one of the two quantities; an order
    that waits has a stop price."""

    symbol: str
    side: OrderSide
    type: OrderKind
    client_id: str
    time_in_force: TimeInForce = "GTC"
    price: Decimal = ZERO
    quantity: Decimal = ZERO
    quote_quantity: Decimal = ZERO
    stop_price: Decimal = ZERO
    trailing_delta: int = 0
    iceberg: Decimal = ZERO


class Fill(msgspec.Struct, frozen=True):
    trade_id: int
    order_id: int
    symbol: str
    side: OrderSide
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    maker: bool
    at_ms: int


class OpenOrders:
    """The open orders by client id; those that work by side of a symbol in price-time priority, those that wait for
    their stop price by symbol, oldest first."""

    def __init__(self) -> None:
        self._by_client: dict[str, Order] = {}
        self._queues: dict[tuple[str, OrderSide], list[tuple[Decimal, int]]] = {}
        self._orders: dict[int, Order] = {}
        self._waiting: dict[str, dict[int, Order]] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def __iter__(self) -> Iterator[Order]:
        return iter(self._orders.values())

    def find(self, client_id: str) -> Order | None:
        return self._by_client.get(client_id)

    def add(self, order: Order) -> None:
        self._orders[order.order_id] = order
        self._by_client[order.client_id] = order
        if order.waits:
            self._waiting.setdefault(order.symbol, {})[order.order_id] = order
        else:
            self._queue(order)

    def work(self, order: Order) -> None:
        """The order waits no more."""
        del self._waiting[order.symbol][order.order_id]
        self._queue(order)

    def remove(self, order: Order) -> None:
        del self._orders[order.order_id]
        del self._by_client[order.client_id]
        if order.waits:
            del self._waiting[order.symbol][order.order_id]
            return
        queue = self._queues[order.symbol, order.side]
        del queue[bisect_left(queue, _priority(order))]

    def waiting(self, symbol: str) -> tuple[Order, ...]:
        return tuple(self._waiting.get(symbol, {}).values())

    def _queue(self, order: Order) -> None:
        insort(self._queues.setdefault((order.symbol, order.side), []), _priority(order))

    def reached_by(self, symbol: str, side: OrderSide, price: Decimal) -> list[Order]:
        """The limit orders of one side which a trade at `price` would reach, best first."""
        queue = self._queues.get((symbol, side), [])
        last = (-price if side == "BUY" else price, 1 << 62)
        return [self._orders[order_id] for _, order_id in queue[: bisect_left(queue, last)]]


def _priority(order: Order) -> tuple[Decimal, int]:
    return (-order.price if order.side == "BUY" else order.price, order.order_id)
