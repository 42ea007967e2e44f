"""What a part of the running trader answered last. It is asked only while somebody looks, since whoever answers has
orders to see to."""

from typing import Generic, TypeVar

from .view import View, clip

A = TypeVar("A")

WANTED_NS = 5_000_000_000
"""So long after a look it is asked on."""
STALE_NS = 3_000_000_000


class AnswerWindow(Generic[A]):
    """The last answer of `whom`, and whether anybody wants to know. Belongs to the thread of `ConsoleState`."""

    whom = ""

    def __init__(self) -> None:
        self._answer: A | None = None
        self._heard_ns = 0
        self._looked_ns: int | None = None
        self._fault = "not asked yet"

    def look(self, now_ns: int) -> View:
        """What is known, and from now on it is wanted. `fault`: why it does not count any more, empty while it does."""
        self._looked_ns = now_ns
        age_ns = max(now_ns - self._heard_ns, 0)
        if self._answer is None:
            return {"fault": self._fault, "age_s": None, **self.view(None)}
        return {"fault": self._fault if age_ns > STALE_NS else "", "age_s": age_ns / 1e9, **self.view(self._answer)}

    def view(self, answer: A | None) -> View:
        """The answer as plain JSON values, bounded."""
        raise NotImplementedError

    def wanted(self, now_ns: int) -> bool:
        return self._looked_ns is not None and 0 <= now_ns - self._looked_ns < WANTED_NS

    def hear(self, answer: A, now_ns: int) -> None:
        self._answer, self._heard_ns, self._fault = answer, now_ns, f"{self.whom} does not answer any more"

    def miss(self, reason: str) -> None:
        """It did not answer."""
        self._fault = clip(f"{self.whom} does not answer: {reason}")
