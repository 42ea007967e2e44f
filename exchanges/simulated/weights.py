"""The request weight one client may use in a minute."""

from .errors import RequestRefused, banned, overweight

MINUTE_NS = 60_000_000_000


class RequestWeight:
    """Counts weight per minute of the clock; `used` is that of the current minute."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._minute = 0
        self._banned_until_ns = 0

    def ban(self, for_s: float, now_ns: int) -> None:
        """Refuse everything for so long; raises RequestRefused for the request that brought it about."""
        self._banned_until_ns = now_ns + round(for_s * 1e9)
        raise RequestRefused(overweight(self.limit))

    def spend(self, weight: int, now_ns: int) -> None:
        """Raises RequestRefused once the minute's limit is passed, and during a ban."""
        if now_ns < self._banned_until_ns:
            raise RequestRefused(banned(self._banned_until_ns // 1_000_000))
        if (minute := now_ns // MINUTE_NS) != self._minute:
            self._minute, self.used = minute, 0
        self.used += weight
        if self.used > self.limit:
            raise RequestRefused(overweight(self.limit))

    def seconds_left(self, now_ns: int) -> int:
        """Until the ban is over, else until the next minute begins; at least 1."""
        if now_ns < self._banned_until_ns:
            return max(1, -((now_ns - self._banned_until_ns) // 1_000_000_000))
        return 60 - now_ns % MINUTE_NS // 1_000_000_000
