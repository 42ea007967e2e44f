"""How much one client may ask: request weight by the minute with bans that grow, and new orders by time."""

from typing import Any, NamedTuple

from .errors import RequestRefused, banned, overweight, too_many_orders

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
DAY_NS = 24 * 60 * MINUTE_NS

DISREGARDED_MAX = 10
"""Requests refused for their weight within one minute; the next one earns a ban."""
FIRST_BAN_S = 120.0
LONGEST_BAN_S = 3 * 24 * 3_600.0


class RequestWeight:
    """Counts weight per minute of the clock; `used` is that of the current minute. Who goes on asking though refused
    is banned: two minutes, then twice as long each time, up to three days."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._minute = 0
        self._disregarded = 0
        self._bans = 0
        self._banned_until_ns = 0

    def ban(self, for_s: float, now_ns: int) -> None:
        """Refuse everything for so long; raises RequestRefused for the request that brought it about."""
        self._banned_until_ns = now_ns + round(for_s * SECOND_NS)
        raise RequestRefused(overweight(self.limit))

    def spend(self, weight: int, now_ns: int) -> None:
        """Raises RequestRefused once the minute's limit is passed, and during a ban."""
        if now_ns < self._banned_until_ns:
            raise RequestRefused(banned(self._banned_until_ns // 1_000_000))
        self._turn(now_ns)
        self.used += weight
        if self.used > self.limit:
            self._refuse(now_ns)

    def seconds_left(self, now_ns: int) -> int:
        """Until the ban is over, else until the next minute begins; at least 1."""
        if now_ns < self._banned_until_ns:
            return max(1, -((now_ns - self._banned_until_ns) // SECOND_NS))
        return 60 - now_ns % MINUTE_NS // SECOND_NS

    def describe(self) -> dict[str, Any]:
        return {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": self.limit}

    def _turn(self, now_ns: int) -> None:
        if (minute := now_ns // MINUTE_NS) != self._minute:
            self._minute, self.used, self._disregarded = minute, 0, 0

    def _refuse(self, now_ns: int) -> None:
        self._disregarded += 1
        if self._disregarded > DISREGARDED_MAX:
            for_s = min(FIRST_BAN_S * 2**self._bans, LONGEST_BAN_S)
            self._bans += 1
            self._banned_until_ns = now_ns + round(for_s * SECOND_NS)
            raise RequestRefused(banned(self._banned_until_ns // 1_000_000))
        raise RequestRefused(overweight(self.limit))


class OrderWindow(NamedTuple):
    """An interval in which so many orders may be placed."""

    interval: str
    number: int
    length_ns: int
    limit: int

    @property
    def header(self) -> str:
        return f"X-MBX-ORDER-COUNT-{self.number}{self.interval[0]}"

    @property
    def text(self) -> str:
        return f"{self.number} {self.interval}"

    def describe(self) -> dict[str, Any]:
        return {
            "rateLimitType": "ORDERS",
            "interval": self.interval,
            "intervalNum": self.number,
            "limit": self.limit,
        }


def order_windows(per_10_s: int, per_day: int) -> tuple[OrderWindow, ...]:
    return (OrderWindow("SECOND", 10, 10 * SECOND_NS, per_10_s), OrderWindow("DAY", 1, DAY_NS, per_day))


class OrderCounts:
    """Each account's new orders of the current intervals, which begin at whole multiples of their length."""

    def __init__(self, windows: tuple[OrderWindow, ...]) -> None:
        self.windows = windows
        self._counts: dict[tuple[int, OrderWindow], tuple[int, int]] = {}

    def check(self, uid: int, now_ns: int) -> None:
        """Raises RequestRefused where an interval has no room for one more."""
        for window in self._full(uid, now_ns):
            raise RequestRefused(too_many_orders(window.limit, window.text))

    def add(self, uid: int, orders: int, now_ns: int) -> None:
        for window in self.windows:
            self._counts[uid, window] = (now_ns // window.length_ns, self._count(uid, window, now_ns) + orders)

    def counted(self, uid: int, now_ns: int) -> list[dict[str, Any]]:
        """Each interval's limit and count."""
        return [window.describe() | {"count": self._count(uid, window, now_ns)} for window in self.windows]

    def headers(self, uid: int, now_ns: int) -> dict[str, str]:
        return {window.header: str(self._count(uid, window, now_ns)) for window in self.windows}

    def seconds_left(self, uid: int, now_ns: int) -> int:
        """Until there is room in every interval; at least 1."""
        ends = [window.length_ns - now_ns % window.length_ns for window in self._full(uid, now_ns)]
        return max((left_ns // SECOND_NS + 1 for left_ns in ends), default=1)

    def _full(self, uid: int, now_ns: int) -> list[OrderWindow]:
        return [window for window in self.windows if self._count(uid, window, now_ns) >= window.limit]

    def _count(self, uid: int, window: OrderWindow, now_ns: int) -> int:
        interval, count = self._counts.get((uid, window), (-1, 0))
        return count if interval == now_ns // window.length_ns else 0
