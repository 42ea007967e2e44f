"""The pump: brings the source's frames to the venue at their time on the session's clock."""

import asyncio
from collections.abc import Callable

from .records import PositionNoted
from .source import MarketFrame, MarketSource

POSITION_PERIOD_NS = 100_000_000
SYMBOLS_A_PERIOD = 8
"""A position of more symbols is larger, and noted less often."""
FRAMES_PER_TURN = 64


class Pump:
    """The session begins when `start` is first called, so that no client misses its first frames.

    Before a frame is delivered, a position is noted whose horizon covers it: `resume` continues behind the horizon,
    so no update id is ever published twice, nor a lower one after a higher.
    """

    def __init__(
        self,
        source: MarketSource,
        speed: float,
        clock_ns: Callable[[], int],
        deliver: Callable[[MarketFrame], None],
        note: Callable[[PositionNoted], None],
    ) -> None:
        self._source = source
        self._speed = speed
        self._clock_ns = clock_ns
        self._deliver = deliver
        self._note = note
        periods = max(1, len(source.symbols) // SYMBOLS_A_PERIOD)
        self._period_ns = round(POSITION_PERIOD_NS * periods * speed)
        self._started = asyncio.Event()
        self._horizon_ns = -1
        self._next: MarketFrame | None = None

    @property
    def started(self) -> bool:
        return self._started.is_set()

    def start(self) -> None:
        self._started.set()

    def resume(self, position: PositionNoted, skip: Callable[[MarketFrame], None]) -> None:
        """Continue a session that broke off; the frames it may have published go to `skip`."""
        self._source.restore(position.source)
        self._horizon_ns = position.horizon_ns
        self._next = self._source.next()
        while self._next.offset_ns <= position.horizon_ns:
            skip(self._next)
            self._next = self._source.next()

    async def run(self) -> None:
        """Deliver frames until cancelled; behind time it does not sleep, but lets others run."""
        await self._started.wait()
        frame = self._next or self._source.next()
        begin_ns, offset_ns, delivered = self._clock_ns(), frame.offset_ns, 0
        while True:
            due_ns = begin_ns + int((frame.offset_ns - offset_ns) / self._speed)
            delay_ns = due_ns - self._clock_ns()
            if delay_ns > 0 or delivered % FRAMES_PER_TURN == 0:
                await asyncio.sleep(max(0, delay_ns) / 1e9)
            self._cover(frame)
            self._deliver(frame)
            delivered += 1
            frame = self._source.next()

    def _cover(self, frame: MarketFrame) -> None:
        """Note the position behind this frame before anyone sees it, once the last horizon is passed."""
        if frame.offset_ns > self._horizon_ns:
            self._horizon_ns = frame.offset_ns + self._period_ns
            self._note(PositionNoted(self._source.state(), self._horizon_ns))
