"""Bringing the books level with the venue's own evidence. Pure: evidence in, events out."""

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal

from .adoption import Owner, nobody
from .books import Books
from .evidence import Evidence, VenueOrder
from .messages import PLAIN, ZERO, Terms
from .order import Order
from .order_events import (
    BalanceAdopted,
    HistoryAdopted,
    OrderAccepted,
    OrderCancelled,
    OrderEvent,
    OrderIntended,
    OrderRejected,
    OrderUnknown,
)
from .order_states import DOUBTFUL, OrderState


def begin(evidence: Evidence, now_ns: int) -> Iterator[OrderEvent]:
    """The first entries of a journal: what the account holds already, and which trades that includes."""
    for currency, amount in sorted(evidence.balances.items()):
        if amount:
            yield BalanceAdopted(currency, amount, now_ns)
    for symbol, last_trade_id in sorted(evidence.last_trade_ids.items()):
        yield HistoryAdopted(symbol, last_trade_id, now_ns)


def settle(
    books: Books,
    evidence: Evidence,
    now_ns: int,
    lost_after_ns: int,
    prefix: str,
    whose: Callable[[VenueOrder], Owner] = nobody,
    *,
    just_begun: bool = False,
) -> Iterator[OrderEvent | None]:
    """A step for each order and trade looked at: an event that the books missed, to be applied before the next step is
    asked for, or None. Time may pass between the steps, and the books may move on.

    An order with our prefix that the books do not know is adopted where it stands, or traded what they do not know
    either; `whose` says whose it is.

    An order the venue does not hold is proven never to have arrived once its request is older than `lost_after_ns` by
    the venue's own clock, past which the venue refuses it, however wrong ours is; before that it stays unknown.
    """
    at_venue = {order.client_id: order for order in evidence.orders}
    unbooked = _unbooked(books, evidence)
    for theirs in evidence.orders:
        if theirs.client_id in books.orders:
            yield _hold(books.orders[theirs.client_id], theirs, now_ns)
        elif theirs.client_id.startswith(prefix) and (theirs.state == "open" or unbooked[theirs.client_id]):
            comes = unbooked[theirs.client_id]
            gone = just_begun or (theirs.state != "open" and theirs.filled > comes)
            yield _adopt(theirs, theirs.filled - comes if gone else ZERO, whose(theirs), now_ns)
            yield OrderAccepted(theirs.client_id, theirs.venue_id, now_ns)
    for trade in evidence.trades:
        yield None if books.knows_trade(trade.symbol, trade.trade_id) else trade
    for symbol, last_trade_id in sorted(evidence.last_trade_ids.items()):
        if books.last_trade_id.get(symbol) != last_trade_id:
            yield HistoryAdopted(symbol, last_trade_id, now_ns)
    for order in books.open_orders():
        if order.open:
            yield _conclude(order, at_venue.get(order.intent.client_id), evidence, now_ns, lost_after_ns)


def _hold(order: Order, found: VenueOrder, now_ns: int) -> OrderEvent | None:
    """The venue holds, or held, an order of which that was not proven."""
    proven = found.state not in ("missing", "rejected") and order.state in DOUBTFUL
    return OrderAccepted(found.client_id, found.venue_id, now_ns) if proven else None


def _unbooked(books: Books, evidence: Evidence) -> Counter[str]:
    """What orders unknown to the books traded that is unknown to them, too, by client id."""
    amounts: Counter[str] = Counter()
    for trade in evidence.trades:
        if trade.client_id not in books.orders and not books.knows_trade(trade.symbol, trade.trade_id):
            amounts[trade.client_id] += trade.amount  # type: ignore[assignment]  # Decimals
    return amounts


def _adopt(order: VenueOrder, gone: Decimal, owner: Owner, now_ns: int) -> OrderIntended:
    """`gone`: what filled before the journal began, or of an order long forgotten: it will not come as a fill."""
    return OrderIntended(
        client_id=order.client_id,
        sequence=0,
        epoch=0,
        approval_id="",
        signal_id=owner.signal_id,
        strategy=owner.strategy,
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        amount=max(order.amount, order.filled) - gone,
        price=order.price,
        reference_price=order.price or ZERO,
        at_ns=now_ns,
        terms=Terms(stop_price=order.stop_price) if order.stop_price else PLAIN,
    )


def _conclude(
    order: Order, found: VenueOrder | None, evidence: Evidence, now_ns: int, lost_after_ns: int
) -> OrderEvent | None:
    """What the venue's word means for an order that is open in the books."""
    client_id, doubtful = order.intent.client_id, order.state in DOUBTFUL
    if found is None:
        return None
    if found.state == "cancelled":
        return OrderCancelled(client_id, "cancelled at the venue", now_ns)
    if found.state == "filled" and order.open and ZERO < found.filled == order.filled:  # all is booked, no more comes
        return OrderCancelled(client_id, f"the venue took {found.filled} for all of it", now_ns)
    if found.state == "rejected":
        return OrderRejected(client_id, "VENUE", "rejected at the venue", now_ns)
    if found.state == "missing" and doubtful:
        if evidence.venue_ns - order.intent.at_ns > lost_after_ns:
            return OrderRejected(client_id, "NEVER_ARRIVED", "the venue holds no such order", now_ns)
        if order.state is not OrderState.UNKNOWN:
            return OrderUnknown(client_id, "the venue does not hold it yet", now_ns)
    return None
