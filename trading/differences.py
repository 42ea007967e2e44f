"""What books and venue disagree on: each difference by itself, in words, and how it ended."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from .books import ADOPTED, Books
from .evidence import Evidence, VenueOrder
from .messages import ZERO, Message
from .order import Order
from .order_events import (
    FundsMoved,
    OrderAccepted,
    OrderCancelled,
    OrderEvent,
    OrderFilled,
    OrderIntended,
    OrderRejected,
    PositionTransferred,
)
from .order_states import DOUBTFUL

Kind = Literal["balance", "open order", "order", "fill", "foreign order", "transfer", "holding"]
NOWHERE = "nothing"


class Difference(NamedTuple):
    """`subject` is a currency, a client order id, a trade id or a transfer's reference; `books` and `venue` are what
    each holds of it."""

    kind: Kind
    subject: str
    books: str
    venue: str

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}: books {self.books}, venue {self.venue}"


class DifferenceNoted(Message, frozen=True, gc=False):
    """A difference for the journal. `resolution` says how it ended; it is empty while the difference stands."""

    kind: Kind
    subject: str
    books: str
    venue: str
    resolution: str
    at_ns: int


class ForeignOrdersSeen(Message, frozen=True, gc=False):
    """Open orders of the account that are not ours: nobody here touches them, and what they may use is not free."""

    orders: tuple[VenueOrder, ...]


def note(difference: Difference, resolution: str, now_ns: int) -> DifferenceNoted:
    return DifferenceNoted(*difference, resolution, now_ns)


def compare(books: Books, evidence: Evidence, prefix: str) -> tuple[Difference, ...]:
    """Every difference that stands; empty where position, balances and open orders are equal. Orders still unknown are
    not compared: they are doubt, not difference. Nor are orders without our prefix: see `foreign_orders`."""
    return (*_compare_balances(books, evidence), *_compare_orders(books, evidence, prefix))


def foreign_orders(books: Books, evidence: Evidence, prefix: str) -> dict[str, VenueOrder]:
    """Open orders that somebody else placed on the account, by client id."""
    return {
        order.client_id: order
        for order in evidence.orders
        if order.state == "open" and not order.client_id.startswith(prefix) and order.client_id not in books.orders
    }


def describe_foreign(order: VenueOrder) -> Difference:
    price = "" if order.price is None else f" at {order.price}"
    words = f"{order.side} {order.amount - order.filled} {order.symbol} {order.type}{price}"
    return Difference("foreign order", order.client_id, NOWHERE, words)


def repaired(event: OrderEvent, order: Order | None) -> tuple[Difference, str] | None:
    """The difference that an event of a settlement mends, and how; `order` is as the books held it before. None for
    what is no difference: a beginning, or a doubt that stays."""
    held = NOWHERE if order is None else order.state.value
    match event:
        case OrderFilled():
            words = f"{event.side} {event.amount} {event.symbol} at {event.price}"
            return Difference("fill", event.trade_id, NOWHERE, words), "booked"
        case FundsMoved():
            words = f"{event.kind} {event.amount} {event.currency}"
            return Difference("transfer", event.reference, NOWHERE, words), "booked"
        case OrderIntended():
            words = f"{event.side} {event.amount} {event.symbol}"
            return Difference("order", event.client_id, NOWHERE, words), _adopted(event)
        case OrderAccepted() if held in DOUBTFUL:
            return Difference("order", event.client_id, held, "holds it"), "accepted"
        case OrderCancelled():
            return Difference("order", event.client_id, held, "cancelled"), event.reason
        case OrderRejected():
            return Difference("order", event.client_id, held, NOWHERE), f"{event.code}: {event.reason}"
        case PositionTransferred():
            words = f"{event.amount} {event.symbol} of {event.giver}"
            return Difference("holding", event.giver, words, NOWHERE), event.reason
    return None


def _adopted(event: OrderIntended) -> str:
    return ADOPTED if event.strategy == ADOPTED else f"{ADOPTED} as {event.strategy}'s"


def _compare_balances(books: Books, evidence: Evidence) -> Iterator[Difference]:
    for currency in sorted(books.balances.keys() | evidence.balances.keys()):
        ours, theirs = books.balances.get(currency, ZERO), evidence.balances.get(currency, ZERO)
        if ours != theirs:
            yield Difference("balance", currency, str(ours), str(theirs))


def _compare_orders(books: Books, evidence: Evidence, prefix: str) -> Iterator[Difference]:
    ours: set[str] = set()
    doubtful: set[str] = set()
    for order in books.open_orders():
        (doubtful if order.state in DOUBTFUL else ours).add(order.intent.client_id)
    theirs = {
        order.client_id
        for order in evidence.orders
        if order.state == "open" and (order.client_id.startswith(prefix) or order.client_id in books.orders)
    }
    for client_id in sorted(ours ^ (theirs - doubtful)):
        here = client_id in ours
        yield Difference("open order", client_id, "open" if here else NOWHERE, NOWHERE if here else "open")
