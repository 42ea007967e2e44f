"""The limits of the running trader's risk as the console shows them: asked for only while somebody looks, since whoever
answers has orders to judge."""

from itertools import islice

from ..transports.control import LimitView, RiskAnswered
from .view import NAMES_MAX, View, clip, decimal_text

WANTED_NS = 5_000_000_000
"""So long after a look it is asked on."""
STALE_NS = 3_000_000_000
LIMITS_MAX = 2_000
NEAR = 0.8
"""A limit used up to this part and more is near."""


class RiskWindow:
    """What risk answered last, and whether anybody wants to know. Belongs to the thread of `ConsoleState`."""

    def __init__(self) -> None:
        self._answer: RiskAnswered | None = None
        self._heard_ns = 0
        self._looked_ns: int | None = None
        self._fault = "not asked yet"

    def look(self, now_ns: int) -> View:
        """What is known, and from now on it is wanted."""
        self._looked_ns = now_ns
        age_ns = max(now_ns - self._heard_ns, 0)
        answer = self._answer
        if answer is None:
            return {"fault": self._fault, "age_s": None, "limits": []}
        return {
            "fault": self._fault if age_ns > STALE_NS else "",
            "age_s": age_ns / 1e9,
            "version": clip(answer.version),
            "rules_version": clip(answer.rules_version),
            "rules": [clip(rule) for rule in answer.rules[:NAMES_MAX]],
            "scales": {clip(symbol): decimal_text(by) for symbol, by in islice(answer.scales.items(), NAMES_MAX)},
            "limits": [limit_view(limit) for limit in answer.limits[:LIMITS_MAX]],
        }

    def wanted(self, now_ns: int) -> bool:
        return self._looked_ns is not None and 0 <= now_ns - self._looked_ns < WANTED_NS

    def hear(self, answer: RiskAnswered, now_ns: int) -> None:
        self._answer, self._heard_ns, self._fault = answer, now_ns, "risk does not answer any more"

    def miss(self, reason: str) -> None:
        """It did not answer."""
        self._fault = clip(reason)


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
