"""The request weight one client may use in a minute."""

from .errors import RequestRefused, overweight

MINUTE_NS = 60_000_000_000


class RequestWeight:
    """Counts weight per minute of the clock; `used` is that of the current minute."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._minute = 0

    def spend(self, weight: int, now_ns: int) -> None:
        """Raises RequestRefused once the minute's limit is passed."""
        if (minute := now_ns // MINUTE_NS) != self._minute:
            self._minute, self.used = minute, 0
        self.used += weight
        if self.used > self.limit:
            raise RequestRefused(overweight(self.limit))

    def seconds_left(self, now_ns: int) -> int:
        """Until the next minute begins, at least 1."""
        return 60 - now_ns % MINUTE_NS // 1_000_000_000
