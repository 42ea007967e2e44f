"""A circuit breaker for new orders at a venue that leaves too many of them in doubt. Pure."""

from collections import deque
from typing import Literal

IN_A_ROW = 5
"""So many outcomes in doubt, one after the other, open it."""
RECENT, RECENT_MIN = 20, 10
"""So does half of the last `RECENT` outcomes, once there are `RECENT_MIN`."""
OPEN_MIN_S, OPEN_MAX_S = 2.0, 60.0
"""How long it stays open at least: longer each time that a trial fails."""
TRIAL_DUE_S = 5.0
"""A trial whose outcome nobody told by then makes room for another."""

State = Literal["closed", "open", "half-open"]


class Breaker:
    """Closed: orders pass. Open: none does. Half-open, once the venue answered something cheap after a while: one order
    at a time, whose outcome closes or opens it. Times are monotonic ns."""

    def __init__(self, open_s: tuple[float, float] = (OPEN_MIN_S, OPEN_MAX_S)) -> None:
        """`open_s`: how long it stays open at first, and at most."""
        self._open_min_s, self._open_max_s = open_s
        self.state: State = "closed"
        self.reason = ""
        self._outcomes: deque[bool] = deque(maxlen=RECENT)
        self._doubts_in_a_row = 0
        self._open_s = self._open_min_s
        self._opened_ns = 0
        self._trial_ns: int | None = None

    def refuse(self, now_ns: int) -> str:
        """Why a new order may not be sent now; empty where it may, and then it counts as sent."""
        if self.state == "open":
            return self.reason
        if self.state == "half-open":
            if self._trial_ns is not None and now_ns - self._trial_ns < TRIAL_DUE_S * 1e9:
                return "one order is being tried at a venue that left others in doubt"
            self._trial_ns = now_ns
        return ""

    def heard(self, now_ns: int, *, proven: bool) -> None:
        """The outcome of an order or a cancel that was sent."""
        if self.state == "open":
            return  # of one sent before
        self._outcomes.append(proven)
        self._doubts_in_a_row = 0 if proven else self._doubts_in_a_row + 1
        if self.state == "half-open":
            if proven:
                self._close()
            else:
                self._open(now_ns, min(self._open_s * 2, self._open_max_s), "a trial order was left in doubt, too")
        elif self._doubts_in_a_row >= IN_A_ROW:
            self._open(now_ns, self._open_min_s, f"{IN_A_ROW} requests in a row were left in doubt")
        elif self._too_many():
            doubts = self._outcomes.count(False)
            self._open(
                now_ns, self._open_min_s, f"{doubts} of the last {len(self._outcomes)} requests were left in doubt"
            )

    def probed(self, now_ns: int) -> None:
        """The venue answered something cheap."""
        if self.state == "open" and now_ns - self._opened_ns >= self._open_s * 1e9:
            self.state, self._trial_ns = "half-open", None

    def _too_many(self) -> bool:
        return len(self._outcomes) >= RECENT_MIN and self._outcomes.count(False) * 2 >= len(self._outcomes)

    def _open(self, now_ns: int, open_s: float, reason: str) -> None:
        self.state, self.reason = "open", reason
        self._opened_ns, self._open_s = now_ns, open_s
        self._outcomes.clear()
        self._doubts_in_a_row = 0

    def _close(self) -> None:
        self.state, self.reason, self._open_s = "closed", "", self._open_min_s
        self._outcomes.clear()
