"""The verdict: what cannot be judged is refused, what can be is drafted, and the draft passes every check."""

from ..messages import OrderRequested
from .checks import CHECKS, CHECKS_OF_TARGETS, GATES
from .draft import draft_request, draft_target
from .view import Asked, Draft, Refusal, RiskView


def judge(asked: Asked, view: RiskView) -> Draft | Refusal | None:
    """The order that brings about what is asked, or why not; None where a target is met already. What a check cannot
    compute refuses too."""
    try:
        return _judge(asked, view)
    except (ArithmeticError, ValueError, AssertionError, LookupError, TypeError, AttributeError) as error:
        return Refusal("CHECK_FAILED", {"error": repr(error)[:300]})


def _judge(asked: Asked, view: RiskView) -> Draft | Refusal | None:
    for gate in GATES:
        if refusal := gate(asked, view):
            return refusal
    assert view.instrument is not None
    assert view.market is not None
    checks, draft = CHECKS, None
    if isinstance(asked, OrderRequested):
        draft = draft_request(asked, view, view.instrument, view.market)
    else:
        checks, draft = CHECKS_OF_TARGETS, draft_target(asked, view, view.instrument, view.market)
    if draft is None:
        return None
    for check in checks:
        if refusal := check(draft, asked, view):
            return refusal
    return draft
