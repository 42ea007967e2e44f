"""What became of every wish to trade, folded from the records of an account's journal: why an order was wanted, what
allowed it, what happened and what it earned. Pure, in bounded memory, and made further by every later record.

Records of one decision may come in any order: who writes the intent does not wait for who writes down its signal.
"""

from collections import OrderedDict, deque
from decimal import Decimal
from typing import Any, NamedTuple

from ..books import ADOPTED, Books
from ..differences import DifferenceNoted
from ..group_events import GroupAccepted, GroupEvent
from ..ladder import above, strategy_scope
from ..limits import LimitChanged
from ..messages import (
    ZERO,
    OrderApproved,
    OrderRefused,
    OrderRequested,
    RungChanged,
    SignalGenerated,
)
from ..order import Order
from ..order_events import OrderEvent, OrderFilled, OrderIntended
from ..order_groups import slot_of
from ..positions import EXACT
from ..rungs import Rung
from ..tally import RunStarted
from .decision import BookedFill, Decision, Decisions, Filter, Happened
from .profit import Days, gain_of

DECISIONS_KEPT = 5_000
EVENTS_KEPT = 500
"""Of one order; later ones are counted."""
FILLS_KEPT = 10_000
SCOPES_KEPT = 5_000
GROUPS_KEPT = 1_000


class LastPrice(NamedTuple):
    """What the journal knows last of a symbol's price, and from what."""

    price: Decimal
    at_ns: int
    origin: str


class History:
    """Fold with `apply`, records in their order. Keeps the latest `kept` decisions that `matches` accepts, and every
    open order; sums of profit are of all fills, whatever is kept."""

    def __init__(
        self,
        kept: int = DECISIONS_KEPT,
        matches: Filter = lambda _: True,
        known: tuple[int, Books] | None = None,
    ) -> None:
        """`known` are the books after a record of that sequence: where the first records are not there any more, they
        are gone on from, so that what is held and what it cost is right from then on."""
        self.books = Books()
        self.days = Days()
        self.fills: deque[BookedFill] = deque(maxlen=FILLS_KEPT)
        self.prices: dict[str, LastPrice] = {}
        self.run_id = ""
        self.first_sequence = self.last_sequence = 0
        self.first_ns = self.last_ns = 0
        self._decisions = Decisions(kept, matches)
        self._standing: dict[tuple[str, str], dict[str, Order]] = {}
        self._rungs: OrderedDict[str, RungChanged] = OrderedDict()
        self._known = known
        self._limits: LimitChanged | None = None
        self._groups: OrderedDict[str, list[Happened]] = OrderedDict()

    @property
    def whole(self) -> bool:
        """Whether it begins with the account's first record: if not, what was held before is not known."""
        return self.first_sequence <= 1

    def decisions(self) -> list[Decision]:
        """Those kept that match, in the order in which they were first heard of."""
        return self._decisions.matching()

    def kept(self) -> list[Decision]:
        """Those that match, and all of the latest time."""
        return self._decisions.all()

    def apply(self, sequence: int, record: Any) -> None:
        self.first_sequence, self.last_sequence = self.first_sequence or sequence, sequence
        at_ns = time_of(record)
        self.first_ns, self.last_ns = self.first_ns or at_ns, max(self.last_ns, at_ns)
        if self._known is not None and self._known[0] < sequence:
            self._take_over(self._known[1])
        self._fold(sequence, record)
        if self._known is not None and self._known[0] == sequence:
            self._take_over(self._known[1])

    def _fold(self, sequence: int, record: Any) -> None:
        match record:
            case SignalGenerated() | OrderRequested():
                self._want(sequence, record)
            case OrderApproved():
                self._approve(sequence, record)
            case OrderRefused():
                self._of(sequence, record.signal_id, record).refusals.append(record)
            case RunStarted():
                self.run_id = record.run_id
            case RungChanged():
                self._note_rung(record)
            case LimitChanged():
                self._limits = record
            case DifferenceNoted():
                self._happen_to(record.subject, sequence, record)
            case _ if isinstance(record, GroupEvent):
                self._note_group(sequence, record)
            case OrderIntended():
                self._intend(sequence, record)
            case OrderFilled():
                self._fill(sequence, record)
            case _:
                self._happen(sequence, record)

    def _take_over(self, books: Books) -> None:
        self._known = None
        if self.whole:
            return
        self.books = books
        for decision in self._decisions.all():
            decision.order = books.orders.get(decision.client_id, decision.order)

    # -- decisions ----------------------------------------------------------------------------------------------------

    def _want(self, sequence: int, wanted: SignalGenerated | OrderRequested) -> None:
        key = wanted.signal_id if isinstance(wanted, SignalGenerated) else wanted.request_id
        decision = self._of(sequence, key, wanted)
        decision.wanted, decision.at_ns = wanted, wanted.created_ns

    def _approve(self, sequence: int, approval: OrderApproved) -> None:
        self._of(sequence, approval.signal_id, approval).approvals.append(approval)
        self._note_price(approval.symbol, approval.reference_price, approval.judged_ns, "the market risk judged on")

    def _intend(self, sequence: int, intent: OrderIntended) -> None:
        decision = self._of(sequence, intent.signal_id, intent)
        if not self.books.apply(intent):
            return
        order = self.books.orders[intent.client_id]
        self._decisions.give(decision, order)
        self._standing.setdefault((intent.strategy, intent.symbol), {})[intent.client_id] = order
        self._note_event(decision, sequence, intent)

    def _fill(self, sequence: int, fill: OrderFilled) -> None:
        """The books say whose it is: what is realised is of that strategy's own position."""
        order = self.books.orders.get(fill.client_id)
        strategy = ADOPTED if order is None else order.intent.strategy
        before = gain_of(self.books.holdings.get((strategy, fill.symbol)))
        if not self.books.apply(fill):
            return
        gain = gain_of(self.books.holdings[strategy, fill.symbol]).minus(before)
        booked = BookedFill(sequence, strategy, fill, gain)
        self.fills.append(booked)
        self.days.note(strategy, fill, gain)
        self._note_price(fill.symbol, fill.price, fill.at_ns, "the last fill")
        if (decision := self._decisions.of_order(fill.client_id)) is not None:
            decision.gain = decision.gain.plus(gain)
            decision.notional = EXACT.add(decision.notional, EXACT.multiply(fill.amount, fill.price))
            if len(decision.fills) < EVENTS_KEPT:
                decision.fills.append(booked)
            self._note_event(decision, sequence, fill)

    def _happen(self, sequence: int, record: Any) -> None:
        """An event of an order, or of the account."""
        if isinstance(record, OrderEvent):
            self.books.apply(record)
        self._happen_to(getattr(record, "client_id", ""), sequence, record)

    def _happen_to(self, client_id: str, sequence: int, record: Any) -> None:
        decision = self._decisions.of_order(client_id)
        if decision is not None:
            self._note_event(decision, sequence, record)

    def _of(self, sequence: int, key: str, record: Any) -> Decision:
        decision = self._decisions.get(key)
        if decision is None:
            decision = self._begin(sequence, key, record)
            self._decisions.add(decision)
        return decision

    def _begin(self, sequence: int, key: str, record: Any) -> Decision:
        strategy, symbol = record.strategy, record.symbol
        rungs = [self._rungs[each] for each in above(strategy_scope(strategy, symbol)) if each in self._rungs]
        return Decision(
            key=key,
            sequence=sequence,
            run_id=self.run_id,
            at_ns=time_of(record),
            strategy=strategy,
            symbol=symbol,
            standing=max(rungs, key=lambda each: Rung[each.rung], default=None),
            held=self.books.strategy_positions.get((strategy, symbol), ZERO),
            standing_orders=self._open_of(strategy, symbol),
            limits=self._limits,
            group=self._groups.get((slot_of(key) or ("",))[0], []),
        )

    def _open_of(self, strategy: str, symbol: str) -> tuple[str, ...]:
        standing = self._standing.get((strategy, symbol), {})
        for client_id in [client_id for client_id, order in standing.items() if not order.open]:
            del standing[client_id]
        return tuple(standing)

    # -- beside them --------------------------------------------------------------------------------------------------

    def _note_event(self, decision: Decision, sequence: int, record: Any) -> None:
        if len(decision.events) < EVENTS_KEPT:
            decision.events.append(Happened(sequence, record))
        else:
            decision.events_left_out += 1

    def _note_group(self, sequence: int, event: Any) -> None:
        group_id = event.group.group_id if isinstance(event, GroupAccepted) else event.group_id
        events = self._groups.setdefault(group_id, [])
        if len(events) < EVENTS_KEPT:
            events.append(Happened(sequence, event))
        while len(self._groups) > GROUPS_KEPT:
            self._groups.popitem(last=False)

    def _note_price(self, symbol: str, price: Decimal, at_ns: int, origin: str) -> None:
        if price > ZERO:
            self.prices[symbol] = LastPrice(price, at_ns, origin)

    def _note_rung(self, change: RungChanged) -> None:
        self._rungs[change.scope] = change
        self._rungs.move_to_end(change.scope)
        while len(self._rungs) > SCOPES_KEPT:
            self._rungs.popitem(last=False)


def time_of(record: Any) -> int:
    """When a record says that it happened (UTC); 0 where it does not say."""
    for name in ("at_ns", "created_ns", "judged_ns"):
        if (at_ns := getattr(record, name, None)) is not None:
            return int(at_ns)
    return 0
