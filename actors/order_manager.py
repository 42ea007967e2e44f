"""The order manager: works groups of orders, holds what the venue cannot, and obeys people and strategies."""

from typing import Any, NamedTuple

from ..config.risk_settings import RiskSettings
from ..exchanges.listing import InstrumentsChanged
from ..exchanges.venue import VenueOpened
from ..kernel.actor import Actor
from ..storage.account_journal import AccountJournal
from ..storage.journal import JournalFault
from ..trading.books import Books
from ..trading.capabilities import capabilities_of
from ..trading.emulation import Touch, touch_of
from ..trading.group_cancels import cancels
from ..trading.group_events import GroupAccepted, GroupClosed, GroupRecord, OrderGroup
from ..trading.group_fold import fold
from ..trading.group_modifies import lost_words
from ..trading.group_steps import next_record, unanswered
from ..trading.group_view import View, is_restless, watches
from ..trading.limits import LimitChanged
from ..trading.messages import (
    ZERO,
    AccountReconciled,
    MarketDataUpdate,
    OrderRefused,
    OrderRequested,
    RiskAlert,
    RungChanged,
)
from ..trading.order_events import OrderEvent
from ..trading.order_groups import Group, Groups
from ..trading.rungs import Rung
from ..transports.order_commands import CancelAllOrders, CancelOrder, FlattenPositions, ModifyOrder, PlaceOrders
from . import topics
from .heard_rungs import HeardRungs
from .order_desk import OrderDesk
from .order_sizes import OrderSizes

LOOK_PERIOD_S = 0.25
SYNC_LOOK_S = 0.004
"""The journal is synced within 10 ms."""
ASK_AGAIN_NS = 1_000_000_000
"""A request or a cancel that nothing came of yet is said again after so long: it is the same one."""
REQUEST_TTL_S = 1.0
"""Risk does not look at an older request: with the life of an approval it is over before a new one is made."""
STEPS_MAX = 100


class _LookDue:
    pass


class _SyncLookDue(NamedTuple):
    """Time to see whether a group is on the disk."""

    group_id: str


class OrderManager(Actor):
    """Needs the port `journal`, open. Every step is in the journal before it is taken, and what is to be done follows
    from the journal alone: after a crash, wherever it came, the groups go on where they stood. Every order goes
    through risk, every cancel through the executor."""

    catches_up = True  # as the feed does

    def __init__(self, venue: str, risk: str, executor: str, limits: RiskSettings) -> None:
        """`venue`: ccxt's name of the exchange, for what it can hold itself."""
        self.venue = capabilities_of(venue)
        self.risk = risk
        self.executor = executor
        self.limits = limits

    def start(self) -> None:
        self._journal: AccountJournal = self.context.ports["journal"]
        for topic in (topics.ORDERS, topics.REFUSALS, topics.VENUE, topics.RUNG, topics.RECONCILED, topics.LIMITS):
            self.context.subscribe(topic)
        with self._journal.exclusive():  # of one moment
            self.groups: Groups = self._journal.groups()
            self.books: Books = self._journal.books()
        self.instruments: dict[str, Any] = {}
        self._touches: dict[str, Touch] = {}
        self._rungs = HeardRungs()
        self._watched: dict[str, dict[str, None]] = {}
        """By symbol, the groups that its market may set something off of."""
        self._unsynced = dict.fromkeys(self.groups.open, self._journal.next_sequence - 1)
        """By group, the record that must be on the disk before an entry leaves that is to be guarded."""
        self._restless = dict.fromkeys(self.groups.open)
        """Those that time alone may leave something to do for."""
        self._heard: set[str] = set()
        self._salt = self.context.system.entropy.new_id()[:8]
        self._said_ns: dict[str, int] = {}
        self._compared = False
        self._desk = OrderDesk(self)
        self._sizes = OrderSizes(self.context, self.limits)
        self.context.repeat(LOOK_PERIOD_S, _LookDue())

    def receive(self, message: Any) -> Any:
        match message:
            case MarketDataUpdate():
                self._see(message)
            case _ if isinstance(message, OrderEvent):
                self.books.apply(message)
                self._happened(message)
            case OrderRefused():
                self._happened(message)
            case OrderGroup():
                self._desk.place_quietly(message)
            case RungChanged():
                self._rungs.hear(message)
            case LimitChanged():
                self._sizes.read()
            case AccountReconciled(equal=True):
                self._compared = True
            case VenueOpened(instruments) | InstrumentsChanged(instruments):
                self.instruments = {**self.instruments, **instruments}
                for group_id in tuple(self.groups.open):
                    self.review(group_id)
            case _LookDue():
                self._look()
            case _SyncLookDue(group_id):
                self._look_for_sync(group_id)
            case PlaceOrders():
                return self._desk.place(message.group)
            case ModifyOrder():
                return self._desk.modify(message)
            case CancelOrder():
                return self._desk.cancel(message)
            case CancelAllOrders():
                return self._desk.cancel_all(message)
            case FlattenPositions():
                return self._desk.flatten(message)

    # -- what happens -------------------------------------------------------------------------------------------------

    def _see(self, update: MarketDataUpdate) -> None:
        touch = touch_of(update)
        if touch is not None:
            self._touches[update.symbol] = touch
            for group_id in tuple(self._watched.get(update.symbol, ())):
                self.review(group_id)

    def _happened(self, event: Any) -> None:
        group_id = fold(self.groups, event)
        if group_id:
            self.review(group_id)
            self._desk.tell(group_id)

    def _look_for_sync(self, group_id: str) -> None:
        if self.is_synced(group_id):
            self.review(group_id)
            self._desk.tell(group_id)
        else:
            self.context.schedule(SYNC_LOOK_S, _SyncLookDue(group_id))

    def is_synced(self, group_id: str) -> bool:
        """Whether a group would survive a loss of power."""
        if (sequence := self._unsynced.get(group_id)) is not None and self._journal.is_synced(sequence):
            del self._unsynced[group_id]
        return group_id not in self._unsynced

    def _look(self) -> None:
        for group_id in tuple(self._restless):
            self.review(group_id)
        self._desk.tell_late()

    # -- the steps ----------------------------------------------------------------------------------------------------

    def review(self, group_id: str) -> None:
        """Do all that is to be done for a group now."""
        self._restless[group_id] = None
        for _ in range(STEPS_MAX):
            group = self.groups.open.get(group_id)
            view = None if group is None else self._view(group)
            record = None if group is None or view is None else next_record(group, view)
            if group is None or view is None or record is None:
                break
            words = lost_words(group, record)
            if not self.write(record):  # the disk is full: again at the next look
                return
            if words:
                self.context.publish(topics.ALERTS, RiskAlert("MODIFICATION_LOST", words, view.now_ns))
            self.context.fault_point("orders: step written")
            if isinstance(record, OrderRequested):
                self._ask(record)
        else:
            raise AssertionError(f"group {group_id} does not come to rest within {STEPS_MAX} steps")
        if group is None or not is_restless(group):
            self._restless.pop(group_id, None)
        self._watch(group_id, group, view)
        if group is not None and view is not None:
            self._say(group, view)

    def write(self, record: GroupRecord | OrderRefused) -> bool:
        """Into the journal, then into the groups; False, and nothing of it stands anywhere, where it cannot be."""
        try:
            sequence = self._journal.append(record)
        except (JournalFault, OSError):
            self.context.system.metrics.count("order_steps_not_written")
            return False
        fold(self.groups, record)
        match record:
            case GroupAccepted(group):
                self._unsynced[group.group_id] = sequence
                self.context.schedule(SYNC_LOOK_S, _SyncLookDue(group.group_id))
            case GroupClosed(group_id):
                self._unsynced.pop(group_id, None)
        return True

    def may_leave(self, strategy: str, symbol: str) -> bool:
        """Whether the ladder lets orders of a strategy on a symbol leave."""
        return self._rungs.of(strategy, symbol) < Rung.CANCEL_ONLY

    def _say(self, group: Group, view: View) -> None:
        """What must not stand any more, and what risk has not answered."""
        for cancel in cancels(group, view):
            if self._is_due(cancel.client_id):
                self.context.tell(self.executor, cancel)
                self.context.fault_point("orders: cancel asked")
        if view.orders_leave:
            for request in unanswered(group):
                self._ask(request)

    def _ask(self, request: OrderRequested) -> None:
        if self._is_due(request.request_id):
            self.context.tell(self.risk, request, ttl_s=REQUEST_TTL_S)
            self.context.fault_point("orders: risk asked")
            self.context.progress()

    def _is_due(self, key: str) -> bool:
        now_ns = self.context.system.clock.monotonic_ns()
        if now_ns - self._said_ns.get(key, -ASK_AGAIN_NS) < ASK_AGAIN_NS:
            return False
        if len(self._said_ns) > 10_000:
            self._said_ns = {each: at_ns for each, at_ns in self._said_ns.items() if now_ns - at_ns < ASK_AGAIN_NS}
        self._said_ns[key] = now_ns
        return True

    def _watch(self, group_id: str, group: Group | None, view: View | None) -> None:
        """A market is heard from when it first matters."""
        if group is None or view is None or not watches(group, view):
            for watched in self._watched.values():
                watched.pop(group_id, None)
            return
        symbol = group.asked.symbol
        self._watched.setdefault(symbol, {})[group_id] = None
        if symbol not in self._heard:
            self._heard.add(symbol)
            self.context.subscribe(topics.market(symbol))

    def _view(self, group: Group) -> View:
        asked = group.asked
        return View(
            now_ns=self.context.now_ns(),
            touch=self._touches.get(asked.symbol),
            instrument=self.instruments.get(asked.symbol),
            venue=self.venue,
            held=self.books.strategy_positions.get((asked.strategy, asked.symbol), ZERO),
            salt=self._salt,
            busy=asked.kind == "flatten" and self._desk.is_busy(asked),
            orders_leave=self.may_leave(asked.strategy, asked.symbol),
            largest=self._sizes.largest(asked.strategy, asked.symbol),
            kept=self.is_synced(asked.group_id),
            compared=self._compared,
        )
