"""How long what broke stayed broken, by its kind."""

from collections import deque
from statistics import median

from .views import RepairView

KEPT = 200

KINDS = (
    "disconnected", "stale", "silent", "frozen", "gap", "crossed", "checksum", "unproven", "lost", "trades", "missed",
)  # fmt: skip
"""The connection; all symbols of it; one symbol; quotes or book alone; an update missing; best bid at or above best
ask; the venue's own sum over its book differs; a price that one stream alone told; anything else; the stream of
trades, from the doubt to its next one; trades that were passed over, until the venue told them on request."""


def kind_of(reason: str) -> str:
    """The kind of a fault by the words of whoever found it in a book."""
    if "crossed" in reason:
        return "crossed"
    if "checksum" in reason:
        return "checksum"
    return "gap" if reason.startswith("expected") else "lost"


class _Times:
    def __init__(self) -> None:
        self.count = 0
        self.longest_s = self.last_s = 0.0
        self.recent: deque[float] = deque(maxlen=KEPT)


class Repairs:
    """Counts repairs of one feed, and times them from the fault's detection to data that is right again."""

    def __init__(self) -> None:
        self._times: dict[str, _Times] = {}

    def note(self, kind: str, repaired_s: float) -> None:
        times = self._times.setdefault(kind, _Times())
        times.count += 1
        times.last_s = repaired_s
        times.longest_s = max(times.longest_s, repaired_s)
        times.recent.append(repaired_s)

    def views(self) -> tuple[RepairView, ...]:
        return tuple(
            RepairView(kind, each.count, median(each.recent), each.longest_s, each.last_s)
            for kind, each in sorted(self._times.items())
        )
