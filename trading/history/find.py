"""Finding a decision by what a person has of its ids. Pure."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from .decision import Decision, Filter

NEAREST_TOLD = 3
ID_MAX = 200


class NotFound(Exception):
    """No decision has that id, or several do: one sentence that names the nearest."""


def ends_with(text: str) -> Filter:
    """Keeps what `find` may be after."""
    end = text.strip(" …")[:ID_MAX]
    return lambda decision: any(each.endswith(end) for each in decision.ids)


def find(decisions: Sequence[Decision], text: str) -> Decision:
    """The one that has the id, whose last part it is (`1q` of `tgmain-uxbaisilc-1-1q`), or whose id alone ends so."""
    text = text.strip(" …")[:ID_MAX]  # tables show the end of a long one behind an ellipsis
    for fits in (_is_named, _has_last_part, _ends_with):
        found = [each for each in decisions if text and fits(each, text)]
        if len(found) == 1 or (found and fits is _is_named):
            return found[0]  # of a group's id its first order, which tells of the others
        if found:
            told = ", ".join(_shown(each) for each in found[-NEAREST_TOLD:])
            raise NotFound(f"{len(found)} ids end with {text!r}: expected one; the latest are {told}")
    raise NotFound(f"no order, signal or approval {text!r} is in the journal{_nearest(decisions, text)}")


def _is_named(decision: Decision, text: str) -> bool:
    return text in decision.ids


def _has_last_part(decision: Decision, text: str) -> bool:
    return any(each.endswith(f"-{text}") for each in decision.ids)


def _ends_with(decision: Decision, text: str) -> bool:
    return any(each.endswith(text) for each in decision.ids)


def _nearest(decisions: Iterable[Decision], text: str) -> str:
    known = [each for decision in decisions for each in decision.ids]
    near = get_close_matches(text, known, NEAREST_TOLD, cutoff=0.5)
    return f"; the nearest: {', '.join(near)}" if near else "; `tradigrade orders list` shows those there are"


def _shown(decision: Decision) -> str:
    return decision.client_id or decision.key
