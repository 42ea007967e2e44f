"""The account's truth as a fold over journalled events: orders, balances, positions. Pure, and equal in every replica.

Positions and balances follow from fills alone, never from order states (law 5). A fill counts once, by trade id.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from decimal import Decimal, getcontext, localcontext, setcontext
from functools import lru_cache
from itertools import chain, islice

from .messages import ZERO
from .order import Order
from .order_events import (
    BalanceAdopted,
    CancelIntended,
    FundsMoved,
    HistoryAdopted,
    OrderAccepted,
    OrderCancelled,
    OrderEvent,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderUnknown,
    PositionTransferred,
)
from .order_states import CLOSED, OrderState, may_follow
from .positions import EXACT, Position

ADOPTED = "adopted"
"""Strategy name of what the account did and the journal does not know, since a power loss took its tail: orders with
our prefix, and fills."""

CLOSED_KEPT = 500
"""Closed orders remembered for late fills and for showing; older ones live on in the journal."""

SIGNALS_KEPT = 10_000
TRADES_KEPT = 10_000
TRANSFERS_KEPT = 10_000
NO_FEE = ("", ZERO, ZERO)


@dataclass
class Books:
    """Fold `OrderEvent`s with `apply`; the same events give the same books, in any process."""

    orders: dict[str, Order] = field(default_factory=dict)
    balances: dict[str, Decimal] = field(default_factory=dict)
    opening: dict[str, Decimal] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    strategy_positions: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    """By strategy and symbol; the amounts of `holdings`."""
    holdings: dict[tuple[str, str], Position] = field(default_factory=dict)
    """Each strategy's own virtual positions, with cost and profit of their own; they add up to `positions`."""
    capital: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    """By strategy and quote currency: what its holdings cost, those below zero as what was received for them."""
    transferred: dict[str, Decimal] = field(default_factory=dict)
    """Deposits less withdrawals, by currency, since the account was adopted."""
    used_signals: OrderedDict[str, None] = field(default_factory=OrderedDict)
    adopted: bool = False
    """True once all that the journal must begin with is in it."""
    last_epoch: int = 0
    """The largest lease epoch of an intent."""
    last_trade_id: dict[str, int] = field(default_factory=dict)
    """Up to here evidence saw every trade; a fill heard on the stream proves nothing of those before it."""
    _open: dict[str, Order] = field(default_factory=dict)
    _unknown: dict[str, Order] = field(default_factory=dict)
    _closed: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _trades: OrderedDict[tuple[str, str], None] = field(default_factory=OrderedDict)
    _transfers: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _listed: tuple[Order, ...] | None = field(default=None, compare=False, repr=False)

    def apply(self, event: OrderEvent) -> bool:
        """Take one event; False where it changes nothing (a duplicate, or a step the table does not allow)."""
        match event:
            case OrderFilled():
                return self._fill(event)
            case OrderIntended():
                return self._intend(event)
            case BalanceAdopted():
                said_before = self.opening.get(event.currency, ZERO)
                self.opening[event.currency] = event.amount
                _add(self.balances, event.currency, EXACT.subtract(event.amount, said_before))
                return True
            case FundsMoved():
                return self._transfer(event)
            case PositionTransferred():
                return self._hand_over(event)
            case HistoryAdopted():
                self.adopted = True
                self.last_trade_id[event.symbol] = event.last_trade_id
                return True
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
        if self._listed is None:
            self._listed = tuple(self._open.values())
        return self._listed

    def unknown_orders(self) -> tuple[Order, ...]:
        return tuple(self._unknown.values())

    def recent_orders(self, limit: int) -> tuple[Order, ...]:
        """Open orders first, then the latest closed ones."""
        closed = (self.orders[client_id] for client_id in reversed(self._closed))
        return tuple(islice(chain(reversed(self._open.values()), closed), limit))

    def knows_trade(self, symbol: str, trade_id: str) -> bool:
        return (symbol, trade_id) in self._trades

    def knows_transfer(self, reference: str) -> bool:
        return reference in self._transfers

    def _intend(self, intent: OrderIntended) -> bool:
        if intent.client_id in self.orders:
            return False
        self.orders[intent.client_id] = self._open[intent.client_id] = Order(intent)
        self._listed = None
        self.last_epoch = max(self.last_epoch, intent.epoch)
        self.used_signals[intent.signal_id] = None
        while len(self.used_signals) > SIGNALS_KEPT:
            self.used_signals.popitem(last=False)
        return True

    def _move(self, client_id: str, state: OrderState, reason: str = "") -> bool:
        order = self.orders.get(client_id)
        if order is None or not may_follow(order.state, state):
            return False
        if order.state is OrderState.UNKNOWN:
            self._unknown.pop(client_id, None)
        order.state, order.reason = state, reason or order.reason
        if state is OrderState.UNKNOWN:
            self._unknown[client_id] = order
        elif state in CLOSED:
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
        if self._open.pop(order.intent.client_id, None) is not None:
            self._listed = None
        self._closed[order.intent.client_id] = None
        self._closed.move_to_end(order.intent.client_id)
        while len(self._closed) > CLOSED_KEPT:
            self.orders.pop(self._closed.popitem(last=False)[0], None)

    def _transfer(self, moved: FundsMoved) -> bool:
        """What came before the account was adopted is in its opening balances."""
        if not self.adopted or not self._take_reference(moved.reference):
            return False
        _add(self.balances, moved.currency, moved.amount)
        _add(self.transferred, moved.currency, moved.amount)
        return True

    def _take_reference(self, reference: str) -> bool:
        """False where it was taken before."""
        if reference in self._transfers:
            return False
        self._transfers[reference] = None
        if len(self._transfers) > TRANSFERS_KEPT:
            self._transfers.popitem(last=False)
        return True

    def _hand_over(self, moved: PositionTransferred) -> bool:
        if not self._take_reference(f"{moved.giver} {moved.symbol} {moved.at_ns}"):
            return False
        with localcontext(EXACT):
            cash = moved.amount * moved.price
            self._hold((moved.giver, moved.symbol), -moved.amount, cash)
            self._hold((moved.taker, moved.symbol), moved.amount, -cash)
        return True

    def _fill(self, fill: OrderFilled) -> bool:
        key = (fill.symbol, fill.trade_id)
        if key in self._trades:
            return False
        self._trades[key] = None
        if len(self._trades) > TRADES_KEPT:
            self._trades.popitem(last=False)
        order = self.orders.get(fill.client_id)
        context = getcontext()
        setcontext(EXACT)
        try:
            self._book(ADOPTED if order is None else order.intent.strategy, fill)
            if order is not None:
                self._advance(order, fill.amount)
        finally:
            setcontext(context)
        return True

    def _book(self, strategy: str, fill: OrderFilled) -> None:
        """Law 5: balances, the account's position and the strategy's own."""
        symbol, fee, paid_in = fill.symbol, fill.fee, fill.fee_currency
        base, quote = currencies(symbol)
        change, cash = fill.amount, fill.price * fill.amount
        if fill.side == "buy":
            cash = -cash
        else:
            change = -change
        in_quote = ZERO
        if paid_in == base:
            change -= fee
            in_quote = fee * fill.price
        elif paid_in == quote:
            cash -= fee
            in_quote = fee
        balances = self.balances
        balances[base] = balances[base] + change if base in balances else change
        balances[quote] = balances[quote] + cash if quote in balances else cash
        if paid_in not in (base, quote):
            balances[paid_in] = balances.get(paid_in, ZERO) - fee
        account = self.positions.get(symbol)
        if account is None:
            account = self.positions[symbol] = Position()
        account.move(change, cash, paid_in, fee, in_quote)
        self._hold((strategy, symbol), change, cash, (paid_in, fee, in_quote))

    def _hold(
        self, holder: tuple[str, str], change: Decimal, cash: Decimal, paid: tuple[str, Decimal, Decimal] = NO_FEE
    ) -> None:
        """A strategy's own position moves. To be called in `EXACT`."""
        holding = self.holdings.get(holder)
        if holding is None:
            holding = self.holdings[holder] = Position()
        bound = abs(holding.cost)
        holding.move(change, cash, *paid)
        self.strategy_positions[holder] = holding.amount
        budget = (holder[0], currencies(holder[1])[1])
        self.capital[budget] = self.capital.get(budget, ZERO) + abs(holding.cost) - bound

    def _advance(self, order: Order, amount: Decimal) -> None:
        order.filled += amount
        full = order.filled >= order.intent.amount
        if full or order.open:
            self._move(order.intent.client_id, OrderState.FILLED if full else OrderState.PARTIALLY_FILLED)


@lru_cache(maxsize=4096)
def currencies(symbol: str) -> tuple[str, str]:
    """Base and quote, of `BTC/USDT` as of `BTC/USDT:USDT`."""
    base, _, quote = symbol.partition("/")
    return base, quote.partition(":")[0]


def _add(amounts: dict[str, Decimal], currency: str, amount: Decimal) -> None:
    amounts[currency] = EXACT.add(amounts.get(currency, ZERO), amount)
