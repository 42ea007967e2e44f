"""What ten thousand open orders on one account cost: an order's way into books and limits, and one look at the venue.

The reference does the same with a hundred open orders: nothing may walk through all of them for one. Of a look, the
longest time counts for which it holds others up: `orders.look.turn` is one turn of its settlement, `orders.look.rest`
what follows in one piece, the comparison.
"""

import time
from collections.abc import Iterator
from decimal import Decimal
from itertools import count, islice

from tradigrade.actors.reconciler import STEPS_AT_ONCE
from tradigrade.trading.books import Books
from tradigrade.trading.differences import compare as compare_books
from tradigrade.trading.differences import foreign_orders
from tradigrade.trading.evidence import Evidence, VenueOrder
from tradigrade.trading.order_events import OrderAccepted, OrderCancelled, OrderEvent, OrderIntended, OrderPlaced
from tradigrade.trading.reconciliation import settle
from tradigrade.trading.risk import Exposure

from .measure import Result, compare, result, summarise

NAMES = ("orders.way", "orders.look.turn", "orders.look.rest")
MANY, FEW = 10_000, 100
N = 20_000
LOOKS = 20
PREFIX = "tgmain-"


def run() -> Iterator[Result]:
    many, few = Account(MANY), Account(FEW)
    yield compare("orders.way", many.pass_one, f"with {FEW} open orders", few.pass_one, N, batch=10)
    turns, rests = many.look()
    few_turns, few_rests = few.look()
    yield result("orders.look.turn", summarise(turns), f"all of a look at {FEW} orders", summarise(few_turns))
    yield result("orders.look.rest", summarise(rests), f"with {FEW} open orders", summarise(few_rests))


class Account:
    """Books and risk's exposure with so many resting orders."""

    def __init__(self, orders: int) -> None:
        self.books = Books()
        self.exposure = Exposure(self.books, ("BTC",))
        self._numbers = count()
        for _ in range(orders):
            self._open()
        found = tuple(
            VenueOrder(order.intent.client_id, order.venue_id, order.intent.symbol, "open", "buy", "limit",
                       order.intent.amount, order.intent.price)
            for order in self.books.open_orders()
        )  # fmt: skip
        self._evidence = Evidence(1, found, (), {"BTC/USDT": 0}, {}, 1)

    def pass_one(self) -> None:
        """An order is intended, placed, accepted and cancelled."""
        self._apply(OrderCancelled(self._open(), "enough", 4))

    def look(self) -> tuple[list[int], list[int]]:
        """The ns of each turn of a settlement, and of what follows it, over some looks."""
        turns: list[int] = []
        rests: list[int] = []
        for _ in range(LOOKS):
            steps = settle(self.books, self._evidence, 2, 3, PREFIX)
            taken = STEPS_AT_ONCE
            while taken == STEPS_AT_ONCE:
                start_ns = time.perf_counter_ns()
                taken = sum(1 for _ in islice(steps, STEPS_AT_ONCE))
                turns.append(time.perf_counter_ns() - start_ns)
            start_ns = time.perf_counter_ns()
            foreign_orders(self.books, self._evidence, PREFIX)
            compare_books(self.books, self._evidence, PREFIX)
            rests.append(time.perf_counter_ns() - start_ns)
        return turns, rests

    def _open(self) -> str:
        number = next(self._numbers)
        price = Decimal(20_000 + number % 1_000)
        made = OrderIntended(f"{PREFIX}1-{number}", number, 1, f"a{number}", f"s{number}", "s", "BTC/USDT", "buy",
                             "limit", Decimal("0.001"), price, price, 1)  # fmt: skip
        self._apply(made)
        self._apply(OrderPlaced(made.client_id, made.signal_id, "s", "BTC/USDT", "buy", "limit", made.amount, price, 2))
        self._apply(OrderAccepted(made.client_id, str(number), 3))
        return made.client_id

    def _apply(self, event: OrderEvent) -> None:
        self.books.apply(event)
        self.exposure.follow(event)
