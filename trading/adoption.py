"""Whose an order is that the venue knows and the journal does not, since a power loss took its tail. Pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .books import ADOPTED, Books
from .evidence import VenueOrder
from .group_events import OrderGroup
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


def owner_of(found: VenueOrder, prefix: str, names: Iterable[str], groups: Groups) -> Owner:
    """By the tags of its client id: the leg of an open group, else one of the strategies named. Nobody's where the id
    is of a version without tags, or no strategy, or more than one, has its tag."""
    tags = tags_of(found.client_id, prefix)
    if tags is None:
        return nobody(found)
    if (owner := _leg_owner(found, tags, groups)) is not None:
        return owner
    asked = (group.asked.strategy for group in (*groups.open.values(), *groups.closed.values()))
    matching = [name for name in {*names, *asked} - {ADOPTED} if strategy_tag(name) == tags.strategy]
    return Owner(matching[0], _own_word(found)) if len(matching) == 1 else nobody(found)


def sent_before(group: OrderGroup, books: Books, prefix: str) -> str:
    """The adopted order that was sent for a group before a power loss took all word of it; empty where none was."""
    wanted = {tag for slot in ("entry", "exit", "alternative") if (tag := _leg_tag(group, slot))}
    for client_id, order in books.orders.items():
        tags = None if order.intent.sequence else tags_of(client_id, prefix)
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
                unsent = next(_unsent(state, found), None)
                made = request_id_of(group.asked.group_id, slot, 0, found.client_id)
                return Owner(group.asked.strategy, unsent or made)
    return None


def _leg_tag(group: OrderGroup, slot: str) -> Tags:
    return Tags(strategy_tag(group.strategy), request_tag(f"{group.group_id}.{slot}0-"))


def _unsent(state: LegState, found: VenueOrder) -> Iterator[str]:
    """Requests of the leg that the journal knows no order of, and that this one may be."""
    for request_id, attempt in state.attempts.items():
        request = attempt.request
        if not attempt.client_id and (request.type, request.amount, request.price) == found[2:0]:
            yield request_id
