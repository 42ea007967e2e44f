"""The order manager's part that takes orders: from people, who are answered, and from strategies."""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from ..kernel.envelope import Reply
from ..trading.adoption import sent_before
from ..trading.group_events import GroupAccepted, GroupCancelWanted, GroupModified, Leg, OrderGroup, Slot
from ..trading.messages import ZERO, OrderRefused, Terms
from ..trading.order_checks import (
    GROUPS_MAX,
    Fault,
    find_fault,
    find_fault_of_change,
    is_same,
    round_change,
    round_group,
)
from ..trading.order_events import CancelRequested
from ..trading.order_groups import ClosedGroup, Group
from ..trading.order_states import OrderState
from ..trading.rungs import is_protective
from ..transports.order_commands import (
    REFUSED,
    CancelAllOrders,
    CancelOrder,
    FlattenPositions,
    ModifyOrder,
    OrderAnswered,
    OrderFault,
)
from . import topics

if TYPE_CHECKING:
    from .order_manager import OrderManager

IDS_TOLD = 1_000
ANSWER_WITHIN_NS = 2_000_000_000
SETTLED = frozenset(OrderState) - {OrderState.HELD, OrderState.TRIGGERED, OrderState.INTENDED, OrderState.SUBMITTED}
"""Something is known of the order by then."""
JOURNAL_FAULT = Fault("JOURNAL_FAULT", "order", "written before it is worked", "a journal that cannot be written")


class OrderDesk:
    """Refuses what makes no sense before anything of it is written; says the same of the same id, ever."""

    def __init__(self, manager: "OrderManager") -> None:
        self._manager = manager
        self._context = manager.context
        self._waiting: dict[str, list[tuple[Reply, int]]] = {}

    # -- placing ------------------------------------------------------------------------------------------------------

    def place(self, group: OrderGroup) -> Reply | OrderFault:
        """Answered when something is known of the group's first order, or after a moment."""
        fault = self._place(group)
        if fault is not None:
            return OrderFault(*fault)
        reply, now_ns = Reply(), self._context.system.clock.monotonic_ns()
        self._waiting.setdefault(group.group_id, []).append((reply, now_ns + ANSWER_WITHIN_NS))
        self.tell(group.group_id)
        return reply

    def place_quietly(self, group: OrderGroup) -> None:
        """For a strategy: it hears of refusals as everybody does."""
        if (fault := self._place(group)) is not None:
            numbers = {"field": fault.field, "expected": fault.expected, "found": fault.found}
            refused = OrderRefused(
                group.group_id, group.strategy, group.symbol, fault.code, numbers, self._context.now_ns()
            )
            self._context.publish(topics.REFUSALS, refused)

    def _place(self, group: OrderGroup) -> Fault | None:
        manager, now_ns = self._manager, self._context.now_ns()
        known = manager.groups.find(group.group_id)
        instrument = manager.instruments.get(group.symbol)
        if instrument is None:
            return self._no_instrument(group.symbol)
        if (fault := find_fault(group, instrument, manager.venue, now_ns)) is not None:
            return fault
        made = round_group(group, instrument)
        if known is not None:
            used = Fault("DUPLICATE_ID", "id", "one that was never used", group.group_id)
            return None if is_same(known.asked, made) else used
        if sent := sent_before(made, manager.books):
            return Fault(
                "DUPLICATE_ID", "id", "one that was never used", f"{group.group_id}, which {sent} was sent for"
            )
        if (fault := self._find_no_room(group)) is not None:
            return fault
        if not manager.write(GroupAccepted(made, now_ns)):
            return JOURNAL_FAULT
        self._context.fault_point("orders: group accepted")
        manager.review(made.group_id)
        return None

    def _no_instrument(self, symbol: str) -> Fault:
        known = sorted(self._manager.instruments)
        if not known:
            return Fault("NOT_CONNECTED", "venue", "connected", "no connection yet")
        return Fault("INSTRUMENT_NOT_FOUND", "symbol", f"one of {', '.join(known)}", symbol)

    def _find_no_room(self, group: OrderGroup) -> Fault | None:
        if not self._manager.may_leave(group.strategy, group.symbol):
            return Fault(
                "RUNG", "order", "placed while orders may leave", "a rung that lets none; see tradigrade ladder"
            )
        if len(self._manager.groups.open) >= GROUPS_MAX:
            return Fault("TOO_MANY_ORDERS", "order", f"among at most {GROUPS_MAX} that stand", str(GROUPS_MAX))
        return None

    # -- answering ----------------------------------------------------------------------------------------------------

    def tell(self, group_id: str) -> None:
        """Answer whoever waits for the group, once something is known of it."""
        if group_id in self._waiting and self._is_settled(group_id):
            for reply, _ in self._waiting.pop(group_id):
                reply.resolve(self.describe(group_id))

    def tell_late(self) -> None:
        now_ns = self._context.system.clock.monotonic_ns()
        for group_id, waiting in tuple(self._waiting.items()):
            if any(now_ns > until_ns for _, until_ns in waiting):
                for reply, _ in self._waiting.pop(group_id):
                    reply.resolve(self.describe(group_id))

    def _is_settled(self, group_id: str) -> bool:
        group = self._manager.groups.open.get(group_id)
        if group is None:
            return True
        attempts = [attempt for leg in group.legs.values() for attempt in leg.attempts.values()]
        if not attempts:
            return "entry" not in group.legs or "exit" not in group.legs or self._manager.is_synced(group_id)
        return all(attempt.state in SETTLED for attempt in attempts)

    def describe(self, group_id: str) -> OrderAnswered:
        """How a group stands."""
        found = self._manager.groups.find(group_id)
        if isinstance(found, ClosedGroup):
            refused, _, code = found.reason.partition("refused: ")
            return OrderAnswered((group_id,), "closed" if refused or not code else REFUSED, detail=code or found.reason)
        if found is None:
            return OrderAnswered((group_id,), "forgotten")
        legs = [f"{slot}: {leg.last.state.value if leg.last else 'held'}" for slot, leg in found.legs.items()]
        filled = sum((leg.done for leg in found.legs.values()), ZERO)
        state = "working" if found.orders else "held"
        return OrderAnswered((group_id, *(each.client_id for each in found.orders)), state, filled, ", ".join(legs))

    # -- changing -----------------------------------------------------------------------------------------------------

    def modify(self, asked: ModifyOrder) -> OrderAnswered | OrderFault:
        """At the same modify id the same answer."""
        group = self._manager.groups.open.get(asked.order_id)
        if group is None:
            return self._not_open(asked.order_id)
        if asked.modify_id in group.modifies:
            return self.describe(asked.order_id)
        slot = next((each for each in group.legs if each == asked.leg), None) if asked.leg else next(iter(group.legs))
        if slot is None:
            return OrderFault("LEG_NOT_FOUND", "leg", f"one of {', '.join(group.legs)}", asked.leg)
        fault = self._change(group, slot, asked)
        return self.describe(asked.order_id) if fault is None else OrderFault(*fault)

    def _change(self, group: Group, slot: Slot, asked: ModifyOrder) -> Fault | None:
        instrument = self._manager.instruments.get(group.asked.symbol)
        if instrument is None:
            return self._no_instrument(group.asked.symbol)
        wanted = (asked.amount, asked.price, asked.stop_price)
        change = GroupModified(asked.order_id, asked.modify_id, slot, *wanted, self._context.now_ns())
        if (fault := find_fault_of_change(group.legs[slot].leg, change, instrument)) is not None:
            return fault
        if not self._manager.write(round_change(group.legs[slot].leg, change, instrument)):
            return JOURNAL_FAULT
        self._manager.review(asked.order_id)
        return None

    def _not_open(self, order_id: str) -> OrderAnswered | OrderFault:
        if self._manager.groups.find(order_id) is not None:
            return self.describe(order_id)
        return OrderFault("ORDER_NOT_FOUND", "id", "that of an order", order_id)

    # -- cancelling ---------------------------------------------------------------------------------------------------

    def cancel(self, asked: CancelOrder) -> OrderAnswered | OrderFault:
        if asked.order_id in self._manager.groups.open:
            done = self._cancel_group(asked.order_id, asked.reason, exits=True)
            return self.describe(asked.order_id) if done else OrderFault(*JOURNAL_FAULT)
        order = self._manager.books.orders.get(asked.order_id)
        if order is None:
            return self._not_open(asked.order_id)
        if order.open:
            self._context.tell(self._manager.executor, CancelRequested(asked.order_id, asked.reason))
        return OrderAnswered((asked.order_id,), "cancelling" if order.open else order.state.value, order.filled)

    def cancel_all(self, asked: CancelAllOrders) -> OrderAnswered:
        ids = []
        for group_id, group in tuple(self._manager.groups.open.items()):
            meant = asked.symbol in ("", group.asked.symbol) and (asked.stops or not _only_guards(group))
            exits = asked.stops or not _guards(group.asked.exit)
            if meant and self._cancel_group(group_id, asked.reason, exits=exits):
                ids.append(group_id)
        ids += self._cancel_others(asked.symbol, "", asked.reason, stops=asked.stops)
        return _told(ids, "cancelling")

    def _cancel_group(self, group_id: str, reason: str, *, exits: bool) -> bool:
        if not self._manager.write(GroupCancelWanted(group_id, reason, exits, self._context.now_ns())):
            return False
        self._context.fault_point("orders: step written")
        self._manager.review(group_id)
        return True

    def _cancel_others(self, symbol: str, strategy: str, reason: str, *, stops: bool) -> Iterator[str]:
        """Orders that no group works."""
        for order in self._manager.books.open_orders():
            intent = order.intent
            meant = symbol in ("", intent.symbol) and strategy in ("", intent.strategy)
            own = intent.client_id in self._manager.groups.orders
            if meant and not own and (stops or not is_protective(intent.type)):
                self._context.tell(self._manager.executor, CancelRequested(intent.client_id, reason))
                yield intent.client_id

    # -- flattening ---------------------------------------------------------------------------------------------------

    def flatten(self, asked: FlattenPositions) -> OrderAnswered | OrderFault:
        """First all that stands is cancelled; a position is sold when nothing of its strategy stands any more."""
        manager = self._manager
        for group_id, group in tuple(manager.groups.open.items()):
            meant = asked.symbol in ("", group.asked.symbol) and asked.strategy in ("", group.asked.strategy)
            if meant and group.asked.kind != "flatten" and not self._cancel_group(group_id, "flatten", exits=True):
                return OrderFault(*JOURNAL_FAULT)
        ids = list(self._cancel_others(asked.symbol, asked.strategy, "flatten", stops=True))
        for (strategy, symbol), held in tuple(manager.books.strategy_positions.items()):
            if held > 0 and asked.symbol in ("", symbol) and asked.strategy in ("", strategy):
                ids.append(self._sell(f"{asked.command_id}/{strategy}/{symbol}", strategy, symbol, held))
        return _told(ids, "flattening")

    def _sell(self, group_id: str, strategy: str, symbol: str, held: Decimal) -> str:
        leg = Leg("sell", "market", held, terms=Terms(reduce_only=True))
        group = OrderGroup(group_id, "flatten", strategy, symbol, exit=leg, cause="flatten")
        if self._manager.groups.find(group_id) is None:
            self._manager.write(GroupAccepted(group, self._context.now_ns()))
        self._manager.review(group_id)
        return group_id

    def is_busy(self, flatten: OrderGroup) -> bool:
        """Whether something else of the strategy stands in the symbol."""
        where = (flatten.strategy, flatten.symbol)
        own = self._manager.groups.requests
        groups = (each.asked for each in self._manager.groups.open.values() if each.asked.kind != "flatten")
        orders = (order.intent for order in self._manager.books.open_orders())
        others = (each for each in orders if own.get(each.signal_id, ("",))[0] != flatten.group_id)
        stands = any((each.strategy, each.symbol) == where for each in groups)
        return stands or any((each.strategy, each.symbol) == where for each in others)


def _told(ids: list[str], state: str) -> OrderAnswered:
    """Not of more than an answer can carry."""
    return OrderAnswered(tuple(ids[:IDS_TOLD]), state if ids else "nothing to do", detail=f"{len(ids)} in all")


def _guards(leg: Leg | None) -> bool:
    return leg is not None and is_protective(leg.type)


def _only_guards(group: Group) -> bool:
    """Nothing of it but what guards a position stands, or is to come."""
    entry = group.asked.entry
    return _guards(group.asked.exit if entry is None or group.entry_off else entry)
