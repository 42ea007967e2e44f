"""The limits of the running trader's risk as the console shows them: pure, bounded."""

from itertools import islice

from ..transports.control import LimitView, RiskAnswered
from .answers import AnswerWindow
from .view import NAMES_MAX, View, clip, decimal_text

LIMITS_MAX = 2_000
NEAR = 0.8
"""A limit used up to this part and more is near."""


class RiskWindow(AnswerWindow[RiskAnswered]):
    """What risk answered last."""

    whom = "risk"

    def view(self, answer: RiskAnswered | None) -> View:
        if answer is None:
            return {"limits": []}
        return {
            "version": clip(answer.version),
            "rules_version": clip(answer.rules_version),
            "rules": [clip(rule) for rule in answer.rules[:NAMES_MAX]],
            "scales": {clip(symbol): decimal_text(by) for symbol, by in islice(answer.scales.items(), NAMES_MAX)},
            "limits": [limit_view(limit) for limit in answer.limits[:LIMITS_MAX]],
        }


def limit_view(limit: LimitView) -> View:
    """`part` is how much of it is used, None where that is not to be told."""
    part = None
    if limit.value is not None and limit.used is not None and limit.value > 0:
        part = min(max(float(limit.used / limit.value), 0.0), 1.0)
    return {
        "name": clip(limit.name),
        "scope": clip(limit.scope),
        "unit": clip(limit.unit),
        "text": clip(limit.text),
        "value": decimal_text(limit.value),
        "used": decimal_text(limit.used),
        "headroom": decimal_text(limit.headroom),
        "part": part,
        "level": "none" if part is None else "over" if part >= 1.0 else "near" if part >= NEAR else "fine",
    }
