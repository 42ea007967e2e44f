"""What is to be written and sent next for a group of orders, from how it stands alone. Pure.

Nothing here remembers what was done before: whoever died in the middle asks again and hears what is left to do.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal

from . import emulation
from .group_cancels import RESTING_MAX
from .group_events import GroupCancelWanted, GroupClosed, GroupRecord, LegHeld, LegTriggered, Slot, TrailMoved
from .group_modifies import put_back
from .group_view import (
    View,
    is_held,
    is_over,
    is_sliced,
    is_stale,
    live_exits,
    part_of,
    rest_of_exits,
    tradeable,
    wanted,
    working_exit,
)
from .messages import ZERO, OrderRefused, OrderRequested
from .order_groups import Group, LegState, request_id_of
from .order_states import OrderState

REJECTIONS_MAX = 3
"""An exit that the venue does not take so often is held here."""
RETRY_NS, RETRY_MAX_NS = 500_000_000, 5_000_000_000
"""An exit that was refused is tried again after the first, then after twice as long, up to the last."""
SET_OFF_AGAIN_NS = 1_000_000_000
ANSWER_WITHIN_NS = 3_000_000_000
"""A request that nobody answered for so long became no order: its approval, if there was one, has expired."""
NOTHING_TO_SELL = frozenset(
    {
        "NOTIONAL_EXCEEDS_FREE_BALANCE",
        "POSITION_NOT_FOUND",
        "REDUCE_ONLY_WOULD_INCREASE_POSITION",
        "InsufficientFunds",
    }
)
"""By risk, and by the venue."""
PRICE_WITHIN_NS = 1_000_000_000
"""What is to be sold at any price waits so long for one, to be split by it."""
PLACED_WITHIN_NS = 5_000_000_000
"""An entry that could not be asked for until then comes too late: the market it was meant for is gone."""

Rule = Callable[[Group, View], GroupRecord | OrderRefused | None]


def next_record(group: Group, view: View) -> GroupRecord | OrderRefused | None:
    """What is to be written next, and with `OrderRequested` sent then; None where nothing is. To be asked again after
    each."""
    return next((record for rule in RULES if (record := rule(group, view)) is not None), None)


def unanswered(group: Group) -> Iterator[OrderRequested]:
    """What risk was asked and did not answer yet."""
    return (attempt.request for attempt in group.orders if attempt.state is OrderState.TRIGGERED)


# -- rules, in order --------------------------------------------------------------------------------------------------


def _expire(group: Group, view: View) -> GroupRecord | None:
    state = group.legs.get("entry")
    expires_ns = 0 if state is None else state.leg.terms.expires_ns
    if not expires_ns or group.entry_off or view.now_ns < expires_ns or "gtd" in view.venue.times_in_force:
        return None
    return GroupCancelWanted(group.asked.group_id, "expired", exits=False, at_ns=view.now_ns)


def _end_entry(group: Group, view: View) -> GroupRecord | None:
    """Once an exit begins, what is left of the entry would only open the position again."""
    sold = sum((state.done for slot, state in group.legs.items() if slot != "entry"), ZERO)
    if not sold or is_over(group, view):
        return None
    return GroupCancelWanted(group.asked.group_id, "its exit began", exits=False, at_ns=view.now_ns)


def _withdraw(group: Group, view: View) -> OrderRefused | None:
    for attempt in group.orders if view.compared else ():
        request = attempt.request
        late = view.now_ns - request.created_ns > ANSWER_WITHIN_NS
        if attempt.state is OrderState.TRIGGERED and late:
            age = {"age_s": f"{(view.now_ns - request.created_ns) / 1e9:.3f}"}
            return OrderRefused(request.request_id, request.strategy, request.symbol, "NO_ANSWER", age, view.now_ns)
    return None


def _give_up(group: Group, view: View) -> GroupRecord | None:
    state = group.legs.get("entry")
    if state is None or group.entry_off or state.made or is_held("entry", state, view) or state.triggered:
        return None
    if view.now_ns - group.at_ns <= PLACED_WITHIN_NS or not view.compared:
        return None
    return GroupCancelWanted(group.asked.group_id, "not placed in time", exits=False, at_ns=view.now_ns)


def _move_trail(group: Group, view: View) -> GroupRecord | None:
    if view.touch is None:
        return None
    for slot, state in group.legs.items():
        if is_held(slot, state, view) and not state.triggered and _matters(group, slot, state, view):
            stop = emulation.trail(state.leg, view.touch)
            if stop is not None:
                return TrailMoved(group.asked.group_id, slot, stop, view.now_ns)
    return None


def _set_off(group: Group, view: View) -> GroupRecord | None:
    """The market reached what waits here; also an exit that should rest at the venue, and does not yet."""
    if view.touch is None:
        return None
    for slot, state in group.legs.items():
        if state.triggered or view.now_ns < state.again_ns or not _matters(group, slot, state, view):
            continue
        if emulation.reached(state.leg, view.touch):
            price = view.touch.price(state.leg.side)
            return LegTriggered(group.asked.group_id, slot, price, view.now_ns)
    return None


def _matters(group: Group, slot: Slot, state: LegState, view: View) -> bool:
    if slot == "entry":
        return is_held(slot, state, view) and not is_over(group, view)
    rest = rest_of_exits(group, view)
    if slot == "alternative":
        return view.orders_leave and tradeable(rest, state.leg, view) > 0
    return emulation.waits(state.leg) and tradeable(rest - live_exits(group), state.leg, view) > 0


def _hold(group: Group, view: View) -> GroupRecord | None:
    """What was set off and came to nothing is held again; what the venue will not take is held here."""
    again_ns = view.now_ns + SET_OFF_AGAIN_NS
    state = group.legs.get("alternative")
    if state is not None and state.triggered and state.made > state.made_before and not state.opened:
        if tradeable(rest_of_exits(group, view), state.leg, view):
            code = state.last.code if state.last else ""
            return LegHeld(group.asked.group_id, "alternative", code or "a rest is left", again_ns, view.now_ns)
        return None
    if state is not None and state.triggered and _is_too_late(group, state, view):
        return LegHeld(group.asked.group_id, "alternative", "the market went back", again_ns, view.now_ns)
    state = group.legs.get("exit")
    if state is None or state.here or state.triggered or not emulation.waits(state.leg):
        return None
    if state.rejected < REJECTIONS_MAX:
        return None
    return LegHeld(group.asked.group_id, "exit", "the venue does not take it", 0, view.now_ns)


def _is_too_late(group: Group, state: LegState, view: View) -> bool:
    """The exit still stands, nobody asked to cancel it, and the market has left again."""
    stands = any(not attempt.cancel_wanted for attempt in group.legs["exit"].opened)
    went_back = view.touch is not None and not emulation.reached(state.leg, view.touch)
    return state.made == state.made_before and stands and went_back


def _place_entry(group: Group, view: View) -> GroupRecord | None:
    state = group.legs.get("entry")
    if state is None or is_over(group, view) or is_stale(state) or not view.orders_leave:
        return None
    if not view.kept and "exit" in group.legs:
        return None  # else nobody would know what guards it
    if is_held("entry", state, view) and not state.triggered:
        return None
    if state.opened and state.leg.terms.quote_amount is not None:
        return None  # the price moves, and with it the amount: one order is all of it
    amount = wanted(state, view) - state.live
    if is_sliced(state, view):
        amount = ZERO if state.opened else min(amount, state.leg.terms.display_amount or amount)
    return _ask(group, "entry", state, amount, view)


def _place_exit(group: Group, view: View) -> GroupRecord | None:
    slot = working_exit(group)
    state = group.legs.get(slot)
    if state is None or is_stale(state) or not view.orders_leave or (group.asked.kind == "flatten" and view.busy):
        return None
    if slot == "exit" and is_held(slot, state, view) and not state.triggered:
        return None
    if _waits_to_retry(state, view) or (not state.triggered and len(state.opened) >= RESTING_MAX):
        return None
    if slot == "alternative" and state.made > state.made_before:
        return None
    amount = rest_of_exits(group, view) - live_exits(group)
    if group.asked.kind == "flatten":
        if view.touch is None and view.now_ns - group.at_ns < PRICE_WITHIN_NS:
            return None
        amount = part_of(amount, state.leg, view)
    return _ask(group, slot, state, amount, view)


def _waits_to_retry(state: LegState, view: View) -> bool:
    wait_ns = min(RETRY_NS << min(state.failed - 1, 8), RETRY_MAX_NS) if state.failed else 0
    return view.now_ns < state.failed_ns + wait_ns


def _ask(group: Group, slot: Slot, state: LegState, amount: Decimal, view: View) -> GroupRecord | None:
    amount = tradeable(amount, state.leg, view)
    if not amount:
        return None
    asked = group.asked
    leg = emulation.to_send(state.leg, view.venue, set_off=state.triggered, at_once=slot == "alternative")
    return OrderRequested(
        request_id=request_id_of(asked.group_id, slot, state.made + 1, view.salt),
        strategy=asked.strategy,
        symbol=asked.symbol,
        side=leg.side,
        type=leg.type,
        amount=amount,
        price=leg.price,
        created_ns=view.now_ns,
        cause=asked.cause,
        terms=leg.terms,
    )


def _close(group: Group, view: View) -> GroupRecord | None:
    if (
        not view.compared
        or group.orders
        or not (is_over(group, view) or _too_small(group, view))
        or _has_to_exit(group, view)
    ):
        return None
    return GroupClosed(group.asked.group_id, outcome(group), view.now_ns)


def _has_to_exit(group: Group, view: View) -> bool:
    state = group.legs.get("exit")
    if state is None or group.exits_off or _gives_up(group) or _has_nothing(group, view):
        return False
    return view.instrument is None or tradeable(rest_of_exits(group, view), state.leg, view) > 0


def _too_small(group: Group, view: View) -> bool:
    """The rest of the entry is less than the smallest order."""
    state = group.legs["entry"]
    known = view.instrument is not None and (state.leg.price is not None or view.touch is not None)
    known = known and not state.opened
    return known and not tradeable(wanted(state, view), state.leg, view)


def _gives_up(group: Group) -> bool:
    """Exits of a position are tried for as long as there is something to exit; others end with their first refusal."""
    states = [state for slot, state in group.legs.items() if slot != "entry"]
    refused = any(state.failed and state.failed == state.made for state in states)
    return group.asked.kind == "oco" and refused and not any(state.done for state in states)


def _has_nothing(group: Group, view: View) -> bool:
    """The last exit was refused since there is nothing to sell, and the strategy holds nothing: it sold, or lost,
    elsewhere what the exits were for."""
    state = group.legs[working_exit(group)]
    refused = state.last is not None and state.last.code in NOTHING_TO_SELL and state.leg.side == "sell"
    return refused and not tradeable(view.held, state.leg, view)


def outcome(group: Group) -> str:
    """How the group ended, in words."""
    done = sum((state.done for state in group.legs.values()), ZERO)
    last = next((state.last for state in group.legs.values() if state.last), None)
    if last is not None and last.code and not done:
        return f"refused: {last.code}"
    if group.reason:
        return group.reason
    if last is not None and last.code in NOTHING_TO_SELL:
        return "filled in part, and nothing is left to sell"
    return "filled" if done else "nothing to do" if last is None else "cancelled at the venue"


RULES: tuple[Rule, ...] = (
    put_back,
    _withdraw,
    _expire,
    _give_up,
    _end_entry,
    _move_trail,
    _hold,
    _set_off,
    _place_entry,
    _place_exit,
    _close,
)
