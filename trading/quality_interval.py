"""How long one stream is usually silent between two updates: the measure by which it counts as stale."""

from collections import deque
from statistics import median

BLOCK = 64
"""A block is of so many updates at least, and of `BLOCK_NS`: the longest silence of it is one sample."""
BLOCK_NS = 30_000_000_000
BLOCKS_KEPT = 15
BLOCKS_LEARNT = 3
"""Before there are so many the longest silence of all counts: who knows little is patient."""
FIRST = 4
FIRST_NS = 5_000_000_000
EXCUSED_MORE_MAX_NS = 3_600_000_000_000
"""However long a silence was proven, at most so much more of it is borne."""
"""With fewer updates, or of less time, nothing is known."""


class UsualInterval:
    """A running, robust estimate: the median, over recent blocks, of each block's longest silence. A stream as regular
    as a clock has its period, one that comes in bursts the pauses between them, and one that comes by chance (trades)
    the longest pause of a usual half minute, or of 64 updates: it is twice as long once in hours. Times are monotonic
    ns.
    """

    __slots__ = ("_blocks", "_count", "_longest_ns", "_since_ns", "_weighed_at", "excused_ns", "last_ns", "usual_ns")

    def __init__(self) -> None:
        self.last_ns = 0
        """Of the last update, or of the last beginning."""
        self.usual_ns = 0
        """0 while it is not known."""
        self.excused_ns = 0
        """So long it may be silent whatever is usual, because as much was found to be the market's own."""
        self._blocks: deque[int] = deque(maxlen=BLOCKS_KEPT)
        self._since_ns = self._count = self._longest_ns = 0
        self._weighed_at = FIRST

    def begin(self, at_ns: int) -> None:
        """The stream is heard anew: the pause until then was nobody's habit."""
        self.last_ns = at_ns
        if not self._count:
            self._since_ns = at_ns

    def note(self, at_ns: int) -> None:
        """An update came. Constant time: this is on the hot path."""
        gap_ns = at_ns - self.last_ns
        self.last_ns = at_ns
        if gap_ns > self._longest_ns:  # noqa: PLR1730 - a call costs more
            self._longest_ns = gap_ns
        self._count += 1
        if self._count >= self._weighed_at:
            self._weigh(at_ns)

    def excuse(self, silence_ns: int) -> None:
        """A silence so long was proven to be the market's own: from now on one twice as long is borne."""
        self.excused_ns = silence_ns + min(silence_ns, EXCUSED_MORE_MAX_NS)

    def patience_ns(self, factor: float, least_ns: int, most_ns: int, unknown_ns: int) -> int:
        """How long it may be silent: `factor` times what is usual, within bounds; `unknown_ns` before that is known."""
        own_ns = round(factor * self.usual_ns) if self.usual_ns else unknown_ns
        return min(max(own_ns, least_ns, self.excused_ns), most_ns)

    def _weigh(self, at_ns: int) -> None:
        if self._count >= BLOCK and at_ns - self._since_ns >= BLOCK_NS:
            self._blocks.append(self._longest_ns)
            self._since_ns = at_ns
            self._count = self._longest_ns = self.excused_ns = 0
        self._weighed_at = self._count + BLOCK if self._count >= BLOCK else max(FIRST, self._count * 2)
        if len(self._blocks) >= BLOCKS_LEARNT:
            self.usual_ns = round(median(self._blocks))
            self._weighed_at = max(self._weighed_at, BLOCK)
        elif self._blocks or at_ns - self._since_ns >= FIRST_NS:
            self.usual_ns = max(self._longest_ns, *self._blocks, 0)
