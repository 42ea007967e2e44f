"""How much we may still ask of a venue: its own counts, with room kept for what matters most. Pure."""

from math import ceil
from typing import Literal

from .limit_windows import ORDERS, ORDERS_PAUSE, PAUSE, PAUSES, WEIGHT, OwnWindows, Window, Windows
from .retry_after import PAUSE_MAX_S

LIMIT_PER_MINUTE = 6_000
"""Request weight, where the venue has not said."""
SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3_600, "DAY": 86_400}

Use = Literal["market", "look", "order", "cancel"]
SHARES: dict[Use, float] = {"market": 0.5, "look": 0.7, "order": 0.9, "cancel": 1.0}
"""Of every limit: books leave room for looks at the account, those for orders, and all for cancels."""
SLACK_NS = 60 * 10**9
"""A pause that begins later than this is of a clock that was wrong."""


class RateBudget:
    """Fed with what answers say; what was asked since is added as it is spent. Intervals begin at whole multiples of
    their length, as Binance's do. Budgets on the same `windows` are one."""

    def __init__(self, limit_per_minute: int = LIMIT_PER_MINUTE, windows: Windows | None = None) -> None:
        self._windows = windows or OwnWindows()
        if self._windows.get((WEIGHT, 60)) is None:
            self._windows.put((WEIGHT, 60), Window(limit_per_minute, 0, 0))
        for kind in PAUSES:
            if self._windows.get((kind, 1)) is None:
                self._windows.put((kind, 1), Window(1, 0, 0))

    def note(self, kind: str, interval_s: int, used: int, now_ns: int, limit: int = 0) -> None:
        """The venue's own count of the current interval; `limit` where it says that, too. An older answer that comes
        late may take back nothing."""
        before = self._now(kind, interval_s, now_ns)
        ends_ns = (now_ns // (interval_s * 10**9) + 1) * interval_s * 10**9
        if before.used:
            ends_ns = max(ends_ns, before.ends_ns)
        self._windows.put((kind, interval_s), Window(limit or before.limit, max(used, before.used), ends_ns))

    def spend(self, use: Use, weight: int, now_ns: int) -> None:
        """Count a request that is sent now."""
        for kind, interval_s in self._bounding(use):
            amount = weight if kind == WEIGHT else 1
            self.note(kind, interval_s, self._now(kind, interval_s, now_ns).used + amount, now_ns)

    def pause(self, until_ns: int, now_ns: int, *, orders: bool = False) -> None:
        """The venue refuses us until then: who goes on is banned. `orders`: it refuses orders alone."""
        kind, for_s = ORDERS_PAUSE if orders else PAUSE, min(ceil((until_ns - now_ns) / 1e9), round(PAUSE_MAX_S))
        ends_ns = now_ns + for_s * 10**9
        if ends_ns > max(now_ns, self._paused_until_ns(kind, now_ns)):
            self._windows.put((kind, 1), Window(for_s, 1, ends_ns))

    def paused_until_ns(self, use: Use, now_ns: int) -> int:
        """0 where the venue does not refuse it, as far as anyone was told."""
        orders_ns = self._paused_until_ns(ORDERS_PAUSE, now_ns) if use == "order" else 0
        return max(self._paused_until_ns(PAUSE, now_ns), orders_ns)

    def pause_s(self, use: Use, now_ns: int) -> float:
        """How long that is from now on."""
        return max(0.0, (self.paused_until_ns(use, now_ns) - now_ns) / 1e9)

    def wait_until_ns(self, use: Use, weight: int, now_ns: int) -> int:
        """0 where there is room for it now; else the end of the interval that has none, or of a pause."""
        waits = [self.paused_until_ns(use, now_ns)]
        for kind, interval_s in self._bounding(use):
            window = self._now(kind, interval_s, now_ns)
            room = int(window.limit * SHARES[use])
            # What is too large for a whole interval may have one to itself.
            if window.used and window.used + (weight if kind == WEIGHT else 1) > room:
                waits.append(window.ends_ns)
        return max(waits)

    def used_share(self, now_ns: int) -> float:
        """Of the limit that is nearest, 0 to 1 and above."""
        windows = [self._now(*key, now_ns) for key in self._windows if key[0] not in PAUSES]
        return max(window.used / window.limit for window in windows)

    def _bounding(self, use: Use) -> list[tuple[str, int]]:
        """Counts of orders bound nothing else."""
        return [key for key in self._windows if key[0] not in PAUSES and (use == "order" or key[0] != ORDERS)]

    def _paused_until_ns(self, kind: str, now_ns: int) -> int:
        window = self._windows.get((kind, 1))
        if window is None or window.limit > PAUSE_MAX_S:
            return 0
        begun_ns = window.ends_ns - window.limit * 10**9
        return window.ends_ns if begun_ns - SLACK_NS <= now_ns < window.ends_ns else 0

    def _now(self, kind: str, interval_s: int, now_ns: int) -> Window:
        """A clock that falls back a little frees nothing: the interval that was the next by it still counts."""
        window = self._windows.get((kind, interval_s)) or Window(LIMIT_PER_MINUTE, 0, 0)
        # One of far ahead was written by a clock that was wrong, or is damaged: it would keep us silent until then.
        current = now_ns < window.ends_ns <= now_ns + 2 * interval_s * 10**9
        return window if current else window._replace(used=0)
