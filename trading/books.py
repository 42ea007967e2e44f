"""The account's truth as a fold over journalled events: orders, balances, positions. Pure, and equal in every replica.

Positions and balances follow from fills alone, never from order states (law 5). A fill counts once, by trade id.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from decimal import Decimal

from .messages import ZERO
from .order_events import (
    BalanceAdopted,
    CancelIntended,
    HistoryAdopted,
    OrderAccepted,
    OrderCancelled,
    OrderEvent,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderUnknown,
)
from .order_states import CLOSED, OrderState, may_follow

ADOPTED = "adopted"
"""Strategy name of what the account did and the journal does not know, since a power loss took its tail: orders with
our prefix, and fills."""

CLOSED_KEPT = 500
"""Closed orders remembered for late fills and for showing; older ones live on in the journal."""

SIGNALS_KEPT = 10_000
TRADES_KEPT = 10_000


@dataclass
class Order:
    """One order as the books know it."""

    intent: OrderIntended
    state: OrderState = OrderState.INTENDED
    filled: Decimal = ZERO
    venue_id: str = ""
    cancel_wanted: bool = False
    unknown_since_ns: int = 0
    reason: str = ""

    @property
    def open(self) -> bool:
        return self.state not in CLOSED

    @property
    def remaining(self) -> Decimal:
        """What may still fill; nothing once closed."""
        return self.intent.amount - self.filled if self.open else ZERO

    @property
    def signed_remaining(self) -> Decimal:
        return self.remaining if self.intent.side == "buy" else -self.remaining


@dataclass
class Position:
    """What is held of a base currency through fills, with average cost and what was realised, in quote currency."""

    amount: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO


@dataclass
class Books:
    """Fold `OrderEvent`s with `apply`; the same events give the same books, in any process."""

    orders: dict[str, Order] = field(default_factory=dict)
    balances: dict[str, Decimal] = field(default_factory=dict)
    opening: dict[str, Decimal] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    strategy_positions: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    used_signals: OrderedDict[str, None] = field(default_factory=OrderedDict)
    adopted: bool = False
    """True once all that the journal must begin with is in it."""
    last_epoch: int = 0
    """The largest lease epoch of an intent."""
    last_trade_id: dict[str, int] = field(default_factory=dict)
    """Up to here evidence saw every trade; a fill heard on the stream proves nothing of those before it."""
    _open: dict[str, Order] = field(default_factory=dict)
    _closed: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _trades: OrderedDict[tuple[str, str], None] = field(default_factory=OrderedDict)

    def apply(self, event: OrderEvent) -> bool:
        """Take one event; False where it changes nothing (a duplicate, or a step the table does not allow)."""
        match event:
            case OrderIntended():
                return self._intend(event)
            case BalanceAdopted():
                said_before = self.opening.get(event.currency, ZERO)
                self.opening[event.currency] = event.amount
                self.balances[event.currency] = self.balances.get(event.currency, ZERO) + event.amount - said_before
                return True
            case HistoryAdopted():
                self.adopted = True
                self.last_trade_id[event.symbol] = event.last_trade_id
                return True
            case OrderFilled():
                return self._fill(event)
            case OrderPlaced():
                return self._move(event.client_id, OrderState.SUBMITTED)
            case OrderAccepted():
                return self._accept(event)
            case OrderRejected():
                return self._move(event.client_id, OrderState.REJECTED, f"{event.code}: {event.reason}")
            case OrderCancelled():
                return self._move(event.client_id, OrderState.CANCELLED, event.reason)
            case OrderUnknown():
                return self._doubt(event)
            case CancelIntended():
                order = self.orders.get(event.client_id)
                if order is None or order.cancel_wanted:
                    return False
                order.cancel_wanted = True
                return True

    def open_orders(self) -> tuple[Order, ...]:
        return tuple(self._open.values())

    def unknown_orders(self) -> tuple[Order, ...]:
        return tuple(order for order in self._open.values() if order.state is OrderState.UNKNOWN)

    def recent_orders(self, limit: int) -> tuple[Order, ...]:
        """Open orders first, then the latest closed ones."""
        closed = [self.orders[client_id] for client_id in reversed(self._closed)]
        return (*reversed(self._open.values()), *closed)[:limit]

    def knows_trade(self, symbol: str, trade_id: str) -> bool:
        return (symbol, trade_id) in self._trades

    def _intend(self, intent: OrderIntended) -> bool:
        if intent.client_id in self.orders:
            return False
        self.orders[intent.client_id] = self._open[intent.client_id] = Order(intent)
        self.last_epoch = max(self.last_epoch, intent.epoch)
        self.used_signals[intent.signal_id] = None
        while len(self.used_signals) > SIGNALS_KEPT:
            self.used_signals.popitem(last=False)
        return True

    def _move(self, client_id: str, state: OrderState, reason: str = "") -> bool:
        order = self.orders.get(client_id)
        if order is None or not may_follow(order.state, state):
            return False
        order.state, order.reason = state, reason or order.reason
        if state in CLOSED:
            self._close(order)
        return True

    def _accept(self, event: OrderAccepted) -> bool:
        """The venue's id is worth knowing also where the order is past being accepted."""
        order = self.orders.get(event.client_id)
        if order is None:
            return False
        learned, order.venue_id = order.venue_id != event.venue_id, event.venue_id
        moved = self._move(event.client_id, OrderState.ACCEPTED)
        order.unknown_since_ns = 0 if moved else order.unknown_since_ns
        return learned or moved

    def _doubt(self, event: OrderUnknown) -> bool:
        moved = self._move(event.client_id, OrderState.UNKNOWN, event.reason)
        if moved:
            self.orders[event.client_id].unknown_since_ns = event.at_ns
        return moved

    def _close(self, order: Order) -> None:
        self._open.pop(order.intent.client_id, None)
        self._closed[order.intent.client_id] = None
        self._closed.move_to_end(order.intent.client_id)
        while len(self._closed) > CLOSED_KEPT:
            self.orders.pop(self._closed.popitem(last=False)[0], None)

    def _fill(self, fill: OrderFilled) -> bool:
        key = (fill.symbol, fill.trade_id)
        if key in self._trades:
            return False
        self._trades[key] = None
        while len(self._trades) > TRADES_KEPT:
            self._trades.popitem(last=False)
        received = book_fill(self.balances, self.positions.setdefault(fill.symbol, Position()), fill)
        order = self.orders.get(fill.client_id)
        holder = (ADOPTED if order is None else order.intent.strategy, fill.symbol)
        self.strategy_positions[holder] = self.strategy_positions.get(holder, ZERO) + received
        if order is not None:
            order.filled += fill.amount
            full = order.filled >= order.intent.amount
            if full or order.open:
                self._move(fill.client_id, OrderState.FILLED if full else OrderState.PARTIALLY_FILLED)
        return True


def book_fill(balances: dict[str, Decimal], position: Position, fill: OrderFilled) -> Decimal:
    """Book a fill by average cost; returns the signed change of the base currency, after a fee taken in it."""
    base, _, quote = fill.symbol.partition("/")
    sign = 1 if fill.side == "buy" else -1
    notional = fill.price * fill.amount
    change = sign * fill.amount - (fill.fee if fill.fee_currency == base else ZERO)
    fee_in_quote = fill.fee * {base: fill.price, quote: Decimal(1)}.get(fill.fee_currency, ZERO)
    balances[base] = balances.get(base, ZERO) + sign * fill.amount
    balances[quote] = balances.get(quote, ZERO) - sign * notional
    balances[fill.fee_currency] = balances.get(fill.fee_currency, ZERO) - fill.fee
    position.fees += fee_in_quote
    if sign > 0:
        position.cost += notional + (fee_in_quote if fill.fee_currency != base else ZERO)
    else:
        share = min(fill.amount / position.amount, Decimal(1)) if position.amount > 0 else Decimal(0)
        released = position.cost * share
        position.realised += notional - fee_in_quote - released
        position.cost -= released
    position.amount += change
    return change
