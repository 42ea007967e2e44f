"""Groups of orders as a fold over the journal. Pure.

Folding a record of an order twice changes nothing, so that a copy of the groups and what was heard since may overlap.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from .group_events import (
    SLOTS,
    GroupAccepted,
    GroupCancelWanted,
    GroupClosed,
    GroupModified,
    LegHeld,
    LegTriggered,
    TrailMoved,
)
from .messages import ZERO, OrderRefused, OrderRequested
from .order_events import (
    CancelIntended,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderUnknown,
)
from .order_groups import (
    ATTEMPTS_KEPT,
    PUT_BACK,
    Attempt,
    ClosedGroup,
    Group,
    Groups,
    LegState,
    changed,
    parse_request_id,
)
from .order_states import OrderState, may_follow

CLOSED_KEPT = 10_000
"""Ids of closed groups remembered, so that none is worked twice."""
USED_BEFORE = "DUPLICATE_SIGNAL"
"""Refused since its intent is known already: nothing is refused by that."""
NOT_ASKED = ("NOT_SENT", "NEVER_ARRIVED")
"""Rejected before the venue could say a word on it."""


def fold(groups: Groups, record: object) -> str:
    """Fold one record; the id of the group that it concerns, empty where it concerns none."""
    step = STEPS.get(type(record))
    return "" if step is None else step(groups, record)


# -- what is asked ----------------------------------------------------------------------------------------------------


def _accept(groups: Groups, event: GroupAccepted) -> str:
    asked = event.group
    if groups.find(asked.group_id) is None:
        legs = {slot: LegState(leg) for slot in SLOTS if (leg := getattr(asked, slot)) is not None}
        groups.open[asked.group_id] = Group(asked, event.at_ns, legs)
    return asked.group_id


def _modify(groups: Groups, event: GroupModified) -> str:
    group = groups.open.get(event.group_id)
    state = None if group is None else group.legs.get(event.slot)
    if group is not None and state is not None and event.modify_id not in group.modifies:
        group.modifies.append(event.modify_id)
        undone = event.modify_id == f"{PUT_BACK}{state.generation}"
        state.before = None if undone else state.before or state.leg
        state.leg, state.generation = changed(state.leg, event), state.generation + 1
        state.failed = 0
    return event.group_id


def _cancel(groups: Groups, event: GroupCancelWanted) -> str:
    if (group := groups.open.get(event.group_id)) is not None:
        group.entry_off, group.exits_off = True, group.exits_off or event.exits
        group.reason = group.reason or event.reason
    return event.group_id


def _close(groups: Groups, event: GroupClosed) -> str:
    group = groups.open.pop(event.group_id, None)
    if group is not None:
        groups.closed[event.group_id] = ClosedGroup(group.asked, event.reason)
        for leg in group.legs.values():
            for request_id, attempt in leg.attempts.items():
                _forget(groups, request_id, attempt)
    while len(groups.closed) > CLOSED_KEPT:
        del groups.closed[next(iter(groups.closed))]
    return event.group_id


def _forget(groups: Groups, request_id: str, attempt: Attempt) -> None:
    groups.requests.pop(request_id, None)
    groups.orders.pop(attempt.client_id, None)


# -- what is held here ------------------------------------------------------------------------------------------------


def _leg(groups: Groups, event: LegTriggered | LegHeld | TrailMoved) -> LegState | None:
    group = groups.open.get(event.group_id)
    return None if group is None else group.legs.get(event.slot)


def _trigger(groups: Groups, event: LegTriggered) -> str:
    if (state := _leg(groups, event)) is not None:
        state.triggered, state.made_before = True, state.made
        if event.slot == "alternative":  # where that comes to nothing, the exit is a stop again
            groups.open[event.group_id].legs["exit"].triggered = False
    return event.group_id


def _hold(groups: Groups, event: LegHeld) -> str:
    if (state := _leg(groups, event)) is not None:
        state.here, state.triggered, state.again_ns = True, False, event.again_ns
    return event.group_id


def _trail(groups: Groups, event: TrailMoved) -> str:
    if (state := _leg(groups, event)) is not None:
        state.leg = replace(state.leg, terms=replace(state.leg.terms, stop_price=event.stop_price))
    return event.group_id


# -- what becomes of its orders ---------------------------------------------------------------------------------------


def _request(groups: Groups, request: OrderRequested) -> str:
    parsed = parse_request_id(request.request_id)
    group = groups.open.get(parsed[0]) if parsed else None
    if parsed is None or group is None or (state := group.legs.get(parsed[1])) is None:
        return ""
    if parsed[2] == state.made + 1:  # else it is known already
        state.made += 1
        groups.requests[request.request_id] = parsed[:2]
        _drop_old(groups, state)
        state.attempts[request.request_id] = Attempt(request, state.generation)
    return parsed[0]


def _drop_old(groups: Groups, state: LegState) -> None:
    ended = [key for key, attempt in state.attempts.items() if not attempt.open]
    for key in ended[: len(ended) - ATTEMPTS_KEPT + 1]:
        _forget(groups, key, state.attempts.pop(key))


def _find(groups: Groups, request_id: str) -> tuple[str, LegState, Attempt] | None:
    if (owner := groups.requests.get(request_id)) is None:
        return None
    state = groups.open[owner[0]].legs[owner[1]]
    return owner[0], state, state.attempts[request_id]


def _move(attempt: Attempt, state: OrderState) -> bool:
    if not may_follow(attempt.state, state):
        return False
    attempt.state = state
    return True


def _refuse(groups: Groups, event: OrderRefused) -> str:
    found = _find(groups, event.signal_id)
    if found is None or event.code == USED_BEFORE or found[2].state is not OrderState.TRIGGERED:
        return ""
    group_id, state, attempt = found
    attempt.state, attempt.code = OrderState.REJECTED, event.code
    state.failed, state.failed_ns = state.failed + 1, event.at_ns
    return group_id


def _intend(groups: Groups, event: OrderIntended) -> str:
    found = _find(groups, event.signal_id) or _take(groups, event)
    if found is None:
        return ""
    group_id, state, attempt = found
    if not attempt.client_id:
        if attempt.state is OrderState.REJECTED:  # a refusal of a request said twice: the intent is what counts
            state.failed -= 1
        attempt.client_id, attempt.state, attempt.code = event.client_id, OrderState.INTENDED, ""
        groups.orders[event.client_id] = event.signal_id
    return group_id


def _take(groups: Groups, event: OrderIntended) -> tuple[str, LegState, Attempt] | None:
    """An adopted order of a leg whose request a power loss took, too."""
    parsed = parse_request_id(event.signal_id)
    group = groups.open.get(parsed[0]) if parsed else None
    if parsed is None or parsed[2] or group is None or (state := group.legs.get(parsed[1])) is None:
        return None
    state.made += 1
    groups.requests[event.signal_id] = parsed[:2]
    _drop_old(groups, state)
    attempt = state.attempts[event.signal_id] = Attempt(_requested(event), state.generation)
    return parsed[0], state, attempt


def _requested(event: OrderIntended) -> OrderRequested:
    return OrderRequested(
        request_id=event.signal_id,
        strategy=event.strategy,
        symbol=event.symbol,
        side=event.side,
        type=event.type,
        amount=event.amount,
        price=event.price,
        created_ns=event.at_ns,
        cause="adopted",
        terms=event.terms,
    )


def _happen(groups: Groups, event: Any) -> str:
    """A step in the life of an order."""
    found = _find(groups, groups.orders.get(event.client_id, ""))
    if found is None:
        return ""
    group_id, state, attempt = found
    match event:
        case OrderFilled():
            _fill(state, attempt, event)
        case OrderPlaced():
            _move(attempt, OrderState.SUBMITTED)
        case OrderAccepted():
            if _move(attempt, OrderState.ACCEPTED):
                state.failed = state.rejected = 0
                state.before = state.before if attempt.generation < state.generation else None
        case OrderRejected(code=code):
            if _move(attempt, OrderState.REJECTED):
                attempt.code = code
                state.rejected += code not in NOT_ASKED
                state.failed, state.failed_ns = state.failed + 1, event.at_ns
        case OrderCancelled():
            _move(attempt, OrderState.CANCELLED)
        case OrderUnknown():
            _move(attempt, OrderState.UNKNOWN)
        case CancelIntended():
            attempt.cancel_wanted = True
    return group_id


def _fill(state: LegState, attempt: Attempt, fill: OrderFilled) -> None:
    if fill.trade_id in attempt.trades:
        return
    attempt.trades.append(fill.trade_id)
    base_fee = fill.fee if fill.fee_currency == fill.symbol.partition("/")[0] else ZERO
    received = (fill.amount if fill.side == "buy" else -fill.amount) - base_fee
    attempt.filled, attempt.received = attempt.filled + fill.amount, attempt.received + received
    state.done, state.received, state.failed = state.done + fill.amount, state.received + received, 0
    full = attempt.filled >= attempt.request.amount
    if full or attempt.open:
        _move(attempt, OrderState.FILLED if full else OrderState.PARTIALLY_FILLED)


STEPS: dict[type, Callable[[Groups, Any], str]] = {
    GroupAccepted: _accept,
    GroupModified: _modify,
    GroupCancelWanted: _cancel,
    GroupClosed: _close,
    LegTriggered: _trigger,
    LegHeld: _hold,
    TrailMoved: _trail,
    OrderRequested: _request,
    OrderRefused: _refuse,
    OrderIntended: _intend,
    **dict.fromkeys(
        (OrderPlaced, OrderAccepted, OrderRejected, OrderCancelled, OrderUnknown, OrderFilled, CancelIntended), _happen
    ),
}
