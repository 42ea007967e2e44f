"""Records everything that enters a system, in order, so that the same run can be made again: `replay.py`.

A system is deterministic but for what comes in through its seams: which scheduled callback runs next, what the clock
reads, what a disk holds, and what is told to it from outside. Each is noted as it happens; randomness is seeded.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import get_ident
from typing import Any, Protocol

from .boundary import (
    ANSWER,
    EFFECT,
    END,
    INPUT,
    MONOTONIC,
    NESTED,
    REFUSED,
    RUN,
    CaptureFault,
    Event,
    Words,
    failure,
)
from .clock import Clock
from .loop import Callback, Loop, Timer

BLOCK_BYTES = 4 << 10
BLOCK_EVENTS = 2_000
"""Events are handed on when there are this many bytes of messages, or this many events; `flush` does it sooner."""


class Sink(Protocol):
    """Where events go. `write` returns when they survive `kill -9`; `CaptureFault` where they do not. Where it is
    `urgent` an order waits for it."""

    def write(self, events: list[Event], *, urgent: bool = False) -> None: ...

    def close(self) -> None: ...


class Recorder:
    """Notes events while the system works. Used on the thread of the system's loop only.

    What happens to the system outside of a scheduled callback and of every inlet cannot be replayed: the capture ends
    there, and says so. It never fails who is captured.
    """

    def __init__(self, sink: Sink, ended: Callable[[str], object]) -> None:
        """`ended` hears why the capture ended before its node did."""
        self._sink = sink
        self._ended = ended
        self._events: list[Event] = []
        self._payload_bytes = 0
        self._inlets = 0
        self.note = self._events.append
        self.active = True
        self.inside = False
        """Whether a callback or an inlet of the system runs, and is captured."""

    def inlet(self, enter: Callable[[Any], Any], words: Words) -> Callable[[Any], Any]:
        number, encode = self._inlets, words.encode
        self._inlets += 1

        def record(message: Any) -> Any:
            if not self.active:
                return enter(message)
            try:
                kind, payload = encode(message)
            except CaptureFault as fault:
                self.end(str(fault))
                return enter(message)
            nested = self.inside
            self.note([NESTED if nested else INPUT, number, kind, payload])
            self._payload_bytes += len(payload)
            if self._payload_bytes > BLOCK_BYTES:
                self.flush()
            if nested:
                return enter(message)
            self.inside = self.active
            try:
                return enter(message)
            finally:
                self.inside = False

        return record

    def run(self, number: int, callback: Callback) -> None:
        """Run a callback that was scheduled under a number."""
        if not self.active:
            callback()
            return
        events = self._events
        events.append(number << 2 | RUN)
        if len(events) > BLOCK_EVENTS:
            self.flush()
        self.inside = self.active
        try:
            callback()
        finally:
            self.inside = False

    def call(self, crc: int, what: str, act: Callback) -> None:
        if self.inside:
            self.note(crc << 2 | EFFECT)
        act()

    def ask(self, what: str, get: Callable[[], Any]) -> Any:
        try:
            value = get()
        except OSError as error:
            self.note_inside(failure(ANSWER, error))
            raise
        self.note_inside([ANSWER, value])
        return value

    def refuses(self, full: bool) -> bool:
        if full:
            self.note_inside([REFUSED])
        return full

    def note_inside(self, event: Event) -> None:
        """Note what happens within the system."""
        if self.inside:
            self.note(event)

    def durable_effect(self, crc: int) -> None:
        """Note something that survives this process; so does then what led there."""
        if self.inside:
            self.note(crc << 2 | EFFECT)
            self.flush(urgent=True)

    def flush(self, *, urgent: bool = False) -> None:
        """Hand on what was noted."""
        events = self._events
        if not events:
            return
        try:
            self._sink.write(events, urgent=urgent)
        except CaptureFault as fault:
            self.end(str(fault))
        events.clear()
        self._payload_bytes = 0

    def end(self, reason: str) -> None:
        """Note nothing any more; once."""
        if not self.active:
            return
        self.active = self.inside = False
        events, self._payload_bytes = [*self._events, [END, reason]], 0
        self._events.clear()
        try:
            self._sink.write(events)
        except CaptureFault as fault:
            reason = f"{reason}; its end could not be written: {fault}"
        self._close_sink()
        self._ended(reason)

    def close(self) -> None:
        """The node ends: what was noted is handed on, and nothing more is noted."""
        if self.active:
            self.flush()
        if self.active:  # still: the last flush may have been one too many
            self.active = self.inside = False
            self._close_sink()

    def _close_sink(self) -> None:
        with suppress(CaptureFault):  # of its sync: what was written survives this process all the same
            self._sink.close()


class CapturingLoop:
    """A loop that numbers what is scheduled, and notes the number of what runs."""

    def __init__(self, loop: Loop, recorder: Recorder) -> None:
        self._loop = loop
        self._recorder = recorder
        self._home = get_ident()
        self._scheduled = 0

    def call_soon(self, callback: Callback) -> None:
        self._loop.call_soon(self._numbered(callback))

    def call_later(self, delay: float, callback: Callback) -> Timer:
        return self._loop.call_later(delay, self._numbered(callback))

    def call_soon_threadsafe(self, callback: Callback) -> None:
        """From another thread, what runs then is outside the system: it comes in through inlets."""
        if self._recorder.inside and get_ident() == self._home:
            self.call_soon(callback)
        else:
            self._loop.call_soon_threadsafe(callback)

    def _numbered(self, callback: Callback) -> Callback:
        recorder = self._recorder
        if not recorder.inside:
            recorder.end(f"{callback!r} was scheduled by something that came in through no inlet")
            return callback
        self._scheduled += 1
        return partial(recorder.run, self._scheduled, callback)


class CapturingClock:
    """A clock whose every reading within the system is noted."""

    def __init__(self, clock: Clock, recorder: Recorder) -> None:
        self._read_now = clock.now_ns
        self._read_monotonic = clock.monotonic_ns
        self._recorder = recorder
        self._note = recorder.note
        self._now_ns = self._monotonic_ns = 0

    def now_ns(self) -> int:
        now_ns = self._read_now()
        if self._recorder.inside:
            self._note((now_ns - self._now_ns) << 2)
            self._now_ns = now_ns
        return now_ns

    def monotonic_ns(self) -> int:
        now_ns = self._read_monotonic()
        if self._recorder.inside:
            self._note((now_ns - self._monotonic_ns) << 2 | MONOTONIC)
            self._monotonic_ns = now_ns
        return now_ns
