"""One decision with all that the journal says of it, and a bounded store of them."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from ..limits import LimitChanged
from ..messages import ZERO, OrderApproved, OrderRefused, OrderRequested, RungChanged, SignalGenerated
from ..order import Order
from ..order_events import OrderFilled
from ..order_groups import slot_of
from .profit import NOTHING, Gain


class Happened(NamedTuple):
    """A record at its place in the journal."""

    sequence: int
    record: Any


class BookedFill(NamedTuple):
    """A fill, whose it was, and what it realised."""

    sequence: int
    strategy: str
    fill: OrderFilled
    gain: Gain


@dataclass(slots=True)
class Decision:
    """One wish of a strategy or a person, and all that followed; `order` is None where no order did."""

    key: str
    """The signal's or the request's id, or the client id of an order that has neither."""
    sequence: int
    """Of its first record."""
    run_id: str
    at_ns: int
    strategy: str = ""
    symbol: str = ""
    standing: RungChanged | None = None
    """The lowest rung that held for it then; None where none had been told."""
    held: Decimal = ZERO
    """What its strategy held then."""
    standing_orders: tuple[str, ...] = ()
    """Orders of the same strategy and symbol that were open then."""
    limits: LimitChanged | None = None
    """The last change of a limit before it."""
    group: list[Happened] = field(default_factory=list)
    """What happened to the orders that it belongs to, where it is one of a group."""
    wanted: SignalGenerated | OrderRequested | None = None
    approvals: list[OrderApproved] = field(default_factory=list)
    refusals: list[OrderRefused] = field(default_factory=list)
    order: Order | None = None
    events: list[Happened] = field(default_factory=list)
    events_left_out: int = 0
    fills: list[BookedFill] = field(default_factory=list)
    notional: Decimal = ZERO
    gain: Gain = NOTHING
    """What was paid or received, in quote currency, and what it realised: of all its fills."""

    @property
    def client_id(self) -> str:
        return "" if self.order is None else self.order.intent.client_id

    @property
    def is_open(self) -> bool:
        return self.order is not None and self.order.open

    @property
    def adopted(self) -> bool:
        """Found at the venue: the journal lost its intent."""
        return self.order is not None and not self.order.intent.sequence

    @property
    def state(self) -> str:
        """The order's, or what became of the wish instead."""
        if self.order is not None:
            return self.order.state.value
        return "refused" if self.refusals else "approved" if self.approvals else "no order"

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id it is known by."""
        owner = slot_of(self.key)
        group_id = "" if owner is None else owner[0]
        named = (self.client_id, self.key, *(each.approval_id for each in self.approvals), group_id)
        return tuple(dict.fromkeys(each for each in named if each))


Filter = Callable[[Decision], bool]


class Decisions:
    """The latest `kept` of all, the latest `kept` of the older ones that `matches` accepts, and every open order."""

    def __init__(self, kept: int, matches: Filter) -> None:
        self._kept = kept
        self._matches = matches
        self._latest: OrderedDict[str, Decision] = OrderedDict()
        self._older: OrderedDict[str, Decision] = OrderedDict()
        self._by_client: dict[str, Decision] = {}

    def get(self, key: str) -> Decision | None:
        return self._latest.get(key) or self._older.get(key)

    def of_order(self, client_id: str) -> Decision | None:
        return self._by_client.get(client_id)

    def add(self, decision: Decision) -> None:
        self._latest[decision.key] = decision
        for _ in range(2):  # an open order among the oldest goes behind the others, so one more is looked at
            if len(self._latest) > self._kept:
                self._age(next(iter(self._latest.values())))

    def give(self, decision: Decision, order: Order) -> None:
        """An order followed from it."""
        decision.order = order
        self._by_client[order.intent.client_id] = decision

    def matching(self) -> list[Decision]:
        """Oldest first."""
        latest = [each for each in self._latest.values() if self._matches(each)]
        return sorted((*self._older.values(), *latest), key=lambda each: each.sequence)

    def all(self) -> list[Decision]:
        return [*self._older.values(), *self._latest.values()]

    def _age(self, decision: Decision) -> None:
        if decision.is_open:
            self._latest.move_to_end(decision.key)
            return
        del self._latest[decision.key]
        if not self._matches(decision):
            self._by_client.pop(decision.client_id, None)
            return
        self._older[decision.key] = decision
        if len(self._older) > self._kept:
            _, forgotten = self._older.popitem(last=False)
            self._by_client.pop(forgotten.client_id, None)
