"""Which orders of a group must not stand any more, and why. Pure."""

from collections.abc import Iterator

from .group_events import Slot
from .group_view import View, live_exits, rest_of_exits, tradeable, working_exit
from .messages import ZERO
from .order_events import CancelRequested
from .order_groups import Attempt, Group, LegState
from .order_states import OrderState

RESTING_MAX = 2
"""Exits of one group that may rest at once, while its entry fills piece by piece; one more, and two become one."""


def cancels(group: Group, view: View) -> Iterator[CancelRequested]:
    """The orders that must not stand any more."""
    for slot, state in group.legs.items():
        for attempt in state.opened:
            if attempt.client_id and (reason := _must_end(group, slot, state, attempt, view)):
                yield CancelRequested(attempt.client_id, reason)


def _must_end(group: Group, slot: Slot, state: LegState, attempt: Attempt, view: View) -> str:
    """Why an order must not stand any more; empty where it may."""
    if attempt.generation != state.generation:
        return "modified"
    if slot == "entry":
        return _entry_must_end(group, state, attempt, view)
    if group.exits_off:
        return group.reason or "cancelled"
    if slot != working_exit(group):
        return "its alternative comes instead"
    if slot == "alternative":
        return "what is left does not rest" if _must_not_rest(attempt, view, at_once=True) else ""
    rest = rest_of_exits(group, view)
    if state.live > rest and state.live - rest >= (view.instrument.step_size if view.instrument else ZERO):
        return "more than is held"
    return "to become one with another" if _merges(group, state, attempt, view) else ""


def _entry_must_end(group: Group, state: LegState, attempt: Attempt, view: View) -> str:
    if group.entry_off:
        return group.reason or "cancelled"
    if state.leg.terms.reduce_only and state.live > view.held:
        return "more than is held"
    at_once = state.leg.terms.time_in_force == "ioc"
    return "what is left does not rest" if _must_not_rest(attempt, view, at_once=at_once) else ""


def _must_not_rest(attempt: Attempt, view: View, *, at_once: bool) -> bool:
    """Of a venue that knows no such order: what it takes at once is taken when it is accepted."""
    accepted = attempt.state in (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)
    return at_once and accepted and attempt.request.type == "limit" and "ioc" not in view.venue.times_in_force


def _merges(group: Group, state: LegState, attempt: Attempt, view: View) -> bool:
    """The smallest of the resting exits gives way where one more would be too many."""
    if len(state.opened) < RESTING_MAX or min(state.opened, key=lambda each: each.remaining) is not attempt:
        return False
    return view.orders_leave and tradeable(rest_of_exits(group, view) - live_exits(group), state.leg, view) > 0
