"""Whose an order is that the venue knows and the journal does not, since a power loss took its tail. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from .books import ADOPTED, Books
from .evidence import VenueOrder
from .group_events import SLOTS, OrderGroup, Slot
from .order_groups import Groups, LegState, request_id_of
from .order_ids import Tags, request_tag, strategy_tag, tags_of

MANUAL = "manual"
"""Strategy name of what a person asks for and names no other."""


class Owner(NamedTuple):
    """`signal_id` names the request that the order was sent for: it is used, and yields no second order."""

    strategy: str
    signal_id: str


def nobody(found: VenueOrder) -> Owner:
    return Owner(ADOPTED, _own_word(found))


def owner_of(found: VenueOrder, names: Iterable[str], groups: Groups) -> Owner:
    """By the tags of its client id: the leg of an open group, else one of the strategies named. Nobody's where the id
    is of a version without tags, or no strategy, or more than one, has its tag."""
    tags = tags_of(found.client_id)
    if tags is None:
        return nobody(found)
    if (owner := _leg_owner(found, tags, groups)) is not None:
        return owner
    known = {*names, *(group.asked.strategy for group in groups.open.values())} - {ADOPTED}
    matching = [name for name in known if strategy_tag(name) == tags.strategy]
    return Owner(matching[0], _own_word(found)) if len(matching) == 1 else nobody(found)


def sent_before(group: OrderGroup, books: Books) -> str:
    """The adopted order that was sent for a group before a power loss took all word of it; empty where none was."""
    wanted = {_leg_tag(group, slot) for slot in SLOTS}
    for client_id, order in books.orders.items():
        tags = None if order.intent.sequence else tags_of(client_id)
        if tags is not None and tags in wanted and order.intent.symbol == group.symbol:
            return client_id
    return ""


def _own_word(found: VenueOrder) -> str:
    return f"{ADOPTED}:{found.client_id}"


def _leg_owner(found: VenueOrder, tags: Tags, groups: Groups) -> Owner | None:
    for group in groups.open.values():
        if group.asked.symbol != found.symbol or strategy_tag(group.asked.strategy) != tags.strategy:
            continue
        for slot, state in group.legs.items():
            if state.leg.side == found.side and _leg_tag(group.asked, slot) == tags:
                made = request_id_of(group.asked.group_id, slot, 0, found.client_id)
                return Owner(group.asked.strategy, _unsent(state, found) or made)
    return None


def _leg_tag(group: OrderGroup, slot: Slot) -> Tags:
    return Tags(strategy_tag(group.strategy), request_tag(request_id_of(group.group_id, slot, 0, "")))


def _unsent(state: LegState, found: VenueOrder) -> str:
    """The request of the leg that the journal knows no order of, and that this one is: the newest of its size, or the
    last there was."""
    unsent = {name: attempt.request for name, attempt in state.attempts.items() if not attempt.client_id}
    wanted = (found.type, found.amount, found.price)
    same = [name for name, asked in unsent.items() if (asked.type, asked.amount, asked.price) == wanted]
    last = next(reversed(state.attempts), "")
    return same[-1] if same else last if last in unsent else ""
