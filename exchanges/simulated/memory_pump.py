"""Brings a source's frames to the venue in memory at their time, one timer for all frames due together."""

from collections.abc import Callable

from ...kernel.loop import Loop, Timer
from .source import MarketFrame, MarketSource


class MemoryPump:
    """Frames within `batch_s` of each other (of source time) come together, at the time of the last. While stopped the
    market stands still: it goes on where it stood."""

    def __init__(
        self,
        source: MarketSource,
        loop: Loop,
        speed: float,
        batch_s: float,
        deliver: Callable[[list[MarketFrame]], None],
    ) -> None:
        self._source = source
        self._loop = loop
        self._speed = speed
        self._batch_ns = round(batch_s * 1e9)
        self._deliver = deliver
        self._next = source.next()
        self._at_ns = self._next.offset_ns
        self._timer: Timer | None = None

    def start(self) -> None:
        if self._timer is None:
            self._arm()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        due_ns = self._next.offset_ns + self._batch_ns
        self._timer = self._loop.call_later(max(0, due_ns - self._at_ns) / self._speed / 1e9, self._turn)

    def _turn(self) -> None:
        first, frames = self._next, []
        until_ns = first.offset_ns + self._batch_ns
        while self._next.offset_ns <= until_ns:
            frames.append(self._next)
            self._next = self._source.next()
        self._at_ns = until_ns
        self._arm()
        self._deliver(frames)
