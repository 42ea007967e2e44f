"""Laws 1 to 5 as checks from outside: what an account may send, and what its journal may say if the venue is right.

The actors keep the laws; these functions only look. Simulations run them at every order, tests of real processes on the
journal and the venue's own log.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from decimal import Decimal, localcontext
from typing import NamedTuple

from .books import ADOPTED, Books, currencies
from .messages import ZERO, OrderApproved
from .order_events import (
    HistoryAdopted,
    OrderCancelled,
    OrderEvent,
    OrderIntended,
    OrderRejected,
    PositionTransferred,
)
from .positions import EXACT, Position


class LawBroken(AssertionError):
    """The text names the law and what was seen."""

    def __init__(self, law: int, words: str) -> None:
        super().__init__(f"law {law} is broken: {words}")
        self.law = law


class _Handed(NamedTuple):
    approval: OrderApproved
    living_risk: str


class Sending(NamedTuple):
    """What is known at the moment an order leaves."""

    intent: OrderIntended
    journalled: bool
    """The intent stands in the journal, as the disk shows it."""
    lease_held: bool
    holder: str
    """The process that it leaves."""


class OrderLaws:
    """Watches one account for its whole life, over all its processes."""

    def __init__(self) -> None:
        self._approvals: dict[str, _Handed] = {}
        self._used: set[str] = set()
        self._sent: set[str] = set()
        self._signals: set[str] = set()
        self._holders: dict[int, str] = {}
        """Who used each epoch of the lease."""

    def note_approval(self, approval: OrderApproved, living_risk: str) -> None:
        """The executor is handed one while `living_risk` is the newest incarnation of risk: what becomes of that risk
        before the order leaves nobody can know."""
        self._approvals[approval.approval_id] = _Handed(approval, living_risk)

    def check_sent(self, sending: Sending) -> None:
        """An order leaves. Raises `LawBroken`."""
        intent = sending.intent
        if intent.client_id in self._sent:
            raise LawBroken(3, f"{intent.client_id} was sent a second time")
        self._check_approval(sending)
        if not sending.journalled:
            raise LawBroken(2, f"{intent.client_id} left before its intent was in the journal")
        if intent.signal_id in self._signals:
            raise LawBroken(2, f"signal {intent.signal_id} yielded a second order")
        if not sending.lease_held:
            raise LawBroken(4, f"{intent.client_id} left without the lease")
        if self._holders.setdefault(intent.epoch, sending.holder) != sending.holder:
            raise LawBroken(4, f"{intent.client_id} carries an epoch that another process used")
        self._signals.add(intent.signal_id)
        self._sent.add(intent.client_id)

    def forget_epochs(self, after: int) -> None:
        """After a loss of power on a disk that had lied of its syncs: nobody can know that those were used."""
        self._holders = {epoch: holder for epoch, holder in self._holders.items() if epoch <= after}

    def check_cancel(self, client_id: str, *, lease_held: bool, known: bool) -> None:
        """A cancel leaves; `known`: its order is in the journal, made or adopted. Raises `LawBroken`."""
        if not known:
            raise LawBroken(2, f"a cancel of {client_id} left, and no record of the journal knows that order")
        if not lease_held:
            raise LawBroken(4, f"a cancel of {client_id} left without the lease")

    def _check_approval(self, sending: Sending) -> None:
        intent = sending.intent
        handed = self._approvals.get(intent.approval_id)
        if handed is None:
            raise LawBroken(1, f"{intent.client_id} left without an approval")
        approval = handed.approval
        if intent.approval_id in self._used:
            raise LawBroken(1, f"approval {intent.approval_id} was used a second time")
        self._used.add(intent.approval_id)
        allowed = (approval.signal_id, approval.symbol, approval.side, approval.type, approval.amount, approval.price)
        if allowed != (intent.signal_id, intent.symbol, intent.side, intent.type, intent.amount, intent.price):
            raise LawBroken(1, f"{intent.client_id} is not what {approval.approval_id} allows")
        if approval.risk_incarnation != handed.living_risk:
            raise LawBroken(1, f"{intent.client_id} was approved by a risk that is no more")
        if intent.at_ns >= approval.expires_ns:
            raise LawBroken(1, f"{intent.client_id} was approved too long ago")


class VenueOrderFact(NamedTuple):
    """An order as the venue itself knows it."""

    client_id: str
    is_open: bool
    filled: Decimal


class VenueTradeFact(NamedTuple):
    trade_id: str
    client_id: str
    symbol: str
    signed_amount: Decimal
    """Of the base currency, after a fee taken in it."""


def check_conclusions(records: Iterable[object], orders: Mapping[str, VenueOrderFact]) -> None:
    """Law 3: what the journal says of an order's end is true at the venue; raises `LawBroken`. An order said never to
    have arrived must never have: known when everything came to rest. One said cancelled must not stand, ever."""
    for record in records:
        match record:
            case OrderRejected(client_id, code) if client_id in orders:
                raise LawBroken(3, f"{client_id} is {code} in the journal, and the venue holds it")
            case OrderCancelled(client_id) if client_id in orders and orders[client_id].is_open:
                raise LawBroken(3, f"{client_id} is cancelled in the journal, and stands at the venue")


def check_signals(records: Iterable[object]) -> None:
    """Law 2 over a whole journal: a signal yields one intent, ever; an id is made once; raises `LawBroken`."""
    intents = [record for record in records if isinstance(record, OrderIntended) and record.strategy != ADOPTED]
    for what, values in (("signal", [i.signal_id for i in intents]), ("client id", [i.client_id for i in intents])):
        doubled = [value for value, count in Counter(values).items() if count > 1]
        if doubled:
            raise LawBroken(2, f"{what} {doubled[0]} is in two intents")


def fold(records: Iterable[object]) -> Books:
    """The books that a journal's records make."""
    books = Books()
    for record in records:
        if isinstance(record, OrderEvent):
            books.apply(record)
    return books


def check_books(
    books: Books,
    balances: Mapping[str, Decimal],
    orders: Mapping[str, VenueOrderFact],
    trades: Iterable[VenueTradeFact],
    *,
    prefix: str = "",
) -> None:
    """Law 5, when everything came to rest: the books equal the venue, and strategies add up; raises `LawBroken`. Open
    orders without `prefix` are of others."""
    for currency in sorted(books.balances.keys() | balances.keys()):
        ours, theirs = books.balances.get(currency, ZERO), balances.get(currency, ZERO)
        if ours != theirs:
            raise LawBroken(5, f"balance of {currency}: books {ours}, venue {theirs}")
    if unknown := books.unknown_orders():
        raise LawBroken(3, f"{unknown[0].intent.client_id} is still unknown: {unknown[0].reason}")
    ours_open = {order.intent.client_id for order in books.open_orders()}
    theirs_open = {each for each, order in orders.items() if order.is_open and each.startswith(prefix)}
    if ours_open != theirs_open:
        raise LawBroken(5, f"open orders: books {sorted(ours_open)}, venue {sorted(theirs_open)}")
    _check_positions(books, trades)


def check_funds(books: Books, transferred: Mapping[str, Decimal]) -> None:
    """Law 5, when everything came to rest: what the venue moved in and out is booked as that, and no strategy holds
    what the account does not have; raises `LawBroken`."""
    for currency in sorted(books.transferred.keys() | transferred.keys()):
        ours, theirs = books.transferred.get(currency, ZERO), transferred.get(currency, ZERO)
        if ours != theirs:
            raise LawBroken(5, f"{currency} moved in and out: books {ours}, venue {theirs}")
    held: dict[str, Decimal] = {}
    for (strategy, symbol), amount in books.strategy_positions.items():
        if strategy != ADOPTED:
            base, _ = currencies(symbol)
            held[base] = held.get(base, ZERO) + max(amount, ZERO)
    for base, amount in sorted(held.items()):
        if amount > books.balances.get(base, ZERO):
            raise LawBroken(5, f"strategies hold {amount} {base} of {books.balances.get(base, ZERO)} that there are")


def check_owners(
    books: Books,
    records: Iterable[object],
    trades: Iterable[VenueTradeFact],
    owners: Mapping[str, str],
    *,
    but: Container[tuple[str, str]] = (),
) -> None:
    """Law 5, when everything came to rest: what an order brought is of the strategy that it was sent for, whatever the
    journal lost; raises `LawBroken`. `owners`: strategies by client id, of all that ever left; `but` these strategies'
    symbols."""
    held: Counter[tuple[str, str]] = Counter()
    began: dict[str, int] = {}
    for record in records:
        match record:
            case HistoryAdopted(symbol, last_trade_id):
                began.setdefault(symbol, last_trade_id)
            case PositionTransferred(symbol, giver, taker, amount):
                held[giver, symbol] -= amount  # type: ignore[assignment]  # Decimals
                held[taker, symbol] += amount  # type: ignore[assignment]
    for trade in trades:
        if trade.client_id in owners and int(trade.trade_id) > began.get(trade.symbol, 0):
            held[owners[trade.client_id], trade.symbol] += trade.signed_amount  # type: ignore[assignment]
    for strategy, symbol in sorted(books.strategy_positions.keys() | held.keys()):
        ours, theirs = books.strategy_positions.get((strategy, symbol), ZERO), held[strategy, symbol]
        if strategy != ADOPTED and (strategy, symbol) not in but and ours != theirs:
            raise LawBroken(5, f"{strategy} holds {ours} {symbol} in the books, and its orders brought {theirs}")


def _check_positions(books: Books, trades: Iterable[VenueTradeFact]) -> None:
    traded: Counter[str] = Counter()
    for trade in trades:
        traded[trade.symbol] += trade.signed_amount  # type: ignore[assignment]  # Decimals
    for symbol in sorted(books.positions.keys() | traded.keys()):
        position = books.positions[symbol].amount if symbol in books.positions else ZERO
        if position != traded[symbol]:
            raise LawBroken(5, f"position in {symbol}: books {position}, the venue's trades {traded[symbol]}")
        parts = [amount for (_, held), amount in books.strategy_positions.items() if held == symbol]
        if sum(parts, ZERO) != position:
            raise LawBroken(5, f"position in {symbol}: {position}, its strategies' together {sum(parts, ZERO)}")
        _check_cash(books, symbol)


def _check_cash(books: Books, symbol: str) -> None:
    """Strategies add up to the account in money, too, and its lots to what it holds."""
    parts = [held for (_, name), held in books.holdings.items() if name == symbol]
    account = books.positions.get(symbol, Position())
    with localcontext(EXACT):
        ours, theirs = account.realised - account.cost, sum((held.realised - held.cost for held in parts), ZERO)
        lots = [sum(column, ZERO) for column in zip(*account.lots, strict=True)] or [ZERO, ZERO]
        if ours != theirs:
            raise LawBroken(5, f"cash moved by {symbol}: {ours}, by its strategies {theirs}")
        if lots != [account.amount, account.fifo_cost]:
            raise LawBroken(5, f"lots of {symbol}: {lots}, its position {account.amount} at {account.fifo_cost}")
