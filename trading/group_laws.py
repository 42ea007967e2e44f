"""The law of orders that belong together as a check from outside, beside `laws.py`."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from .evidence import VenueOrder
from .group_events import Slot
from .laws import LawBroken
from .messages import ZERO
from .order_events import OrderIntended
from .order_groups import slot_of


class GroupLaws:
    """Watches the groups of one account for their whole life."""

    def __init__(self) -> None:
        self._orders: dict[str, dict[Slot, list[str]]] = {}
        """Client ids of a group's orders, by group id."""

    def check_sent(self, intent: OrderIntended, at_venue: Callable[[], Mapping[str, VenueOrder]]) -> None:
        """An order leaves; `at_venue` tells what the venue holds, by client id. Raises `LawBroken`."""
        found = slot_of(intent.signal_id)
        if found is None:
            return
        group_id, slot = found
        if slot != "entry":
            self._check(group_id, at_venue(), intent.amount)
        self._orders.setdefault(group_id, {}).setdefault(slot, []).append(intent.client_id)

    def check_end(self, at_venue: Mapping[str, VenueOrder]) -> None:
        """When everything came to rest. Raises `LawBroken`."""
        for group_id in self._orders:
            self._check(group_id, at_venue, ZERO)

    def _check(self, group_id: str, at_venue: Mapping[str, VenueOrder], leaving: Decimal) -> None:
        """The exits of an entry never trade, stand for or leave with more, all together, than the entry brought."""
        slots = self._orders.get(group_id, {})
        if "entry" not in slots:
            return
        brought = sum((at_venue[each].filled for each in slots["entry"] if each in at_venue), ZERO)
        exits = [at_venue[each] for slot, ids in slots.items() if slot != "entry" for each in ids if each in at_venue]
        sold = sum((order.filled for order in exits), ZERO)
        standing = sum((order.amount - order.filled for order in exits if order.state == "open"), ZERO)
        if sold + standing + leaving > brought:
            words = f"{sold} is sold, {standing} stands and {leaving} leaves of {brought} that its entry brought"
            raise LawBroken(3, f"group {group_id}: {words}")
