"""Comparing a node's clock with the venue's, over and over while connected."""

from collections.abc import Callable

from ...kernel.clock import Clock
from ..venue import ClockCompared
from .memory_host import MemoryHost

PERIOD_S = 5.0
RESOLUTION_NS = 1_000_000
"""The venue tells its time in whole milliseconds."""


class ClockWatch:
    """Of one connection; ends when `connected` says that it is gone."""

    def __init__(
        self,
        host: MemoryHost,
        clock: Clock,
        connected: Callable[[], bool],
        tell: Callable[[ClockCompared], None],
    ) -> None:
        self._host = host
        self._clock = clock
        self._connected = connected
        self._tell = tell

    def ask(self) -> None:
        if self._connected():
            sent_ns = self._clock.now_ns()
            self._host.later(self._host.latency_s(), lambda: self._arrive(sent_ns))

    def _arrive(self, sent_ns: int) -> None:
        if self._host.banned:
            self._host.later(PERIOD_S, self.ask)
            return
        venue_ns = self._host.now_ms * 1_000_000
        self._host.later(self._host.latency_s(), lambda: self._compare(sent_ns, venue_ns))

    def _compare(self, sent_ns: int, venue_ns: int) -> None:
        if self._connected():
            self._tell(ClockCompared(proven_offset_s(sent_ns, venue_ns, self._clock.now_ns())))
            self._host.later(PERIOD_S, self.ask)


def proven_offset_s(sent_ns: int, venue_ns: int, received_ns: int) -> float:
    """How far the venue's clock lies outside of what the way there and back leaves possible."""
    if venue_ns > received_ns:
        return (venue_ns - received_ns) / 1e9
    return min(0, venue_ns + RESOLUTION_NS - sent_ns) / 1e9
