"""The index that finds open orders."""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal

from .orders import Order
from .records import MAIN, OrderSide

_LAST = 1 << 62
_NONE: Mapping[Decimal, int] = {}
Place = tuple[Decimal, int, int]
"""In the queue of a side, best first: the price (below zero for a buyer), the rank, the order's id."""


class OpenOrders:
    """The open orders by account and client id; those on the book by side of a symbol in price-time priority, those
    that wait for their stop price by symbol, oldest first."""

    def __init__(self) -> None:
        self._by_client: dict[tuple[int, str], Order] = {}
        self._queues: dict[tuple[str, OrderSide], list[Place]] = {}
        self._orders: dict[int, Order] = {}
        self._waiting: dict[str, dict[int, Order]] = {}
        self._counts: Counter[tuple[int, str]] = Counter()
        self._symbols: Counter[str] = Counter()
        self._prices: dict[tuple[str, OrderSide], Counter[Decimal]] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def __iter__(self) -> Iterator[Order]:
        return iter(self._orders.values())

    def of(self, uid: int) -> Iterator[Order]:
        """Those of one account, oldest first."""
        return (order for order in self._orders.values() if order.uid == uid)

    def on(self, symbol: str) -> bool:
        """Whether any order of the symbol is open, of whatever account."""
        return self._symbols[symbol] > 0

    def count(self, uid: int, symbol: str) -> int:
        return self._counts[uid, symbol]

    def find(self, client_id: str, uid: int = MAIN) -> Order | None:
        return self._by_client.get((uid, client_id))

    def add(self, order: Order) -> None:
        self._orders[order.order_id] = order
        self._by_client[order.uid, order.client_id] = order
        self._counts[order.uid, order.symbol] += 1
        self._symbols[order.symbol] += 1
        self.place(order)

    def place(self, order: Order) -> None:
        """Where the order belongs as it stands now, once it is no more where it was."""
        if order.waits:
            self._waiting.setdefault(order.symbol, {})[order.order_id] = order
        elif not order.held:
            side = order.symbol, order.side
            insort(self._queues.setdefault(side, []), _place(order))
            self._prices.setdefault(side, Counter())[order.price] += 1

    def take_off(self, order: Order) -> None:
        """Out of where the order stands now, before it changes its place."""
        if order.waits:
            del self._waiting[order.symbol][order.order_id]
        elif not order.held:
            queue, prices = self._queues[order.symbol, order.side], self._prices[order.symbol, order.side]
            del queue[bisect_left(queue, _place(order))]
            prices[order.price] -= 1
            if not prices[order.price]:
                del prices[order.price]

    def remove(self, order: Order) -> None:
        self.take_off(order)
        del self._orders[order.order_id]
        del self._by_client[order.uid, order.client_id]
        self._counts[order.uid, order.symbol] -= 1
        self._symbols[order.symbol] -= 1

    def rename(self, order: Order, client_id: str) -> None:
        """By another id of the client's from now on."""
        del self._by_client[order.uid, order.client_id]
        order.client_id = client_id
        self._by_client[order.uid, client_id] = order

    def waiting(self, symbol: str) -> tuple[Order, ...]:
        waiting = self._waiting.get(symbol)
        return tuple(waiting.values()) if waiting else ()

    def reached_by(self, symbol: str, side: OrderSide, price: Decimal) -> list[Order]:
        """The orders of one side on the book which a trade at `price` would reach, best first."""
        queue = self._queues.get((symbol, side))
        if not queue:
            return []
        last = bisect_left(queue, (-price if side == "BUY" else price, _LAST, 0))
        return [self._orders[order_id] for _, _, order_id in queue[:last]]

    def at(self, symbol: str, side: OrderSide, price: Decimal) -> list[Order]:
        """The orders on the book at exactly that price, first come first."""
        queue = self._queues.get((symbol, side))
        if not queue:
            return []
        key = -price if side == "BUY" else price
        first, last = bisect_left(queue, (key, -1, 0)), bisect_left(queue, (key, _LAST, 0))
        return [self._orders[order_id] for _, _, order_id in queue[first:last]]

    def on_book(self, symbol: str, side: OrderSide) -> Iterator[Order]:
        """Best first."""
        return (self._orders[order_id] for _, _, order_id in self._queues.get((symbol, side), ()))

    def prices(self, symbol: str, side: OrderSide) -> Mapping[Decimal, int]:
        """At which prices orders are on the book."""
        return self._prices.get((symbol, side), _NONE)


def _place(order: Order) -> Place:
    return (-order.price if order.side == "BUY" else order.price, order.rank, order.order_id)
