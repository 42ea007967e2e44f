"""What becomes of a modification whose order is refused after the one before it was cancelled. Pure."""

from .group_events import GroupClosed, GroupModified
from .group_view import View, is_stale
from .order_groups import PUT_BACK, Group, LegState
from .rungs import is_protective

NOT_JUDGED = frozenset({"NOT_SENT", "NEVER_ARRIVED", "NO_ANSWER"})
"""Nobody said that the order would not do: it is asked for again."""


def put_back(group: Group, view: View) -> GroupModified | None:
    """What guards a position is as it was before, rather than nothing."""
    for slot, state in group.legs.items():
        before, code = state.before, refused_code(state)
        if before is not None and code and is_protective(state.leg.type) and not is_stale(state):
            return GroupModified(
                group.asked.group_id,
                f"{PUT_BACK}{state.generation}",
                slot,
                before.amount,
                before.price,
                before.terms.stop_price,
                view.now_ns,
            )
    return None


def refused_code(state: LegState) -> str:
    """Why the order that a modification asked for was refused; empty where it was not."""
    last = state.last
    refused = last is not None and not last.open and last.generation == state.generation
    return last.code if last is not None and refused and last.code not in NOT_JUDGED else ""


def lost_words(group: Group, record: object) -> str:
    """What a person should know of a record that was written for a group: its modification came to nothing."""
    match record:
        case GroupModified(slot=slot):
            code = refused_code(group.legs[slot])
            return f"{group.asked.group_id}: modified {slot} refused ({code}); it is put back as it was"
        case GroupClosed():
            codes = [
                code for state in group.legs.values() if state.before is not None and (code := refused_code(state))
            ]
            words = f"{group.asked.group_id}: its modification was refused ({', '.join(codes)}) after the order before"
            return f"{words} was cancelled: nothing of it stands" if codes else ""
    return ""
