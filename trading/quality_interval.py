"""How long one stream is usually silent between two updates: the measure by which it counts as stale."""

from collections import deque
from statistics import median

BLOCK = 32
"""Updates of which the longest silence is one sample; the first samples are of fewer, so that there soon is one."""
FIRST_BLOCK = 4
BLOCKS_KEPT = 15
STRETCH_MAX = 64


class UsualInterval:
    """A running, robust estimate: the median, over recent blocks of updates, of each block's longest silence. A stream
    as regular as a clock has its period; one that comes in bursts has the pauses between them. Times are monotonic ns.
    """

    __slots__ = ("_block", "_blocks", "_count", "_longest_ns", "last_ns", "stretch", "usual_ns")

    def __init__(self) -> None:
        self.last_ns = 0
        """Of the last update, or of the last beginning."""
        self.usual_ns = 0
        """0 while it is not known."""
        self.stretch = 1
        """By which a silence may be longer, because it was found to be one of the market itself."""
        self._blocks: deque[int] = deque(maxlen=BLOCKS_KEPT)
        self._block = FIRST_BLOCK
        self._count = self._longest_ns = 0

    def begin(self, at_ns: int) -> None:
        """The stream is heard anew: the pause until then was nobody's habit."""
        self.last_ns = at_ns

    def note(self, at_ns: int) -> None:
        """An update came. Constant time: this is on the hot path."""
        gap_ns = at_ns - self.last_ns
        self.last_ns = at_ns
        if gap_ns > self._longest_ns:  # noqa: PLR1730 - a call costs more
            self._longest_ns = gap_ns
        self._count += 1
        if self._count >= self._block:
            self._close()

    def excuse(self) -> None:
        """The silence was proven to be the market's own: the next look bears one twice as long."""
        self.stretch = min(self.stretch * 2, STRETCH_MAX)

    def patience_ns(self, factor: float, least_ns: int, most_ns: int, unknown_ns: int) -> int:
        """How long it may be silent: `factor` times what is usual, within bounds; `unknown_ns` before that is known."""
        own_ns = round(factor * self.usual_ns) if self.usual_ns else unknown_ns
        return min(max(own_ns, least_ns), most_ns) * self.stretch

    def _close(self) -> None:
        self._blocks.append(self._longest_ns)
        self.usual_ns = round(median(self._blocks))
        self._block = min(self._block * 2, BLOCK)
        self._count = self._longest_ns = 0
        self.stretch = 1
